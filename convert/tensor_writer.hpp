#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include <milepost/io.hpp>
#include <milepost/progress.hpp>
#include <milepost/result.hpp>
#include <milepost/tensor.hpp>

namespace milepost::convert {

/// Writes tensors to a Sink, block by block: its memory is one block, whatever the tensors. Borrows the sink
/// and the callback.
class TensorWriter {
public:
    /// `total_nbytes`: of all tensors that will be written, for the callback.
    TensorWriter(Sink& sink, const ProgressCallback& progress, std::uint64_t total_nbytes) noexcept
        : sink_(sink), progress_(progress), total_nbytes_(total_nbytes) {}

    /// Writes the elements in their order, without strides. Errors: those of TensorView::copy_to, of the sink
    /// and of the callback (cancelled/by_caller, invalid_argument/callback). Throws std::bad_alloc.
    [[nodiscard]] Result<void> write(const TensorView& tensor);
    /// Writes nbytes bytes of a storage from `begin` on. Errors as write().
    [[nodiscard]] Result<void> write(const StorageView& storage, std::uint64_t begin, std::uint64_t nbytes);

private:
    Result<void> write_strided(const TensorView& tensor);
    Result<void> hand_over(std::span<const std::byte> bytes);

    Sink& sink_;
    const ProgressCallback& progress_;
    std::uint64_t total_nbytes_;
    std::uint64_t done_nbytes_ = 0;
    std::vector<std::byte> block_;
};

}  // namespace milepost::convert

#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <utility>
#include <vector>

#include <milepost/progress.hpp>
#include <milepost/result.hpp>
#include <milepost/tensor.hpp>

#include "convert/progress_counter.hpp"

namespace milepost::convert {

/// Hands the bytes of tensors to a function, block by block, and tells a callback of the progress. Its memory
/// is one block, whatever the tensors: 1 MiB, or 64 MiB of those that are strided.
class TensorWriter {
public:
    /// Takes the next bytes.
    using Put = std::function<Result<void>(std::span<const std::byte> bytes)>;

    /// Borrows the callback. `total_nbytes`: of all that will be written, for it.
    TensorWriter(Put put, const ProgressCallback& progress, std::uint64_t total_nbytes)
        : put_(std::move(put)), progress_(progress, total_nbytes) {}

    /// Writes the elements of a tensor in their order, without strides; or `nbytes` bytes of a storage from
    /// `begin` on. Errors: those of TensorView::read_blocks and StorageView::read, of `put`, and of the
    /// callback (cancelled/by_caller, invalid_argument/callback). Throws std::bad_alloc.
    ///@{
    [[nodiscard]] Result<void> write(const TensorView& tensor);
    [[nodiscard]] Result<void> write(const StorageView& storage, std::uint64_t begin, std::uint64_t nbytes);
    ///@}

private:
    Result<void> hand_over(std::span<const std::byte> bytes);

    Put put_;
    ProgressCounter progress_;
    std::vector<std::byte> block_;
};

}  // namespace milepost::convert

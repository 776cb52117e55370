#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <utility>

#include <milepost/dtype.hpp>
#include <milepost/options.hpp>
#include <milepost/result.hpp>
#include <milepost/tensor.hpp>

#include "base/aligned_buffer.hpp"
#include "codec/codec.hpp"

namespace milepost::saving {

/// A tensor whose bytes are appended in pieces of any size. Gathers them into runs of whole chunks, so that
/// the bytes written do not depend on the sizes of the pieces.
class StreamedTensor {
public:
    /// Errors: invalid_argument/layout; limit_exceeded/rank.
    [[nodiscard]] static Result<StreamedTensor> make(DtypeInfo dtype, Shape shape, const Limits& limits);

    /// Takes the next bytes. Calls write(run, first chunk) whenever a run is complete; the run is valid
    /// during that call. Errors: invalid_argument/layout if there are too many bytes; those of `write`.
    /// Throws std::bad_alloc.
    [[nodiscard]] Result<void> append(std::span<const std::byte> piece,
                                      const std::function<Result<void>(StorageView, std::uint64_t)>& write);

    /// Errors: invalid_argument/layout if bytes are missing.
    [[nodiscard]] Result<void> check_complete() const;

    [[nodiscard]] std::uint64_t nbytes() const noexcept { return tensor_.storage().nbytes(); }
    /// The tensor. Its storage has a size, but no bytes.
    [[nodiscard]] const TensorView& tensor() const noexcept { return tensor_; }

    codec::CodecChoice codec = {nullptr};  ///< chosen for the first run

private:
    explicit StreamedTensor(TensorView tensor) : tensor_(std::move(tensor)) {}

    TensorView tensor_;
    base::AlignedBuffer buffer_;
    std::size_t buffered_ = 0;
    std::uint64_t written_ = 0;
};

}  // namespace milepost::saving

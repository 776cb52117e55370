#pragma once

#include <cstddef>
#include <cstdint>
#include <ranges>
#include <span>
#include <type_traits>
#include <utility>

#include <milepost/dtype.hpp>
#include <milepost/export.hpp>
#include <milepost/result.hpp>
#include <milepost/tensor.hpp>

namespace milepost {

/// A live tensor: dtype, shape and strides over memory of the caller that may be written. What TensorView is
/// to std::span<const T>, TensorSpan is to std::span<T>.
///
///     std::vector<float> weights(6 * 75);
///     auto live = milepost::TensorSpan::of(weights, {6, 3, 5, 5});
///
/// Borrows; a plain value; writes to one memory by one thread at a time. Making one never fails; what does
/// not fit together is refused with invalid_argument/layout when something is to be written to it.
class TensorSpan {
public:
    /// An empty f32 tensor of shape [0].
    MILEPOST_API TensorSpan();
    /// `offset` in bytes, `strides` in elements; without strides, contiguous. Empty memory describes a tensor
    /// that cannot be written: see Target::adopt.
    ///@{
    MILEPOST_API TensorSpan(DtypeInfo dtype, Shape shape, std::span<std::byte> memory = {},
                            std::uint64_t offset = 0, Strides strides = {});
    MILEPOST_API TensorSpan(Dtype dtype, Shape shape, std::span<std::byte> memory = {},
                            std::uint64_t offset = 0, Strides strides = {});
    ///@}

    /// The caller's elements, contiguous: a span, or a vector or array that outlives it.
    template <std::ranges::contiguous_range Elements>
    requires(std::ranges::borrowed_range<Elements> &&
             !std::is_const_v<std::remove_reference_t<std::ranges::range_reference_t<Elements>>>)  //
        static TensorSpan of(Elements&& elements, Shape shape) {
        const std::span span(elements);
        return TensorSpan(dtype_of_v<typename decltype(span)::element_type>, std::move(shape),
                          std::as_writable_bytes(span));
    }
    /// All of a tensor, which it borrows.
    static TensorSpan of(Tensor& tensor) {
        return TensorSpan(tensor.dtype(), tensor.shape(), tensor.bytes());
    }

    /// Element type and sizes of the dimensions.
    ///@{
    [[nodiscard]] const DtypeInfo& dtype() const noexcept { return view_.dtype(); }
    [[nodiscard]] const Shape& shape() const noexcept { return view_.shape(); }
    ///@}
    /// The same tensor, to be read.
    [[nodiscard]] const TensorView& view() const noexcept { return view_; }
    /// All of the memory; the first element is at byte view().offset() of it.
    [[nodiscard]] std::span<std::byte> memory() const noexcept { return memory_; }

    /// Errors: invalid_argument/layout if shape, strides and offset are not within the memory, or if two
    /// elements may share bytes: each stride must be larger than the extent that the smaller strides cover.
    [[nodiscard]] MILEPOST_API Result<void> check_layout() const;

    /// Writes all elements: `from` holds them contiguous, in this dtype. It must not overlap the memory.
    /// Errors: invalid_argument/layout, also unless from.size() == view().nbytes(). Nothing is written then.
    [[nodiscard]] MILEPOST_API Result<void> copy_from(std::span<const std::byte> from) const;

private:
    TensorView view_;
    std::span<std::byte> memory_;
};

}  // namespace milepost

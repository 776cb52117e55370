#include <milepost/tensor_span.hpp>

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <new>
#include <span>
#include <utility>

#include <milepost/dtype.hpp>
#include <milepost/error.hpp>
#include <milepost/result.hpp>
#include <milepost/tensor.hpp>

#include "base/message.hpp"
#include "base/out_of_memory.hpp"
#include "core/gather.hpp"
#include "core/layout.hpp"

namespace milepost {

TensorSpan::TensorSpan() : TensorSpan(*find_dtype(Dtype::f32), {0}) {}

TensorSpan::TensorSpan(DtypeInfo dtype, Shape shape, std::span<std::byte> memory, std::uint64_t offset,
                       Strides strides)
    : view_(dtype, std::move(shape), StorageView(memory), offset, std::move(strides)), memory_(memory) {}

TensorSpan::TensorSpan(Dtype dtype, Shape shape, std::span<std::byte> memory, std::uint64_t offset,
                       Strides strides)
    : TensorSpan(find_dtype(dtype).value_or(DtypeInfo{dtype, 0, "unknown"}), std::move(shape), memory, offset,
                 std::move(strides)) {}

Result<void> TensorSpan::check_layout() const try {
    MILEPOST_TRY(view_.check_layout());
    if (view_.is_contiguous() || core::is_free_of_overlap(view_.shape(), view_.strides())) return {};
    return Error(Condition::layout,
                 base::message("a live tensor of strides ", core::dims_text(view_.strides()),
                               " may have overlapping elements"));
} catch (const std::bad_alloc&) {
    return base::out_of_memory();
}

Result<void> TensorSpan::copy_from(std::span<const std::byte> from) const try {
    MILEPOST_TRY(check_layout());
    if (from.size() != view_.nbytes()) {
        return Error(Condition::layout, base::message("a live tensor has ", view_.nbytes(),
                                                      " bytes, what is copied into it ", from.size()));
    }
    if (from.empty()) return {};
    std::byte* const to = memory_.data() + view_.offset();
    if (view_.is_contiguous()) {
        std::memcpy(to, from.data(), from.size());
    } else {
        core::scatter(from.data(), view_.shape(), view_.strides(), view_.dtype().bits / 8U, to);
    }
    return {};
} catch (const std::bad_alloc&) {
    return base::out_of_memory();
}

}  // namespace milepost

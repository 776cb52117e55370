#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <new>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <milepost/dtype.hpp>
#include <milepost/error.hpp>
#include <milepost/result.hpp>
#include <milepost/tensor.hpp>

#include "base/checked.hpp"
#include "base/message.hpp"
#include "base/out_of_memory.hpp"
#include "core/gather.hpp"
#include "core/layout.hpp"
#include "core/storage_provider.hpp"
#include "core/text.hpp"

namespace milepost {
namespace {

std::string describe(const TensorView& view) {
    const std::string origin = view.name().empty() ? "" : core::printable(view.name()) + ", ";
    const std::string strides = view.is_contiguous() ? "" : " strides " + core::dims_text(view.strides());
    return base::message("tensor ", origin, core::printable(view.dtype().name), " ",
                         core::dims_text(view.shape()), strides, " at byte ", view.offset(),
                         " of a storage of ", view.storage().nbytes(), " bytes");
}

template <class... Parts>
Error error_of(Condition condition, const TensorView& view, const Parts&... fault) noexcept try {
    return Error(condition, base::message(describe(view), ": ", fault...));
} catch (const std::bad_alloc&) {
    return base::out_of_memory();
}

template <class... Parts>
Error layout_error(const TensorView& view, const Parts&... fault) noexcept {
    return error_of(Condition::layout, view, fault...);
}

template <class... Parts>
Error storage_error(const StorageView& storage, const Parts&... fault) noexcept try {
    return Error(Condition::layout, base::message("storage of ", storage.nbytes(), " bytes: ", fault...));
} catch (const std::bad_alloc&) {
    return base::out_of_memory();
}

/// Alignment that the C++ type of a dtype asks for. A complex number is two of its halves.
std::size_t alignment_of(const DtypeInfo& dtype) noexcept {
    const std::size_t nbytes = dtype.bits / 8U;
    return dtype.code == Dtype::c64 || dtype.code == Dtype::c128 ? nbytes / 2 : nbytes;
}

std::uint64_t saturating_count(core::Dims shape) noexcept {
    std::uint64_t count = 0;
    return core::element_count(shape, count) ? count : UINT64_MAX;
}

}  // namespace

Result<StorageView> StorageView::part(std::uint64_t begin, std::uint64_t end) const {
    if (begin > end || end > nbytes_) {
        return storage_error(*this, "[", begin, ", ", end, ") is not within it");
    }
    StorageView part = *this;
    if (provider_ != nullptr) {
        part.begin_ += begin;
    } else if (data_ != nullptr) {
        part.data_ += begin;
    }
    part.nbytes_ = end - begin;
    return part;
}

Result<std::span<const std::byte>> StorageView::bytes(std::uint64_t begin, std::uint64_t end) const {
    if (begin > end || end > nbytes_) {
        return storage_error(*this, "[", begin, ", ", end, ") is not within it");
    }
    if (provider_ != nullptr) return provider_->bytes(number_, begin_ + begin, begin_ + end);
    if (begin == end) return std::span<const std::byte>();
    return std::span<const std::byte>(data_ + begin, data_ + end);
}

Result<std::span<std::byte>> StorageView::private_bytes(std::uint64_t begin, std::uint64_t end) const {
    if (begin > end || end > nbytes_) {
        return storage_error(*this, "[", begin, ", ", end, ") is not within it");
    }
    if (is_mapped()) return provider_->private_bytes(number_, begin_ + begin, begin_ + end);
    return storage_error(*this, "is not in a mapped file");
}

Result<void> StorageView::read(std::uint64_t begin, std::span<std::byte> to) const {
    if (!base::range_within(begin, to.size(), nbytes_)) {
        return storage_error(*this, to.size(), " bytes from ", begin, " on are not within it");
    }
    if (provider_ != nullptr) return provider_->read(number_, begin_ + begin, to);
    if (!to.empty()) std::memcpy(to.data(), data_ + begin, to.size());
    return {};
}

bool StorageView::is_mapped() const noexcept {
    return provider_ != nullptr && provider_->is_mapped(number_);
}

Result<void> detail::ViewAccess::gather(const StorageView& view, const StridedLayout& layout,
                                        std::span<std::byte> to) {
    if (view.provider_ != nullptr) {
        return view.provider_->gather(
            view.number_, {view.begin_ + layout.offset, layout.shape, layout.strides, layout.element_nbytes},
            to);
    }
    core::gather(view.data_ + layout.offset, layout.shape, layout.strides, layout.element_nbytes, to.data());
    return {};
}

Result<void> StorageView::check(std::uint64_t begin, std::uint64_t end) const {
    if (begin > end || end > nbytes_) {
        return storage_error(*this, "[", begin, ", ", end, ") is not within it");
    }
    return provider_ != nullptr ? provider_->check(number_, begin_ + begin, begin_ + end) : Result<void>();
}

std::shared_ptr<const detail::TensorLayout> detail::ViewAccess::layout(Shape shape, Strides strides) {
    if (strides.size() == shape.size() && core::is_contiguous(shape, strides)) strides.clear();
    if (shape.empty() && strides.empty()) return nullptr;
    return std::make_shared<TensorLayout>(TensorLayout{std::move(shape), std::move(strides)});
}

const Shape& detail::no_dims() noexcept {
    static const Shape kNone;
    return kNone;
}

TensorView::TensorView() : TensorView(*find_dtype(Dtype::f32), {0}, StorageView()) {}

TensorView::TensorView(DtypeInfo dtype, Shape shape, StorageView storage, std::uint64_t offset,
                       Strides strides)
    : TensorView(detail::ViewAccess::layout(std::move(shape), std::move(strides)), dtype, std::move(storage),
                 offset) {}

TensorView::TensorView(std::shared_ptr<const detail::TensorLayout> layout, DtypeInfo dtype,
                       StorageView storage, std::uint64_t offset) noexcept
    : dtype_(dtype),
      layout_(std::move(layout)),
      storage_(std::move(storage)),
      offset_(offset),
      element_count_(saturating_count(shape())) {}

std::uint64_t TensorView::nbytes() const noexcept {
    if (element_count_ == UINT64_MAX) return UINT64_MAX;
    // 8 elements fill whole bytes whatever their size; counted so, nothing overflows that has a byte count.
    const std::uint64_t rest = (element_count_ % 8 * dtype_.bits + 7) / 8;
    std::uint64_t nbytes = 0;
    const bool fits =
        base::checked_mul(element_count_ / 8, dtype_.bits, nbytes) && base::checked_add(nbytes, rest, nbytes);
    return fits ? nbytes : UINT64_MAX;
}

TensorView TensorView::with_role(Role role, bool requires_grad) const {
    TensorView view = *this;
    view.role_ = role;
    view.requires_grad_ = requires_grad;
    return view;
}

Result<void> TensorView::check_layout() const {
    const auto known = find_dtype(dtype_.code);
    if (known && *known != dtype_) return layout_error(*this, "the dtype is not that of its code");
    const auto fault = core::find_layout_fault(shape(), strides(), dtype_.bits, offset_, storage_.nbytes());
    if (fault != core::LayoutFault::none) return layout_error(*this, core::describe(fault));
    return {};
}

Result<std::span<const std::byte>> TensorView::bytes() const {
    MILEPOST_TRY(check_layout());
    if (!is_contiguous())
        return layout_error(*this, "the bytes of a strided tensor are not contiguous; copy it");
    if (element_count_ == 0) return std::span<const std::byte>();
    return storage_.bytes(offset_, offset_ + nbytes());
}

Result<std::span<const std::byte>> TensorView::typed_bytes(Dtype expected) const {
    if (dtype_.code != expected) {
        if (!find_dtype(dtype_.code)) {
            return error_of(Condition::dtype, *this, "this library does not know the dtype");
        }
        return error_of(Condition::wrong_type, *this, "its elements are not ", find_dtype(expected)->name);
    }
    auto raw = bytes();
    if (raw && reinterpret_cast<std::uintptr_t>(raw->data()) % alignment_of(dtype_) != 0) {
        return layout_error(*this, "the memory is not aligned for its elements");
    }
    // A C++ bool with another value than 0 and 1 is undefined behaviour, and a file may hold any byte.
    const auto is_truth = [](std::byte byte) { return byte <= std::byte{1}; };
    if (raw && expected == Dtype::boolean && !std::all_of(raw->begin(), raw->end(), is_truth)) {
        return error_of(Condition::wrong_type, *this, "a byte is neither 0 nor 1; take bytes()");
    }
    return raw;
}

Result<void> TensorView::copy_to(std::span<std::byte> to) const {
    MILEPOST_TRY(check_layout());
    if (to.size() != nbytes()) {
        return layout_error(*this, "it has ", nbytes(), " bytes, the target ", to.size());
    }
    if (to.empty()) return {};
    if (is_contiguous()) return storage_.read(offset_, to);
    return detail::ViewAccess::gather(storage_, {offset_, shape(), strides(), dtype_.bits / 8U}, to);
}

Result<void> TensorView::check() const {
    MILEPOST_TRY(check_layout());
    if (element_count_ == 0) return {};
    return storage_.check(offset_, offset_ + core::extent_nbytes(shape(), strides(), dtype_.bits));
}

Result<TensorView> TensorView::slice(const std::vector<Range>& ranges) const try {
    MILEPOST_TRY(check_layout());
    if (ranges.size() > rank()) return layout_error(*this, "a slice has ", ranges.size(), " ranges");
    Shape shape = this->shape();
    Strides strides = is_contiguous() ? core::contiguous_strides(shape) : this->strides();
    std::uint64_t first = 0;  // element
    for (std::size_t i = 0; i < ranges.size(); ++i) {
        const auto [begin, given_end, step] = ranges[i];
        const std::uint64_t end = given_end == UINT64_MAX ? shape[i] : given_end;
        if (step == 0 || begin > end || end > shape[i]) {
            return layout_error(*this, "range ", begin, " to ", end, ", step ", step,
                                " is not within dimension ", i);
        }
        first += begin < shape[i] ? begin * strides[i] : 0;
        shape[i] = (end - begin) / step + static_cast<std::uint64_t>((end - begin) % step != 0);
        if (shape[i] > 1) strides[i] *= step;
    }
    return part(std::move(shape), std::move(strides), first);
} catch (const std::bad_alloc&) {
    return base::out_of_memory();
}

/// A view of some of the elements, the first of which is number `first` in the storage's order.
Result<TensorView> TensorView::part(Shape shape, Strides strides, std::uint64_t first) const {
    TensorView view = *this;
    view.layout_ = detail::ViewAccess::layout(std::move(shape), std::move(strides));
    view.element_count_ = saturating_count(view.shape());
    if (view.element_count_ != 0) {
        if (first * (dtype_.bits % 8U) % 8 != 0)
            return layout_error(*this, "a slice that does not begin with a whole byte");
        // Whole bytes, and 8 elements of fewer bits, fill bytes: nothing overflows that is in the storage.
        view.offset_ += first / 8 * dtype_.bits + first % 8 * dtype_.bits / 8;
    }
    MILEPOST_TRY(view.check_layout());
    return view;
}

Result<Tensor> TensorView::load(std::uint64_t max_nbytes) const try {
    MILEPOST_TRY(check_layout());
    // First, because with a stride of 0 a few bytes can represent a tensor of any size.
    if (nbytes() > max_nbytes) {
        return error_of(Condition::total_bytes, *this, "a copy takes ", nbytes(), " bytes, allowed are ",
                        max_nbytes);
    }
    auto tensor = Tensor::uninitialised(dtype_, shape());
    if (!tensor) return tensor;
    MILEPOST_TRY(copy_to(tensor->bytes()));
    return tensor;
} catch (const std::bad_alloc&) {
    return base::out_of_memory();
}

}  // namespace milepost

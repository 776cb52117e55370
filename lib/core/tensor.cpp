#include <milepost/tensor.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <new>
#include <string_view>
#include <utility>

#include <milepost/dtype.hpp>
#include <milepost/error.hpp>
#include <milepost/result.hpp>

#include "base/memory.hpp"
#include "base/message.hpp"
#include "base/out_of_memory.hpp"
#include "core/layout.hpp"
#include "core/text.hpp"

namespace milepost {
namespace {

Error zeros_error(const DtypeInfo& dtype, const Shape& shape, std::string_view fault) noexcept try {
    return Error(Condition::layout, base::message("tensor ", core::printable(dtype.name), " ",
                                                  core::dims_text(shape), ": ", fault));
} catch (const std::bad_alloc&) {
    return base::out_of_memory();
}

}  // namespace

void Tensor::Free::operator()(std::byte* data) const noexcept {
    base::release(data, nbytes);
}

Result<Tensor> Tensor::zeros(Dtype dtype, Shape shape) try {
    const auto known = find_dtype(dtype);
    if (!known) {
        return Error(Condition::dtype, base::message("dtype ", static_cast<unsigned>(dtype),
                                                     ": this library does not know it"));
    }
    return zeros(*known, std::move(shape));
} catch (const std::bad_alloc&) {
    return base::out_of_memory();
}

Result<Tensor> Tensor::zeros(DtypeInfo dtype, Shape shape) {
    return make(dtype, std::move(shape), base::allocate_zeros);
}

/// For a tensor that will be filled.
Result<Tensor> Tensor::uninitialised(DtypeInfo dtype, Shape shape) {
    return make(dtype, std::move(shape), base::allocate);
}

Result<Tensor> Tensor::make(DtypeInfo dtype, Shape shape, Allocate allocate) try {
    if (const auto known = find_dtype(dtype.code)) {
        if (*known != dtype) return zeros_error(dtype, shape, "the dtype is not that of its code");
        dtype = *known;  // its name lives as long as the program
    }
    const std::uint64_t nbytes = core::extent_nbytes(shape, {}, dtype.bits);
    const auto fault = core::find_layout_fault(shape, {}, dtype.bits, 0, nbytes);
    if (fault != core::LayoutFault::none) return zeros_error(dtype, shape, core::describe(fault));
    std::unique_ptr<std::byte, Free> data(nbytes > SIZE_MAX ? nullptr : allocate(nbytes), Free{nbytes});
    if (data == nullptr) {
        return Error(Condition::out_of_memory, base::message("tensor: no memory for ", nbytes, " bytes"));
    }
    return Tensor(dtype, std::move(shape), std::move(data), nbytes);
} catch (const std::bad_alloc&) {
    return base::out_of_memory();
}

TensorView Tensor::view() const& {
    return TensorView(dtype_, shape_, StorageView(bytes()));
}

Result<void> Tensor::check_type(Dtype expected) const try {
    if (dtype_.code == expected) return {};
    return Error(Condition::wrong_type,
                 base::message("tensor: its elements are ", core::printable(dtype_.name), ", not ",
                               find_dtype(expected)->name));
} catch (const std::bad_alloc&) {
    return base::out_of_memory();
}

}  // namespace milepost

#include "dlpack.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include <nanobind/nanobind.h>
#include <nanobind/ndarray.h>

#include <milepost/milepost.hpp>

#include "error.hpp"
#include "tensor.hpp"

namespace nb = nanobind;

namespace milepost::python {
namespace {

using DlpackCode = nb::dlpack::dtype_code;

/// The code of a dtype in DLPack 1.1; nothing for those whose elements are not whole bytes.
std::optional<DlpackCode> code_of(Dtype dtype) {
    switch (dtype) {
        case Dtype::boolean:
            return DlpackCode::Bool;
        case Dtype::i8:
        case Dtype::i16:
        case Dtype::i32:
        case Dtype::i64:
            return DlpackCode::Int;
        case Dtype::u8:
        case Dtype::u16:
        case Dtype::u32:
        case Dtype::u64:
            return DlpackCode::UInt;
        case Dtype::f16:
        case Dtype::f32:
        case Dtype::f64:
            return DlpackCode::Float;
        case Dtype::bf16:
            return DlpackCode::Bfloat;
        case Dtype::c64:
        case Dtype::c128:
            return DlpackCode::Complex;
        case Dtype::f8_e4m3fn:
            return DlpackCode::Float8_E4M3FN;
        case Dtype::f8_e5m2:
            return DlpackCode::Float8_E5M2;
        case Dtype::f8_e4m3fnuz:
            return DlpackCode::Float8_E4M3FNUZ;
        case Dtype::f8_e5m2fnuz:
            return DlpackCode::Float8_E5M2FNUZ;
        case Dtype::f8_e8m0fnu:
            return DlpackCode::Float8_E8M0FNU;
        case Dtype::f8_e3m4:
            return DlpackCode::Float8_E3M4;
        case Dtype::f8_e4m3:
            return DlpackCode::Float8_E4M3;
        case Dtype::f8_e4m3b11fnuz:
            return DlpackCode::Float8_E4M3B11FNUZ;
        default:
            return std::nullopt;
    }
}

/// Releases a buffer when it is destroyed.
class Buffer {
public:
    explicit Buffer(nb::handle object) {
        if (PyObject_GetBuffer(object.ptr(), &buffer_, PyBUF_SIMPLE) != 0) throw nb::python_error();
    }
    Buffer(const Buffer&) = delete;
    Buffer& operator=(const Buffer&) = delete;
    ~Buffer() { PyBuffer_Release(&buffer_); }
    [[nodiscard]] std::byte* data() const noexcept { return static_cast<std::byte*>(buffer_.buf); }

private:
    Py_buffer buffer_{};
};

/// An object with __dlpack__, read-only, over the storage of the tensor. `storage` keeps its memory alive;
/// None for a tensor without elements.
nb::object dlpack_array(const TensorHandle& tensor, const nb::object& storage) {
    const TensorView& view = tensor.view;
    const auto code = code_of(view.dtype().code);
    if (!code) raise(Condition::dtype, describe(tensor) + ": DLPack has no array of this dtype");
    static std::byte nothing{};
    std::byte* data = storage.is_none() ? &nothing : Buffer(storage).data() + view.offset();
    const std::vector<std::size_t> shape(view.shape().begin(), view.shape().end());
    const std::vector<std::int64_t> strides(view.strides().begin(), view.strides().end());
    const nb::dlpack::dtype dtype{static_cast<std::uint8_t>(*code),
                                  static_cast<std::uint8_t>(view.dtype().bits), 1};
    return nb::cast(nb::ndarray<nb::array_api, nb::ro>(
        data, shape.size(), shape.data(), storage, view.is_contiguous() ? nullptr : strides.data(), dtype));
}

}  // namespace

void bind_dlpack(nb::module_& module) {
    module.def("dlpack_array", &dlpack_array, nb::arg("tensor"), nb::arg("storage").none(),
               nb::sig("def dlpack_array(tensor: Tensor, storage: memoryview | None) -> typing.Any"));
}

}  // namespace milepost::python

#pragma once

#include <ATen/ATen.h>
#include <ATen/EmptyTensor.h>
#include <c10/core/Allocator.h>
#include <c10/core/impl/DeviceGuardImplInterface.h>
#include <torch/library.h>

#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <optional>

/// A device that is memory of its own, for the paths that GPUs take: it copies from and to the CPU, and
/// computes nothing.
namespace libtorch_test {

constexpr auto kFake = c10::DeviceType::PrivateUse1;

inline at::Device fake_device() {
    return {kFake, 0};
}

/// While one exists, copies from and to the device fail.
class FailingDevice {
public:
    FailingDevice() { ++count(); }
    FailingDevice(const FailingDevice&) = delete;
    FailingDevice& operator=(const FailingDevice&) = delete;
    ~FailingDevice() { --count(); }
    static int& count() {
        static int alive = 0;
        return alive;
    }
};

class FakeAllocator final : public at::Allocator {
public:
    at::DataPtr allocate(std::size_t nbytes) override {
        void* memory = std::malloc(nbytes + 1);
        return {memory, memory, &std::free, fake_device()};
    }
    at::DeleterFnPtr raw_deleter() const override { return &std::free; }
    void copy_data(void* to, const void* from, std::size_t nbytes) const override {
        std::memcpy(to, from, nbytes);
    }
};

inline FakeAllocator fake_allocator;

inline at::Tensor fake_empty(at::IntArrayRef size, std::optional<at::ScalarType> dtype,
                             std::optional<at::Layout>, std::optional<at::Device>, std::optional<bool>,
                             std::optional<at::MemoryFormat> format) {
    return at::detail::empty_generic(size, &fake_allocator,
                                     c10::DispatchKeySet(c10::DispatchKey::PrivateUse1),
                                     dtype.value_or(at::kFloat), format);
}

inline at::Tensor fake_empty_strided(at::IntArrayRef size, at::IntArrayRef stride,
                                     std::optional<at::ScalarType> dtype, std::optional<at::Layout>,
                                     std::optional<at::Device>, std::optional<bool>) {
    return at::detail::empty_strided_generic(size, stride, &fake_allocator,
                                             c10::DispatchKeySet(c10::DispatchKey::PrivateUse1),
                                             dtype.value_or(at::kFloat));
}

/// Of tensors with the same strides: what is copied is all bytes.
inline at::Tensor fake_copy(const at::Tensor& from, const at::Tensor& to, bool) {
    TORCH_CHECK(FailingDevice::count() == 0, "the device has failed");
    TORCH_CHECK(from.strides() == to.strides() && from.nbytes() == to.nbytes(), "another layout");
    std::memcpy(to.mutable_data_ptr(), from.const_data_ptr(), from.nbytes());
    return to;
}

inline at::Tensor& fake_set(at::Tensor& tensor, at::Storage storage, std::int64_t offset,
                            at::IntArrayRef size, at::IntArrayRef stride) {
    tensor.unsafeGetTensorImpl()->set_storage_keep_dtype(std::move(storage));
    tensor.unsafeGetTensorImpl()->set_sizes_and_strides(size, stride, offset);
    return tensor;
}

inline at::Tensor fake_as_strided(const at::Tensor& tensor, at::IntArrayRef size, at::IntArrayRef stride,
                                  std::optional<std::int64_t> offset) {
    at::Tensor view = at::empty({0}, tensor.options());
    return fake_set(view, tensor.storage(), offset.value_or(tensor.storage_offset()), size, stride);
}

TORCH_LIBRARY_IMPL(aten, PrivateUse1, library) {
    library.impl("empty.memory_format", fake_empty);
    library.impl("empty_strided", fake_empty_strided);
    library.impl("as_strided", fake_as_strided);
    library.impl("_copy_from", fake_copy);
    library.impl("set_.source_Storage_storage_offset", fake_set);
}

C10_REGISTER_GUARD_IMPL(PrivateUse1, c10::impl::NoOpDeviceGuardImpl<kFake>)

}  // namespace libtorch_test

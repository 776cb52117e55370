#include "memory.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <nanobind/nanobind.h>
#include <nanobind/ndarray.h>

#include <milepost/milepost.hpp>

#include "error.hpp"
#include "interruptible.hpp"
#include "open_file.hpp"
#include "tensor.hpp"
#include "types.hpp"
#include "work_queue.hpp"

namespace nb = nanobind;

namespace milepost::python {
namespace {

// A view of nothing needs an address, too.
std::uint8_t nothing = 0;

template <class T>
nb::capsule capsule_of(T object) {
    auto held = std::make_unique<T>(std::move(object));
    nb::capsule made(held.get(), [](void* pointer) noexcept { delete static_cast<T*>(pointer); });
    held.release();
    return made;
}

struct Extent {
    std::uint64_t begin, end;  ///< in the storage
};

/// Requires: the layout of the tensor is sound, as a Reader guarantees.
Extent extent_of(const TensorView& view) {
    if (view.element_count() == 0) return {0, 0};
    if (view.is_contiguous()) return {view.offset(), view.offset() + view.nbytes()};
    std::uint64_t last = 0;
    for (std::size_t dim = 0; dim < view.rank(); ++dim)
        last += (view.shape()[dim] - 1) * view.strides()[dim];
    return {view.offset(), view.offset() + (last + 1) * view.dtype().bits / 8U};
}

}  // namespace

nb::object view_of(std::span<const std::byte> bytes, nb::handle owner) {
    const auto* data = bytes.empty() ? &nothing : reinterpret_cast<const std::uint8_t*>(bytes.data());
    using View = nb::ndarray<nb::memview, const std::uint8_t, nb::ndim<1>>;
    return nb::cast(View(data, {bytes.size()}, owner));
}

nb::object writable_view_of(std::span<std::byte> bytes, nb::handle owner) {
    auto* data = bytes.empty() ? &nothing : reinterpret_cast<std::uint8_t*>(bytes.data());
    using View = nb::ndarray<nb::memview, std::uint8_t, nb::ndim<1>>;
    return nb::cast(View(data, {bytes.size()}, owner));
}

nb::object mapped_storage(const TensorHandle& tensor, bool writable) {
    const auto [begin, end] = extent_of(tensor.view);
    const StorageView& storage = tensor.view.storage();
    if (begin == end) return nb::none();
    const auto nbytes = static_cast<std::size_t>(storage.nbytes());
    const auto get = [&](auto bytes_of) {
        const nb::gil_scoped_release released;
        return bytes_of();
    };
    if (writable) {
        const auto bytes = or_raise(get([&, b = begin, e = end] { return storage.private_bytes(b, e); }));
        return writable_view_of({bytes.data() - begin, nbytes}, capsule_of(storage));
    }
    const auto bytes = or_raise(get([&, b = begin, e = end] { return storage.bytes(b, e); }));
    return view_of({bytes.data() - begin, nbytes}, capsule_of(storage));
}

ListOf<nb::object> read_tensors(const OpenFile& file, const std::vector<TensorHandle>& tensors,
                                unsigned threads, const ProgressFunction& progress) {
    std::vector<Tensor> memory;
    std::vector<OpenFile::Request> requests;
    std::uint64_t nbytes = 0;
    for (const TensorHandle& tensor : tensors) {
        memory.push_back(or_raise(Tensor::zeros(Dtype::u8, {tensor.view.nbytes()})));
        requests.emplace_back(tensor.view, memory.back().bytes());
        nbytes += tensor.view.nbytes();
    }
    interruptible(
        progress,
        [&](const ProgressCallback& callback) {
            return file.read(requests, {.threads = threads, .progress = callback});
        },
        nbytes);
    nb::list views;
    for (Tensor& each : memory) {
        const std::span<std::byte> bytes = each.bytes();
        views.append(writable_view_of(bytes, capsule_of(std::move(each))));
    }
    return views;
}

void read_into(const OpenFile& file, const std::vector<TensorHandle>& tensors,
               const std::vector<Place>& places, unsigned threads, const ProgressFunction& progress) {
    if (tensors.size() != places.size())
        raise(Condition::option,
              std::to_string(tensors.size()) + " tensors, but " + std::to_string(places.size()) + " places");
    std::vector<OpenFile::Request> requests;
    for (std::size_t i = 0; i < tensors.size(); ++i) {
        const auto [address, nbytes] = places[i];
        auto* const data = reinterpret_cast<std::byte*>(address);  // NOLINT(performance-no-int-to-ptr)
        requests.emplace_back(tensors[i].view, std::span(data, static_cast<std::size_t>(nbytes)));
    }
    interruptible(progress, [&](const ProgressCallback& callback) {
        return file.read(requests, {.threads = threads, .progress = callback});
    });
}

void check_tensors(const std::vector<TensorHandle>& tensors, unsigned threads,
                   const ProgressFunction& progress) {
    std::uint64_t nbytes = 0;
    for (const TensorHandle& tensor : tensors)
        nbytes += tensor.view.nbytes();
    const auto check = [&](const ProgressCallback& callback) {
        ProgressMeter meter(callback, nbytes, "checking tensors");
        return run_all(tensors.size(), nbytes < kShortNbytes ? 1 : threads,
                       [&](std::size_t i) -> Result<void> {
                           MILEPOST_TRY(tensors[i].view.check());
                           return meter.add(tensors[i].view.nbytes());
                       });
    };
    interruptible(progress, check, nbytes);
}

}  // namespace milepost::python

#include "memory.hpp"

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

#include <nanobind/nanobind.h>
#include <nanobind/ndarray.h>

#include <milepost/milepost.hpp>

#include "error.hpp"
#include "interruptible.hpp"
#include "tensor.hpp"

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

ListOf<nb::object> read_tensors(const Reader& reader, const std::vector<TensorHandle>& tensors,
                                unsigned threads, const ProgressFunction& progress) {
    ReadPlan plan(reader);
    std::vector<Tensor> memory;
    for (const TensorHandle& tensor : tensors) {
        memory.push_back(or_raise(Tensor::zeros(Dtype::u8, {tensor.view.nbytes()})));
        or_raise(plan.add(tensor.view, memory.back().bytes()));
    }
    interruptible(
        progress,
        [&](const ProgressCallback& callback) {
            return plan.read({.threads = threads, .progress = callback});
        },
        plan.nbytes());
    nb::list views;
    for (Tensor& each : memory) {
        const std::span<std::byte> bytes = each.bytes();
        views.append(writable_view_of(bytes, capsule_of(std::move(each))));
    }
    return views;
}

void read_into(const Reader& reader, const std::vector<TensorHandle>& tensors,
               const std::vector<Place>& places, unsigned threads, const ProgressFunction& progress) {
    if (tensors.size() != places.size())
        raise(Condition::option,
              std::to_string(tensors.size()) + " tensors, but " + std::to_string(places.size()) + " places");
    ReadPlan plan(reader);
    for (std::size_t i = 0; i < tensors.size(); ++i) {
        const auto [address, nbytes] = places[i];
        auto* const data = reinterpret_cast<std::byte*>(address);  // NOLINT(performance-no-int-to-ptr)
        or_raise(plan.add(tensors[i].view, {data, static_cast<std::size_t>(nbytes)}));
    }
    interruptible(progress, [&](const ProgressCallback& callback) {
        return plan.read({.threads = threads, .progress = callback});
    });
}

namespace {

/// The tensors that threads take one after the other, and the first error.
class CheckQueue {
public:
    CheckQueue(const std::vector<TensorHandle>& tensors, const ProgressCallback& progress)
        : tensors_(tensors), progress_(progress) {
        for (const TensorHandle& tensor : tensors)
            total_.total_nbytes += tensor.view.nbytes();
    }

    void work() {
        for (std::size_t i = next_++; i < tensors_.size() && !is_stopped_; i = next_++) {
            const auto checked = tensors_[i].view.check();
            const std::lock_guard lock(mutex_);
            total_.done_nbytes += tensors_[i].view.nbytes();
            if (!checked && (!error_ || i < first_bad_)) {
                error_ = checked.error();
                first_bad_ = i;
            }
            if (!checked) is_stopped_ = true;
            if (!is_stopped_ && progress_ && !progress_(total_)) {
                error_ = Error(Condition::by_caller, "checking tensors was cancelled");
                is_stopped_ = true;
            }
        }
    }

    [[nodiscard]] Result<void> result() const {
        if (error_) return *error_;
        return {};
    }

private:
    const std::vector<TensorHandle>& tensors_;
    const ProgressCallback& progress_;
    std::atomic<std::size_t> next_ = 0;
    std::atomic<bool> is_stopped_ = false;
    std::mutex mutex_;
    Progress total_;
    std::optional<Error> error_;
    std::size_t first_bad_ = 0;
};

}  // namespace

void check_tensors(const std::vector<TensorHandle>& tensors, unsigned threads,
                   const ProgressFunction& progress) {
    std::uint64_t nbytes = 0;
    for (const TensorHandle& tensor : tensors)
        nbytes += tensor.view.nbytes();
    const unsigned wanted = threads != 0 ? threads : std::min(8U, std::thread::hardware_concurrency());
    const std::size_t most = nbytes < kShortNbytes ? 1 : std::max<std::size_t>(tensors.size(), 1);
    const auto count = std::clamp<std::size_t>(wanted, 1, most);
    const auto check = [&](const ProgressCallback& callback) {
        CheckQueue queue(tensors, callback);
        std::vector<std::thread> others;
        others.reserve(count);
        try {
            for (std::size_t i = 1; i < count; ++i)
                others.emplace_back([&] { queue.work(); });
        } catch (const std::system_error&) {
            // The system has no more threads: those that there are do all of it.
        }
        queue.work();
        for (std::thread& each : others)
            each.join();
        return queue.result();
    };
    interruptible(progress, check, nbytes);
}

}  // namespace milepost::python

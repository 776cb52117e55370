#include "loading/memory_storages.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>
#include <memory>
#include <span>
#include <utility>

#include <milepost/dtype.hpp>
#include <milepost/error.hpp>
#include <milepost/result.hpp>
#include <milepost/tensor.hpp>

#include "base/checked.hpp"
#include "base/memory.hpp"
#include "base/message.hpp"
#include "core/gather.hpp"
#include "core/storage_provider.hpp"
#include "loading/arena_memory.hpp"
#include "loading/open.hpp"

namespace milepost::loading {

std::shared_ptr<MemoryStorages> MemoryStorages::take(std::shared_ptr<detail::ArenaMemory> memory) {
    std::unique_ptr<MemoryStorages> storages(new MemoryStorages(std::move(memory)));
    storages->is_taken_ = storages->memory_->take();
    if (!storages->is_taken_) return nullptr;
    return storages;
}

Result<void> MemoryStorages::reserve(const OpenedIndex& opened, std::uint64_t max_total_bytes) {
    const auto count = static_cast<std::uint32_t>(opened.index.storage_count());
    places_.reserve(count);
    std::uint64_t end = 0;
    for (std::uint32_t i = 0; i < count; ++i) {
        const std::uint64_t nbytes = opened.offsets.storage_nbytes(opened.index, i);
        std::uint64_t begin = 0;
        const bool fits = base::checked_align(end, base::kMemoryAlignment, begin) &&
                          base::checked_add(begin, nbytes, end) && end <= max_total_bytes;
        if (!fits) {
            return Error(Condition::total_bytes, base::message("storages up to number ", i, " of ", count,
                                                               " do not fit into memory of the limit of ",
                                                               max_total_bytes, " bytes"));
        }
        places_.push_back({begin, nbytes});
    }
    if (end > std::numeric_limits<std::size_t>::max())
        return Error(Condition::total_bytes, base::message("the storages have ", end, " bytes"));
    bytes_ = memory_->reserve(static_cast<std::size_t>(end));
    return {};
}

std::span<std::byte> MemoryStorages::storage(std::uint32_t number) const noexcept {
    const Place& place = places_[number];
    return bytes_.subspan(static_cast<std::size_t>(place.begin), static_cast<std::size_t>(place.nbytes));
}

TensorView MemoryStorages::view(const TensorView& in_file) {
    const std::uint32_t number = *in_file.storage().index();
    StorageView storage = detail::ViewAccess::storage(shared_from_this(), number, places_[number].nbytes);
    return detail::ViewAccess::on_storage(in_file, kept(in_file.dtype()), std::move(storage));
}

/// The dtype with a name that lives as long as this.
DtypeInfo MemoryStorages::kept(const DtypeInfo& dtype) {
    if (find_dtype(dtype.code)) return dtype;
    auto name = std::find(dtype_names_.begin(), dtype_names_.end(), dtype.name);
    if (name == dtype_names_.end()) name = dtype_names_.emplace(name, dtype.name);
    return {dtype.code, dtype.bits, *name};
}

Result<std::span<const std::byte>> MemoryStorages::bytes(std::uint32_t number, std::uint64_t begin,
                                                         std::uint64_t end) const {
    return std::span<const std::byte>(
        storage(number).subspan(static_cast<std::size_t>(begin), static_cast<std::size_t>(end - begin)));
}

Result<void> MemoryStorages::read(std::uint32_t number, std::uint64_t begin, std::span<std::byte> to) const {
    if (!to.empty()) std::memcpy(to.data(), storage(number).data() + begin, to.size());
    return {};
}

Result<void> MemoryStorages::gather(std::uint32_t number, const detail::StridedLayout& layout,
                                    std::span<std::byte> to) const {
    core::gather(storage(number).data() + layout.offset, layout.shape, layout.strides, layout.element_nbytes,
                 to.data());
    return {};
}

}  // namespace milepost::loading

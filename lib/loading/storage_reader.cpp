#include "loading/storage_reader.hpp"

#include <cstddef>
#include <cstdint>
#include <new>
#include <span>

#include <milepost/result.hpp>
#include <milepost/tensor.hpp>

#include "base/out_of_memory.hpp"
#include "core/gather.hpp"
#include "loading/open.hpp"

namespace milepost::loading {

using base::out_of_memory;

Result<std::span<const std::byte>> StorageReader::bytes(std::uint32_t storage, std::uint64_t begin,
                                                        std::uint64_t end) const try {
    if (begin == end) return std::span<const std::byte>();
    return mapped_.contains(storage) ? mapped_.bytes(storage, begin, end)
                                     : decoded_.bytes(storage, begin, end);
} catch (const std::bad_alloc&) {
    return out_of_memory();
}

Result<void> StorageReader::read(std::uint32_t storage, std::uint64_t begin, std::span<std::byte> to) const
    try {
    if (to.empty()) return {};
    return mapped_.contains(storage) ? mapped_.read(storage, begin, to) : decoded_.read(storage, begin, to);
} catch (const std::bad_alloc&) {
    return out_of_memory();
}

Result<void> StorageReader::gather(std::uint32_t storage, const detail::StridedLayout& layout,
                                   std::span<std::byte> to) const try {
    const core::ContiguousRuns runs(layout.shape, layout.strides, layout.element_nbytes);
    return mapped_.contains(storage) ? mapped_.gather(storage, layout, runs, to)
                                     : decoded_.gather(storage, layout, runs, to);
} catch (const std::bad_alloc&) {
    return out_of_memory();
}

Result<void> StorageReader::check(std::uint32_t storage, std::uint64_t begin, std::uint64_t end) const try {
    if (begin == end) return {};
    return mapped_.contains(storage) ? mapped_.check(storage, begin, end)
                                     : decoded_.check_stored(storage, begin, end);
} catch (const std::bad_alloc&) {
    return out_of_memory();
}

Result<void> StorageReader::check_all() const {
    const OpenedIndex& opened = source_.opened;
    for (std::uint32_t storage = 0; storage < opened.index.storage_count(); ++storage) {
        const std::uint64_t nbytes = opened.offsets.storage_nbytes(opened.index, storage);
        auto checked =
            mapped_.contains(storage) ? mapped_.check(storage, 0, nbytes) : decoded_.check(storage);
        if (!checked) return checked;
    }
    return {};
}

}  // namespace milepost::loading

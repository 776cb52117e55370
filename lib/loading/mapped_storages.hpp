#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include <milepost/result.hpp>
#include <milepost/tensor.hpp>

#include "base/lazy.hpp"
#include "core/gather.hpp"
#include "core/storage_provider.hpp"
#include "loading/checked_chunks.hpp"
#include "loading/chunk_reader.hpp"
#include "platform/file.hpp"

namespace milepost::loading {

/// The storages of a mapped file that are stored raw: their bytes are used in place, and the checksum of each
/// chunk is compared once. Errors of all members: those of ChunkReader. They throw std::bad_alloc. Any
/// thread.
class MappedStorages {
public:
    /// `source` must outlive this. threads: 0 for as many as the machine has.
    MappedStorages(const ChunkSource& source, unsigned threads);

    /// Which chunks have been checked; null if the file is not mapped.
    [[nodiscard]] const CheckedChunks* checked() const noexcept { return checked_ ? &*checked_ : nullptr; }

    /// Whether a storage is one of them. The members below require it.
    [[nodiscard]] bool contains(std::uint32_t storage) const noexcept;

    /// The bytes [begin, end) in the mapping, checked.
    [[nodiscard]] Result<std::span<const std::byte>> bytes(std::uint32_t storage, std::uint64_t begin,
                                                           std::uint64_t end) const;
    /// The same bytes in a private mapping, which may be written; checked. Errors: also io_error/map.
    [[nodiscard]] Result<std::span<std::byte>> private_bytes(std::uint32_t storage, std::uint64_t begin,
                                                             std::uint64_t end) const;
    /// Checks only the chunks that hold elements. `runs` are those of the layout.
    [[nodiscard]] Result<void> gather(std::uint32_t storage, const detail::StridedLayout& layout,
                                      const core::ContiguousRuns& runs, std::span<std::byte> to) const;
    /// Compares the checksums of the chunks of [begin, end). Errors: that of the first damaged chunk.
    [[nodiscard]] Result<void> check(std::uint32_t storage, std::uint64_t begin, std::uint64_t end) const;

private:
    [[nodiscard]] Result<void> check_chunk(ChunkReader& reader, std::uint32_t storage,
                                           std::uint64_t number) const;
    [[nodiscard]] Result<void> check_runs(std::uint32_t storage, std::uint64_t offset, std::uint64_t end,
                                          const core::ContiguousRuns& runs) const;
    [[nodiscard]] std::span<const std::byte> in_place(std::uint32_t storage, std::uint64_t begin,
                                                      std::uint64_t end) const noexcept;

    const ChunkSource& source_;
    unsigned threads_;
    std::optional<CheckedChunks> checked_;
    base::Lazy<Result<platform::Mapping>> private_;  // beside the one that is read: writes never reach that
};

}  // namespace milepost::loading

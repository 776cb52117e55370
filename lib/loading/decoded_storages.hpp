#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <mutex>
#include <span>

#include <milepost/result.hpp>
#include <milepost/tensor.hpp>

#include "base/aligned_buffer.hpp"
#include "core/gather.hpp"
#include "core/storage_provider.hpp"
#include "loading/chunk_reader.hpp"
#include "loading/chunk_runs.hpp"

namespace milepost::loading {

/// Storages whose bytes cannot be used in place: compressed ones, and all of a file that is not mapped.
/// Errors of all members: those of ChunkReader. They throw std::bad_alloc. Any thread.
class DecodedStorages {
public:
    /// `source` must outlive this. threads: 0 for as many as the machine has. `max_total_bytes`: of all
    /// copies that bytes() keeps.
    DecodedStorages(const ChunkSource& source, unsigned threads, std::uint64_t max_total_bytes)
        : source_(source), threads_(threads), max_total_bytes_(max_total_bytes) {}

    /// The bytes [begin, end) of the storage, all of which is decoded once into memory that is kept, because
    /// a view must stay valid. Errors: also limit_exceeded/total_bytes.
    [[nodiscard]] Result<std::span<const std::byte>> bytes(std::uint32_t storage, std::uint64_t begin,
                                                           std::uint64_t end) const;
    /// Keeps nothing; memory of one chunk a thread. Requires: `to` is not empty.
    [[nodiscard]] Result<void> read(std::uint32_t storage, std::uint64_t begin,
                                    std::span<std::byte> to) const;
    /// Reads only the chunks that hold elements; memory of one chunk a thread. `runs` are those of the
    /// layout.
    [[nodiscard]] Result<void> gather(std::uint32_t storage, const detail::StridedLayout& layout,
                                      const core::ContiguousRuns& runs, std::span<std::byte> to) const;
    /// Reads the stored chunks of the bytes [begin, end) and compares their checksums; decodes nothing.
    [[nodiscard]] Result<void> check_stored(std::uint32_t storage, std::uint64_t begin,
                                            std::uint64_t end) const;
    /// Reads and verifies every chunk.
    [[nodiscard]] Result<void> check(std::uint32_t storage) const;

private:
    struct Copy {
        std::mutex mutex;
        base::AlignedBuffer bytes;
    };

    Copy& copy_of(std::uint32_t storage) const;
    [[nodiscard]] Result<base::AlignedBuffer> decode_all(std::uint32_t storage) const;
    [[nodiscard]] Result<void> reserve(std::uint32_t storage, std::uint64_t nbytes) const;
    void give_back(std::uint64_t nbytes) const noexcept;
    [[nodiscard]] Result<void> read_run(ChunkReader& reader, std::uint32_t storage, std::uint64_t begin,
                                        std::span<std::byte> to) const;
    [[nodiscard]] Result<void> gather_run(ChunkReader& reader, std::uint32_t storage, std::uint64_t offset,
                                          ChunkRun run, const core::ContiguousRuns& runs,
                                          std::span<std::byte> to) const;

    const ChunkSource& source_;
    unsigned threads_;
    std::uint64_t max_total_bytes_;
    mutable std::mutex copies_mutex_;
    mutable std::map<std::uint32_t, Copy> copies_;
    mutable std::uint64_t copied_nbytes_ = 0;
};

}  // namespace milepost::loading

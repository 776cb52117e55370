#pragma once

#include <algorithm>
#include <cstdint>

#include "base/checked.hpp"
#include "codec/codec.hpp"
#include "format/outline.hpp"

namespace milepost::format {

/// Number of chunks of a storage: docs/format.md, section 4. Requires: nbytes below 2^63.
[[nodiscard]] constexpr std::uint64_t chunk_count(std::uint64_t nbytes) noexcept {
    return (nbytes + codec::kChunkNbytes - 1) / codec::kChunkNbytes;
}

[[nodiscard]] constexpr std::uint64_t chunk_raw_nbytes(std::uint64_t nbytes, std::uint64_t chunk) noexcept {
    return std::min<std::uint64_t>(codec::kChunkNbytes, nbytes - chunk * codec::kChunkNbytes);
}

/// The next chunk in the file begins at a multiple of this behind the first of its storage.
inline constexpr std::uint64_t kChunkAlignment = 64;

/// One chunk as the index describes it.
struct Chunk {
    std::uint64_t number = 0;  ///< within its storage
    std::uint64_t offset = 0;  ///< in the file
    std::uint64_t raw_nbytes = 0;
    std::uint64_t stored_nbytes = 0;
    const Digest* stored_checksum = nullptr;
    const Digest* raw_checksum = nullptr;  ///< the same one where the chunk is stored raw

    [[nodiscard]] bool is_compressed() const noexcept { return stored_nbytes != raw_nbytes; }
};

/// Whether all chunks of a storage are stored raw: it then lies in the file in one piece.
[[nodiscard]] inline bool is_stored_raw(const Index& index, const Outline& outline,
                                        std::uint32_t storage) noexcept {
    const std::size_t next = storage + std::size_t{1};
    const std::size_t end =
        next < outline.storages.size() ? outline.storages[next].raw_checksum : index.raw_checksums.size();
    return outline.storages[storage].raw_checksum == end;
}

/// Walks the chunks of a storage in order; what a chunk's place is follows from the sizes before it.
class ChunkWalk {
public:
    /// Requires: a validated index.
    ChunkWalk(const Index& index, const Outline& outline, std::uint32_t storage) noexcept
        : index_(index),
          record_(index.storages[storage]),
          start_(outline.storages[storage]),
          is_stored_raw_(is_stored_raw(index, outline, storage)),
          raw_(start_.raw_checksum) {
        chunk_.offset = record_.offset;
        load();
    }

    [[nodiscard]] bool done() const noexcept { return chunk_.number == start_.chunks; }
    [[nodiscard]] const Chunk& chunk() const noexcept { return chunk_; }

    void next() noexcept {
        if (chunk_.is_compressed()) ++raw_;
        chunk_.offset += base::align_up(chunk_.stored_nbytes, kChunkAlignment);
        ++chunk_.number;
        load();
    }

    /// Forward to a chunk. At once where all chunks are stored raw.
    void skip_to(std::uint64_t number) noexcept {
        if (!is_stored_raw_) {
            while (chunk_.number < number)
                next();
            return;
        }
        chunk_.offset = record_.offset + number * codec::kChunkNbytes;
        chunk_.number = number;
        load();
    }

private:
    void load() noexcept {
        if (done()) return;
        chunk_.raw_nbytes = chunk_raw_nbytes(record_.nbytes, chunk_.number);
        chunk_.stored_nbytes = codec::is_compressing(record_.codec)
                                   ? index_.stored_nbytes[start_.stored_nbytes_first + chunk_.number]
                                   : chunk_.raw_nbytes;
        chunk_.stored_checksum = &index_.stored_checksums[start_.stored_checksum + chunk_.number];
        chunk_.raw_checksum = chunk_.is_compressed() ? &index_.raw_checksums[raw_] : chunk_.stored_checksum;
    }

    const Index& index_;
    const StorageRecord& record_;
    const StorageStart& start_;
    bool is_stored_raw_;
    std::uint64_t raw_;
    Chunk chunk_;
};

}  // namespace milepost::format

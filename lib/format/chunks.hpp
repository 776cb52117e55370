#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "base/checked.hpp"
#include "codec/codec.hpp"
#include "format/index.hpp"
#include "format/index_columns.hpp"
#include "format/index_offsets.hpp"

namespace milepost::format {

/// Number of chunks of a storage: docs/format.md, section 4. Requires: nbytes below 2^63.
[[nodiscard]] constexpr std::uint64_t chunk_count(std::uint64_t nbytes) noexcept {
    return (nbytes + codec::kChunkNbytes - 1) / codec::kChunkNbytes;
}

[[nodiscard]] constexpr std::uint64_t chunk_raw_nbytes(std::uint64_t nbytes, std::uint64_t chunk) noexcept {
    return std::min<std::uint64_t>(codec::kChunkNbytes, nbytes - chunk * codec::kChunkNbytes);
}

/// Each chunk of a storage begins at a multiple of this after the first.
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

[[nodiscard]] inline std::uint32_t chunk_count(const IndexOffsets& offsets, std::uint32_t storage) noexcept {
    return offsets.storage_chunk[storage + std::size_t{1}] - offsets.storage_chunk[storage];
}

/// Whether all chunks of a storage are stored raw: it is then contiguous in the file.
[[nodiscard]] inline bool is_stored_raw(const IndexOffsets& offsets, std::uint32_t storage) noexcept {
    const auto& encoded = offsets.encoded;
    return encoded.empty() || encoded[storage].raw_checksum == encoded[storage + std::size_t{1}].raw_checksum;
}

/// Walks the chunks of a storage in order: the offset of a chunk follows from the sizes of those before it.
class ChunkIterator {
public:
    /// Requires: a validated index.
    ChunkIterator(const Index& index, const IndexOffsets& offsets, std::uint32_t storage) noexcept
        : index_(index),
          begin_(offsets.storage_begin[storage]),
          nbytes_(offsets.storage_nbytes(index, storage)),
          is_encoded_(codec::is_compressing(index.codec_of(storage).code)),
          is_stored_raw_(is_stored_raw(offsets, storage)),
          count_(chunk_count(offsets, storage)),
          checksum_(offsets.storage_chunk[storage]) {
        if (is_encoded_) start_ = offsets.encoded[storage];
        chunk_.offset = begin_;
        load();
    }

    [[nodiscard]] bool done() const noexcept { return chunk_.number == count_; }
    [[nodiscard]] const Chunk& chunk() const noexcept { return chunk_; }

    void next() noexcept {
        if (chunk_.is_compressed()) ++start_.raw_checksum;
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
        chunk_.offset = begin_ + number * codec::kChunkNbytes;
        chunk_.number = number;
        load();
    }

private:
    void load() noexcept {
        if (done()) return;
        chunk_.raw_nbytes = chunk_raw_nbytes(nbytes_, chunk_.number);
        chunk_.stored_nbytes =
            is_encoded_ ? index_.stored_nbytes[start_.stored_size + chunk_.number] : chunk_.raw_nbytes;
        chunk_.stored_checksum = &index_.stored_checksums[checksum_ + chunk_.number];
        chunk_.raw_checksum =
            chunk_.is_compressed() ? &index_.raw_checksums[start_.raw_checksum] : chunk_.stored_checksum;
    }

    const Index& index_;
    std::uint64_t begin_;
    std::uint64_t nbytes_;
    bool is_encoded_;
    bool is_stored_raw_;
    std::uint64_t count_;
    std::size_t checksum_;  ///< the first of the storage
    EncodedStart start_;    ///< its raw_checksum is that of this chunk, if it is compressed
    Chunk chunk_;
};

}  // namespace milepost::format

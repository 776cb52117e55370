#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>

#include <milepost/error.hpp>
#include <milepost/result.hpp>

#include "base/aligned_buffer.hpp"
#include "codec/checksum.hpp"
#include "codec/codec.hpp"
#include "codec/hashing_copy.hpp"
#include "format/chunks.hpp"
#include "format/index_columns.hpp"
#include "loading/file_access.hpp"
#include "loading/open.hpp"

namespace milepost::loading {

/// What all readers of the chunks of a file share. Borrows; immutable.
struct ChunkSource {
    const FileAccess& file;
    const OpenedIndex& opened;
    bool compare_checksums;
    bool keep_cached = false;  ///< OpenOptions::keep_cached
};

/// Reads, verifies and decodes one chunk at a time: docs/format.md, section 8. Holds the memory (2 MiB at
/// most) and the decoder of one thread. Of a chunk that is stored raw, the copy is hashed: what the caller
/// gets was verified, even if somebody changes a mapped file meanwhile.
class ChunkReader {
public:
    explicit ChunkReader(const ChunkSource& source) noexcept : source_(source) {}

    /// Returns the raw bytes of a chunk: in `to` if that has the size of the chunk, else in the mapped file,
    /// in `stored` or in memory of this object, valid until the next call. `stored`: the bytes of the chunk
    /// in the file, not verified; if it is empty, they are read. After an error `to` is as before or holds
    /// zeros, never damaged bytes. Errors: the conditions of section 8; io_error/read; io_error/changed
    /// instead of damage if the file has changed since it was opened. Throws std::bad_alloc.
    [[nodiscard]] Result<std::span<const std::byte>> read(std::uint32_t storage, const format::Chunk& chunk,
                                                          std::span<std::byte> to = {},
                                                          std::span<const std::byte> stored = {},
                                                          codec::TargetMemory memory = {});

    /// The same, but errors do not name the place: chunk_error() adds it. For callers that keep few of them.
    [[nodiscard]] Result<std::span<const std::byte>> read_unplaced(std::uint32_t storage,
                                                                   const format::Chunk& chunk,
                                                                   std::span<std::byte> to = {},
                                                                   std::span<const std::byte> stored = {},
                                                                   codec::TargetMemory memory = {});
    /// Compares the checksum of the stored bytes of a chunk; decodes nothing. `stored` and errors: as read().
    [[nodiscard]] Result<void> check_stored(std::uint32_t storage, const format::Chunk& chunk,
                                            std::span<const std::byte> stored = {});

private:
    [[nodiscard]] Error placed(std::uint32_t storage, const format::Chunk& chunk, const Error& error) const;
    Result<std::span<const std::byte>> copy(const format::Chunk& chunk, std::span<const std::byte> stored,
                                            std::span<std::byte> to);
    /// The bytes as they are in the file: mapped, or read into `to` or own memory.
    Result<std::span<const std::byte>> stored_bytes(const format::Chunk& chunk, std::span<std::byte> to);
    Result<std::span<const std::byte>> decode(std::uint32_t storage, const format::Chunk& chunk,
                                              std::span<const std::byte> stored, std::span<std::byte> to,
                                              codec::TargetMemory memory);
    Result<void> check_stored(const format::Chunk& chunk, std::span<const std::byte> stored) const;
    [[nodiscard]] Result<void> compare(const codec::Digest& found, const format::Digest& expected,
                                       Condition condition, std::string_view what) const;
    [[nodiscard]] Error damage(Condition condition, std::string_view what) const;

    const ChunkSource& source_;
    base::AlignedBuffer stored_;
    base::AlignedBuffer raw_;
    codec::HashingCopy hashing_copy_;
    std::unique_ptr<codec::Decoder> decoder_;
    format::CodecRecord decoder_codec_ = {};
    bool is_target_written_ = false;  ///< read() has perhaps written to `to`
};

}  // namespace milepost::loading

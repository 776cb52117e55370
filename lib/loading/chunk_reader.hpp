#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>

#include <milepost/io.hpp>
#include <milepost/options.hpp>
#include <milepost/result.hpp>

#include "base/aligned_buffer.hpp"
#include "codec/codec.hpp"
#include "format/chunks.hpp"
#include "loading/open.hpp"

namespace milepost::loading {

/// Where the bytes of chunks are: mapped, or to be read. Borrows; immutable.
struct ChunkBytes {
    const Source& source;
    std::span<const std::byte> mapped;  ///< the whole file; empty if it is not mapped
    const OpenedIndex& opened;
    bool check;  ///< compare checksums
};

/// What is wrong with a chunk.
struct ChunkFault {
    Condition condition;
    std::string what;  ///< "checksum expected ..., found ..."
};

/// Either the raw bytes of a chunk, or what is wrong with it, or an I/O error.
struct ChunkOutcome {
    std::span<const std::byte> raw;
    std::optional<ChunkFault> fault;
    std::optional<Error> io_error;

    [[nodiscard]] bool ok() const noexcept { return !fault && !io_error; }
};

/// One thread's memory (2 MiB at most) and decoders: docs/format.md, section 8, for one chunk at a time.
class ChunkReader {
public:
    explicit ChunkReader(const ChunkBytes& bytes) noexcept : bytes_(bytes) {}

    /// Checks one chunk. Its raw bytes are in `to` if that is as large as the chunk, else in memory of the
    /// file or of this object, valid until the next call. Throws std::bad_alloc.
    [[nodiscard]] ChunkOutcome check(std::uint32_t storage, const format::Chunk& chunk,
                                     std::span<std::byte> to = {});

private:
    ChunkOutcome stored_bytes(const format::Chunk& chunk, std::span<std::byte> to);
    ChunkOutcome decode(std::uint32_t storage, const format::Chunk& chunk, std::span<const std::byte> stored,
                        std::span<std::byte> to);

    const ChunkBytes& bytes_;
    base::AlignedBuffer stored_;
    base::AlignedBuffer raw_;
    std::unique_ptr<codec::Decoder> decoder_;
    std::uint8_t decoder_codec_ = 0;
};

/// "model/fc1.weight and 2 more tensors, chunk 2, bytes 131072..196608: checksum expected 6c01..., found
/// 90ab...".
[[nodiscard]] Error chunk_error(const OpenedIndex& opened, std::uint32_t storage, const format::Chunk& chunk,
                                const ChunkFault& fault);

/// Paths of the tensors with bytes in a chunk of a storage. Throws std::bad_alloc.
[[nodiscard]] std::vector<std::string> tensors_in_chunk(const OpenedIndex& opened, std::uint32_t storage,
                                                        const format::Chunk& chunk);

}  // namespace milepost::loading

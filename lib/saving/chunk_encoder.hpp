#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include <milepost/result.hpp>

#include "codec/checksum.hpp"
#include "codec/codec.hpp"
#include "saving/chunk_sequence.hpp"

namespace milepost::saving {

/// A chunk as it will be in the file. `stored` is valid until the next chunk is encoded.
struct EncodedChunk {
    std::span<const std::byte> stored;
    std::uint64_t raw_nbytes = 0;
    codec::Digest raw_checksum{};
    codec::Digest stored_checksum{};
};

/// Reads, hashes and compresses one chunk at a time. Holds the memory (2 MiB at most) and the encoder of one
/// thread.
class ChunkEncoder {
public:
    explicit ChunkEncoder(int zstd_level) : zstd_level_(zstd_level) {}

    /// Requires: the job is not empty. Errors: those of the storage's provider. Throws std::bad_alloc.
    [[nodiscard]] Result<EncodedChunk> encode(const ChunkJob& job);

private:
    Result<std::span<const std::byte>> raw_bytes(const ChunkJob& job);
    std::span<const std::byte> compress(const codec::CodecRow& row, std::span<const std::byte> raw);

    int zstd_level_;
    const codec::CodecRow* encoder_row_ = nullptr;
    std::unique_ptr<codec::Encoder> encoder_;
    std::vector<std::byte> raw_;
    std::vector<std::byte> stored_;
};

}  // namespace milepost::saving

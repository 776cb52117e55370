#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include <milepost/result.hpp>

#include "codec/checksum.hpp"
#include "codec/codec.hpp"
#include "codec/hashing_copy.hpp"
#include "saving/chunk_sequence.hpp"
#include "saving/output_queue.hpp"

namespace milepost::saving {

/// A chunk whose size in the file is known.
struct EncodedChunk {
    std::uint64_t raw_nbytes = 0;
    std::uint64_t stored_nbytes = 0;
    /// As they will be in the file, in memory of the encoder, valid until the next chunk is encoded. Empty
    /// for a storage of the codec raw: its bytes are not read before they have a place in the output.
    std::span<const std::byte> stored = {};
    codec::Digest raw_checksum{};     ///< unless `stored` is empty
    codec::Digest stored_checksum{};  ///< likewise

    [[nodiscard]] bool is_compressed() const noexcept { return stored_nbytes != raw_nbytes; }
};

/// Reads, hashes and compresses one chunk at a time. The memory of the caller is read once, by a copy: what
/// is hashed, compressed and written is that copy, so that a chunk is whole even if other threads change the
/// memory meanwhile. Holds the memory and the encoder of one thread: nothing for the codec raw, else 2 MiB
/// and what the codec takes.
class ChunkEncoder {
public:
    using Describe = std::function<std::string(std::size_t)>;

    /// `describe` gives the name of a StorageJob's number for errors of reading it; may be empty. It must
    /// outlive this.
    /// The parameter in `options` does not count: each storage has its own.
    ChunkEncoder(const codec::EncoderOptions& options, const Describe& describe)
        : options_(options), describe_(describe) {}

    /// Requires: the job is not empty. Errors: those of the storage's provider. Throws std::bad_alloc.
    [[nodiscard]] Result<EncodedChunk> encode(const ChunkJob& job);
    /// Writes the stored bytes of the chunk that was just encoded to `to` and returns their checksum.
    /// Requires: both parts together have chunk.stored_nbytes. Errors: those of the storage's provider.
    /// Throws std::bad_alloc.
    [[nodiscard]] Result<codec::Digest> write(const ChunkJob& job, const EncodedChunk& chunk,
                                              const OutputQueue::Parts& to);

private:
    Result<codec::Digest> copy_raw(const ChunkJob& job, const OutputQueue::Parts& to);
    Result<void> read_file(const ChunkJob& job, std::uint64_t begin, std::span<std::byte> to) const;
    std::span<const std::byte> compress(const codec::CodecChoice& choice, std::span<const std::byte> raw);

    codec::EncoderOptions options_;
    const Describe& describe_;
    codec::CodecChoice encoder_choice_ = {nullptr};
    std::unique_ptr<codec::Encoder> encoder_;
    codec::HashingCopy hashing_copy_;
    std::vector<std::byte> raw_;
    std::vector<std::byte> stored_;
};

}  // namespace milepost::saving

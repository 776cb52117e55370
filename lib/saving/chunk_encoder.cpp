#include "saving/chunk_encoder.hpp"

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <span>
#include <vector>

#include <milepost/error.hpp>
#include <milepost/result.hpp>
#include <milepost/tensor.hpp>

#include "codec/checksum.hpp"
#include "codec/codec.hpp"
#include "codec/hashing_copy.hpp"
#include "core/storage_provider.hpp"
#include "format/chunks.hpp"
#include "saving/chunk_sequence.hpp"
#include "saving/output_queue.hpp"

namespace milepost::saving {

using codec::kChunkNbytes;

namespace {

std::uint64_t raw_nbytes_of(const ChunkJob& job) noexcept {
    return format::chunk_raw_nbytes(job.storage->view.nbytes(), job.number);
}

/// The beginning of a buffer, which is made as large as that: a small tensor takes little memory.
std::span<std::byte> scratch(std::vector<std::byte>& buffer, std::size_t nbytes) {
    if (buffer.size() < nbytes) buffer.resize(nbytes);
    return std::span(buffer).first(nbytes);
}

}  // namespace

Result<EncodedChunk> ChunkEncoder::encode(const ChunkJob& job) {
    EncodedChunk chunk;
    chunk.raw_nbytes = raw_nbytes_of(job);
    chunk.stored_nbytes = chunk.raw_nbytes;
    if (job.storage->codec.row->make_encoder == nullptr) return chunk;
    const std::span<std::byte> raw = scratch(raw_, static_cast<std::size_t>(chunk.raw_nbytes));
    MILEPOST_TRY_ASSIGN(chunk.raw_checksum, copy_raw(job, {raw, {}}));
    chunk.stored = compress(job.storage->codec, raw);
    chunk.stored_nbytes = chunk.stored.size();
    chunk.stored_checksum = chunk.is_compressed() ? codec::checksum128(chunk.stored) : chunk.raw_checksum;
    return chunk;
}

Result<codec::Digest> ChunkEncoder::write(const ChunkJob& job, const EncodedChunk& chunk,
                                          const OutputQueue::Parts& to) {
    if (chunk.stored.empty()) return copy_raw(job, to);
    std::memcpy(to[0].data(), chunk.stored.data(), to[0].size());
    if (!to[1].empty()) std::memcpy(to[1].data(), chunk.stored.data() + to[0].size(), to[1].size());
    return chunk.stored_checksum;
}

/// Fills `to` with the raw bytes and returns the checksum of what it then holds.
Result<codec::Digest> ChunkEncoder::copy_raw(const ChunkJob& job, const OutputQueue::Parts& to) {
    const StorageView& view = job.storage->view;
    const std::uint64_t begin = job.number * kChunkNbytes;
    const std::size_t nbytes = to[0].size() + to[1].size();
    if (detail::ViewAccess::provider(view) == nullptr) {
        MILEPOST_TRY_ASSIGN(auto from, view.bytes(begin, begin + nbytes));
        return hashing_copy_.copy(from, to[0], to[1]);
    }
    if (to[1].empty()) {
        MILEPOST_TRY(read_file(job, begin, to[0]));
        return codec::checksum128(to[0]);
    }
    const std::span<std::byte> raw = scratch(raw_, nbytes);  // so that its chunk is decoded once
    MILEPOST_TRY(read_file(job, begin, raw));
    return hashing_copy_.copy(raw, to[0], to[1]);
}

Result<void> ChunkEncoder::read_file(const ChunkJob& job, std::uint64_t begin,
                                     std::span<std::byte> to) const {
    auto read = job.storage->view.read(begin, to);
    if (read || !describe_) return read;
    return read.error().within(describe_(job.storage->number));
}

std::span<const std::byte> ChunkEncoder::compress(const codec::CodecChoice& choice,
                                                  std::span<const std::byte> raw) {
    if (encoder_ == nullptr || encoder_choice_ != choice) {
        options_.parameter = choice.parameter;
        encoder_ = choice.row->make_encoder(options_);
        encoder_choice_ = choice;
    }
    const std::span<std::byte> stored = scratch(stored_, raw.size());
    const std::size_t nbytes = encoder_->encode(raw, stored);
    return nbytes == 0 ? raw : std::span<const std::byte>(stored).first(nbytes);
}

}  // namespace milepost::saving

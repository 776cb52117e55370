#include "saving/chunk_encoder.hpp"
#include "core/storage_provider.hpp"

#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>

#include <milepost/result.hpp>
#include <milepost/tensor.hpp>

#include "codec/checksum.hpp"
#include "codec/codec.hpp"
#include "format/chunks.hpp"
#include "saving/chunk_sequence.hpp"

namespace milepost::saving {

using codec::kChunkNbytes;

Result<EncodedChunk> ChunkEncoder::encode(const ChunkJob& job) {
    auto raw = raw_bytes(job);
    if (!raw) return std::move(raw).error();
    EncodedChunk chunk;
    chunk.raw_nbytes = raw->size();
    chunk.raw_checksum = codec::checksum128(*raw);
    chunk.stored = compress(*job.storage->codec, *raw);
    const bool compressed = chunk.stored.size() != raw->size();
    chunk.stored_checksum = compressed ? codec::checksum128(chunk.stored) : chunk.raw_checksum;
    return chunk;
}

/// The caller's own memory, or a copy of the bytes of a Reader, which keeps nothing in memory for it.
Result<std::span<const std::byte>> ChunkEncoder::raw_bytes(const ChunkJob& job) {
    const StorageView& view = job.storage->view;
    const std::uint64_t begin = job.number * kChunkNbytes;
    const std::uint64_t nbytes = format::chunk_raw_nbytes(view.nbytes(), job.number);
    if (detail::ViewAccess::provider(view) == nullptr) return view.bytes(begin, begin + nbytes);
    raw_.resize(kChunkNbytes);
    const auto to = std::span(raw_).first(static_cast<std::size_t>(nbytes));
    if (auto copied = view.read(begin, to); !copied) return std::move(copied).error();
    return std::span<const std::byte>(to);
}

std::span<const std::byte> ChunkEncoder::compress(const codec::CodecRow& row,
                                                  std::span<const std::byte> raw) {
    if (row.make_encoder == nullptr) return raw;
    if (encoder_ == nullptr || encoder_row_ != &row) {
        encoder_ = row.make_encoder(zstd_level_);
        encoder_row_ = &row;
        stored_.resize(kChunkNbytes);
    }
    const std::size_t nbytes = encoder_->encode(raw, stored_);
    return nbytes == 0 ? raw : std::span<const std::byte>(stored_).first(nbytes);
}

}  // namespace milepost::saving

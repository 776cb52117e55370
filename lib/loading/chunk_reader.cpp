#include "loading/chunk_reader.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include <milepost/error.hpp>
#include <milepost/result.hpp>

#include "base/aligned_buffer.hpp"
#include "base/message.hpp"
#include "codec/checksum.hpp"
#include "codec/codec.hpp"
#include "format/chunks.hpp"
#include "format/index_columns.hpp"
#include "loading/chunk_error.hpp"

namespace milepost::loading {
namespace {

using base::message;
using format::Chunk;

/// Memory of one chunk, allocated when it is first needed.
std::span<std::byte> scratch(base::AlignedBuffer& buffer, std::uint64_t nbytes) {
    if (buffer.empty()) buffer = base::AlignedBuffer(codec::kChunkNbytes);
    return buffer.bytes().first(static_cast<std::size_t>(nbytes));
}

}  // namespace

Result<std::span<const std::byte>> ChunkReader::read(std::uint32_t storage, const Chunk& chunk,
                                                     std::span<std::byte> to) {
    is_target_written_ = false;
    auto bytes = read_unplaced(storage, chunk, to);
    if (bytes) return bytes;
    if (is_target_written_) std::fill(to.begin(), to.end(), std::byte{0});
    return placed(storage, chunk, bytes.error());
}

/// The error with the place of the chunk, if it is about its bytes.
Error ChunkReader::placed(std::uint32_t storage, const Chunk& chunk, const Error& error) const {
    if (error.code() != Code::corrupt && error.condition() != Condition::read) return error;
    return chunk_error(source_.opened, storage, chunk, error.condition(), error.message());
}

Result<std::span<const std::byte>> ChunkReader::read_unplaced(std::uint32_t storage, const Chunk& chunk,
                                                              std::span<std::byte> to) {
    auto stored = stored_bytes(chunk, to);
    if (!stored) return stored;
    MILEPOST_TRY(compare(*stored, *chunk.stored_checksum, Condition::chunk_checksum, "checksum"));
    if (chunk.is_compressed()) return decode(storage, chunk, *stored, to);
    if (to.size() != chunk.raw_nbytes || stored->data() == to.data()) return stored;
    std::memcpy(to.data(), stored->data(), to.size());
    return std::span<const std::byte>(to);
}

Result<void> ChunkReader::check_stored(std::uint32_t storage, const Chunk& chunk) {
    auto stored = stored_bytes(chunk, {});
    const auto same = !stored
                          ? Result<void>(std::move(stored).error())
                          : compare(*stored, *chunk.stored_checksum, Condition::chunk_checksum, "checksum");
    return same ? same : Result<void>(placed(storage, chunk, same.error()));
}

Result<std::span<const std::byte>> ChunkReader::stored_bytes(const Chunk& chunk, std::span<std::byte> to) {
    const std::span<const std::byte> mapped = source_.file.mapped();
    if (!mapped.empty()) {
        return mapped.subspan(static_cast<std::size_t>(chunk.offset),
                              static_cast<std::size_t>(chunk.stored_nbytes));
    }
    const bool fits = !chunk.is_compressed() && to.size() == chunk.raw_nbytes;
    const auto stored = fits ? to : scratch(stored_, chunk.stored_nbytes);
    is_target_written_ = fits;
    if (auto read = source_.file.source().read(chunk.offset, stored); !read) {
        MILEPOST_TRY(source_.file.check_unchanged());
        return std::move(read).error();
    }
    return std::span<const std::byte>(stored);
}

Result<std::span<const std::byte>> ChunkReader::decode(std::uint32_t storage, const Chunk& chunk,
                                                       std::span<const std::byte> stored,
                                                       std::span<std::byte> to) {
    const format::CodecRecord codec = source_.opened.index.codec_of(storage);
    if (decoder_ == nullptr || decoder_codec_ != codec) {
        // Rules 31 and 32: the codec is known, and its parameter is defined.
        decoder_ = codec::find_codec(codec.code)->make_decoder(codec.parameter);
        decoder_codec_ = codec;
    }
    const bool fits = to.size() == chunk.raw_nbytes;
    const auto raw = fits ? to : scratch(raw_, chunk.raw_nbytes);
    is_target_written_ = fits;
    if (const auto failure = decoder_->decode(stored, raw)) return damage(failure->condition, failure->what);
    MILEPOST_TRY(
        compare(raw, *chunk.raw_checksum, Condition::content_checksum, "checksum of the decoded bytes"));
    return std::span<const std::byte>(raw);
}

Result<void> ChunkReader::compare(std::span<const std::byte> bytes, const format::Digest& expected,
                                  Condition condition, std::string_view what) const {
    if (!source_.compare_checksums) return {};
    const codec::Digest found = codec::checksum128(bytes);
    if (found == expected) return {};
    return damage(condition,
                  message(what, " expected ", codec::to_hex(expected), ", found ", codec::to_hex(found)));
}

Error ChunkReader::damage(Condition condition, std::string_view what) const {
    MILEPOST_TRY(source_.file.check_unchanged());
    return Error(condition, std::string(what));
}

}  // namespace milepost::loading

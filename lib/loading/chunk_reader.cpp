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
#include "codec/hashing_copy.hpp"
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
                                                     std::span<std::byte> to,
                                                     std::span<const std::byte> stored,
                                                     codec::TargetMemory memory) {
    is_target_written_ = false;
    auto bytes = read_unplaced(storage, chunk, to, stored, memory);
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
                                                              std::span<std::byte> to,
                                                              std::span<const std::byte> stored,
                                                              codec::TargetMemory memory) {
    if (stored.empty()) {
        MILEPOST_TRY_ASSIGN(stored, stored_bytes(chunk, to));
    }
    const bool fits = to.size() == chunk.raw_nbytes;
    if (!chunk.is_compressed() && fits && stored.data() != to.data()) return copy(chunk, stored, to);
    MILEPOST_TRY(check_stored(chunk, stored));
    if (chunk.is_compressed()) return decode(storage, chunk, stored, to, memory);
    return stored;
}

Result<void> ChunkReader::check_stored(std::uint32_t storage, const Chunk& chunk,
                                       std::span<const std::byte> stored) {
    const auto checked = [&]() -> Result<void> {
        if (stored.empty()) {
            MILEPOST_TRY_ASSIGN(stored, stored_bytes(chunk, {}));
        }
        return check_stored(chunk, stored);
    }();
    return checked ? checked : Result<void>(placed(storage, chunk, checked.error()));
}

Result<void> ChunkReader::check_stored(const Chunk& chunk, std::span<const std::byte> stored) const {
    if (!source_.compare_checksums) return {};
    return compare(codec::checksum128(stored), *chunk.stored_checksum, Condition::chunk_checksum, "checksum");
}

/// A chunk that is stored raw, to its place.
Result<std::span<const std::byte>> ChunkReader::copy(const Chunk& chunk, std::span<const std::byte> stored,
                                                     std::span<std::byte> to) {
    is_target_written_ = true;
    if (source_.compare_checksums) {
        MILEPOST_TRY(compare(hashing_copy_.copy(stored, to), *chunk.stored_checksum,
                             Condition::chunk_checksum, "checksum"));
    } else {
        std::memcpy(to.data(), stored.data(), to.size());
    }
    return std::span<const std::byte>(to);
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
                                                       std::span<std::byte> to, codec::TargetMemory memory) {
    const format::CodecRecord codec = source_.opened.index.codec_of(storage);
    if (decoder_ == nullptr || decoder_codec_ != codec) {
        // Rules 31 and 32: the codec is known, and its parameter is defined.
        decoder_ = codec::find_codec(codec.code)->make_decoder(codec.parameter);
        decoder_codec_ = codec;
    }
    const bool fits = to.size() == chunk.raw_nbytes;
    const auto raw = fits ? to : scratch(raw_, chunk.raw_nbytes);
    is_target_written_ = fits;
    if (!fits) memory = codec::TargetMemory::any;  // that of raw_ is in the cache
    if (const auto failure = decoder_->decode(stored, raw, memory))
        return damage(failure->condition, failure->what);
    if (source_.compare_checksums) {
        MILEPOST_TRY(compare(codec::checksum128(raw), *chunk.raw_checksum, Condition::content_checksum,
                             "checksum of the decoded bytes"));
    }
    return std::span<const std::byte>(raw);
}

Result<void> ChunkReader::compare(const codec::Digest& found, const format::Digest& expected,
                                  Condition condition, std::string_view what) const {
    if (found == expected) return {};
    return damage(condition,
                  message(what, " expected ", codec::to_hex(expected), ", found ", codec::to_hex(found)));
}

Error ChunkReader::damage(Condition condition, std::string_view what) const {
    MILEPOST_TRY(source_.file.check_unchanged());
    return Error(condition, std::string(what));
}

}  // namespace milepost::loading

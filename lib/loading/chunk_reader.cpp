#include "loading/chunk_reader.hpp"

#include <cstring>

#include "base/message.hpp"
#include "codec/checksum.hpp"
#include "core/text.hpp"
#include "format/paths.hpp"

namespace milepost::loading {
namespace {

using base::message;
using codec::kChunkNbytes;
using format::Chunk;

ChunkOutcome fault(Condition condition, std::string what) {
    return {{}, ChunkFault{condition, std::move(what)}, {}};
}

std::string hash_mismatch(std::string_view what, const codec::Digest& expected, const codec::Digest& found) {
    return message(what, " expected ", codec::to_hex(expected), ", found ", codec::to_hex(found));
}

/// Memory of one chunk, made at the first need.
std::span<std::byte> scratch(base::AlignedBuffer& buffer, std::uint64_t nbytes) {
    if (buffer.empty()) buffer = base::AlignedBuffer(kChunkNbytes);
    return buffer.bytes().first(static_cast<std::size_t>(nbytes));
}

}  // namespace

ChunkOutcome ChunkReader::stored_bytes(const Chunk& chunk, std::span<std::byte> to) {
    if (!bytes_.mapped.empty()) {
        return {bytes_.mapped.subspan(static_cast<std::size_t>(chunk.offset),
                                      static_cast<std::size_t>(chunk.stored_nbytes)),
                {},
                {}};
    }
    const auto stored =
        !chunk.is_compressed() && to.size() == chunk.raw_nbytes ? to : scratch(stored_, chunk.stored_nbytes);
    if (auto read = bytes_.source.read(chunk.offset, stored); !read) return {{}, {}, std::move(read).error()};
    return {stored, {}, {}};
}

ChunkOutcome ChunkReader::decode(std::uint32_t storage, const Chunk& chunk, std::span<const std::byte> stored,
                                 std::span<std::byte> to) {
    const std::uint8_t code = bytes_.opened.index.codec_of(storage).code;
    if (decoder_ == nullptr || decoder_codec_ != code) {
        decoder_ = codec::find_codec(code)->make_decoder();  // rule 31: the codec is known
        decoder_codec_ = code;
    }
    const auto raw = to.size() == chunk.raw_nbytes ? to : scratch(raw_, chunk.raw_nbytes);
    if (const auto failure = decoder_->decode(stored, raw))
        return fault(failure->condition, std::string(failure->what));
    if (!bytes_.check) return {raw, {}, {}};
    const codec::Digest found = codec::checksum128(raw);
    if (found == *chunk.raw_checksum) return {raw, {}, {}};
    return fault(Condition::content_checksum,
                 hash_mismatch("checksum of the decoded bytes", *chunk.raw_checksum, found));
}

ChunkOutcome ChunkReader::check(std::uint32_t storage, const Chunk& chunk, std::span<std::byte> to) {
    ChunkOutcome outcome = stored_bytes(chunk, to);
    if (!outcome.ok()) return outcome;
    if (bytes_.check) {
        const codec::Digest found = codec::checksum128(outcome.raw);
        if (found != *chunk.stored_checksum) {
            return fault(Condition::chunk_checksum, hash_mismatch("checksum", *chunk.stored_checksum, found));
        }
    }
    if (chunk.is_compressed()) return decode(storage, chunk, outcome.raw, to);
    if (to.size() == chunk.raw_nbytes && outcome.raw.data() != to.data()) {
        std::memcpy(to.data(), outcome.raw.data(), to.size());
        outcome.raw = to;
    }
    return outcome;
}

std::vector<std::string> tensors_in_chunk(const OpenedIndex& opened, std::uint32_t storage,
                                          const Chunk& chunk) {
    const format::Index& index = opened.index;
    const std::uint64_t begin = chunk.number * kChunkNbytes;
    std::vector<std::string> paths;
    for (std::uint32_t i = 0; i < index.tensor_layouts.size(); ++i) {
        if (index.storage_of(i) != storage) continue;
        const std::uint64_t offset = index.offset_of(i);
        const std::uint64_t reach = opened.offsets.layout_extent[index.tensor_layouts[i]];
        const bool overlaps = offset < begin + chunk.raw_nbytes && offset + reach > begin;
        if (overlaps) paths.push_back(format::tensor_path(index, opened.offsets, i));
    }
    return paths;
}

Error chunk_error(const OpenedIndex& opened, std::uint32_t storage, const Chunk& chunk,
                  const ChunkFault& fault) {
    const std::vector<std::string> tensors = tensors_in_chunk(opened, storage, chunk);
    std::string who = tensors.empty() ? message("storage ", storage) : core::printable(tensors.front());
    if (tensors.size() > 1) who += message(" and ", tensors.size() - 1, " more");
    return Error(fault.condition, message(who, " chunk ", chunk.number, ", bytes ", chunk.offset, "..",
                                          chunk.offset + chunk.stored_nbytes, ": ", fault.what));
}

}  // namespace milepost::loading

#include <doctest/doctest.h>

#include <cstddef>
#include <cstdint>
#include <span>

#include <milepost/options.hpp>

#include "base/checked.hpp"
#include "codec/checksum.hpp"
#include "format/chunks.hpp"
#include "format/validate.hpp"
#include "support/memory.hpp"
#include "support/reseal.hpp"
#include "support/samples.hpp"

using namespace milepost;
using namespace milepost::format;

namespace {

constexpr std::uint64_t kChunk = codec::kChunkNbytes;

/// Walks all storages of a file: each chunk begins where the one before ended, and has its checksum.
void check_chunks(Codec codec) {
    const auto file = testing::save_bytes(testing::many_chunks(), {.codec = codec});
    REQUIRE(file);
    const auto parts = testing::take_apart(*file);
    const auto footer = testing::last_footer(*file);
    REQUIRE(parts);
    const Index index = parts->columns.index();
    const auto offsets = validate(index, {footer->placement.index_offset, parts->header.alignment}, Limits());
    REQUIRE(offsets);
    std::size_t chunks = 0;
    for (std::uint32_t storage = 0; storage < index.storage_count(); ++storage) {
        std::uint64_t raw = 0, next = offsets->storage_begin[storage];
        ChunkIterator each(index, *offsets, storage);
        for (; !each.done(); each.next(), ++chunks) {
            const Chunk& chunk = each.chunk();
            CHECK(chunk.offset == next);
            const auto stored = std::span(*file).subspan(static_cast<std::size_t>(chunk.offset),
                                                         static_cast<std::size_t>(chunk.stored_nbytes));
            CHECK((codec::checksum128(stored) == *chunk.stored_checksum));
            CHECK(chunk.raw_nbytes ==
                  chunk_raw_nbytes(offsets->storage_nbytes(index, storage), chunk.number));
            ChunkIterator direct(index, *offsets, storage);
            direct.skip_to(chunk.number);
            CHECK(direct.chunk().offset == chunk.offset);
            CHECK(direct.chunk().stored_checksum == chunk.stored_checksum);
            CHECK(direct.chunk().raw_checksum == chunk.raw_checksum);
            raw += chunk.raw_nbytes;
            next = base::align_up(chunk.offset + chunk.stored_nbytes, kChunkAlignment);
        }
        CHECK(raw == offsets->storage_nbytes(index, storage));
        CHECK(each.chunk().number == chunk_count(*offsets, storage));
    }
    CHECK(chunks == index.stored_checksums.size());
    CHECK(chunks > index.storage_count());
}

}  // namespace

TEST_CASE("chunks: as many as whole and begun MiB") {
    CHECK(chunk_count(0) == 0);
    CHECK(chunk_count(1) == 1);
    CHECK(chunk_count(kChunk) == 1);
    CHECK(chunk_count(kChunk + 1) == 2);
    CHECK(chunk_count((std::uint64_t{1} << 63U) - 1) == std::uint64_t{1} << 43U);
    CHECK(chunk_raw_nbytes(1, 0) == 1);
    CHECK(chunk_raw_nbytes(kChunk + 5, 0) == kChunk);
    CHECK(chunk_raw_nbytes(kChunk + 5, 1) == 5);
}

TEST_CASE("chunks: raw ones follow each other, each with its checksum") {
    check_chunks(Codec::raw);
}

TEST_CASE("chunks: compressed ones follow each other, each with its checksum") {
    check_chunks(Codec::zstd);
}

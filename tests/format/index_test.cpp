#include <doctest/doctest.h>

#include <algorithm>
#include <cstddef>
#include <span>
#include <vector>

#include <milepost/options.hpp>

#include "base/aligned_buffer.hpp"
#include "format/index.hpp"
#include "support/columns.hpp"
#include "support/memory.hpp"
#include "support/reseal.hpp"
#include "support/samples.hpp"

using namespace milepost;
using namespace milepost::format;

namespace {

/// The columns of a small checkpoint.
testing::Columns small_columns() {
    const auto file = testing::save_bytes(testing::small(), {.codec = Codec::zstd});
    REQUIRE(file);
    const auto parts = testing::take_apart(*file);
    REQUIRE(parts);
    return parts->columns;
}

base::AlignedBuffer aligned(std::span<const std::byte> bytes) {
    base::AlignedBuffer buffer(bytes.size());
    std::copy(bytes.begin(), bytes.end(), buffer.bytes().begin());
    return buffer;
}

}  // namespace

TEST_CASE("index: what is encoded is decoded, and encoded again the same bytes") {
    const testing::Columns columns = small_columns();
    const auto encoded = columns.index().encode(Limits());
    REQUIRE(encoded);
    const base::AlignedBuffer buffer = aligned(*encoded);
    const auto decoded = Index::decode(buffer.bytes());
    REQUIRE(decoded);
    CHECK(decoded->models.size() == columns.models.size());
    CHECK(decoded->entry_names.size() == columns.entry_names.ends.size());
    CHECK(decoded->entry_names[0] == columns.index().entry_names[0]);
    CHECK(std::equal(decoded->dims.begin(), decoded->dims.end(), columns.dims.begin(), columns.dims.end()));
    const auto again = decoded->encode(Limits());
    REQUIRE(again);
    CHECK((*again == *encoded));
}

TEST_CASE("index: columns are not copied when it is decoded") {
    const auto encoded = small_columns().index().encode(Limits());
    const base::AlignedBuffer buffer = aligned(*encoded);
    const auto decoded = Index::decode(buffer.bytes());
    REQUIRE(decoded);
    const auto* first = reinterpret_cast<const std::byte*>(decoded->dims.data());
    CHECK(first >= buffer.bytes().data());
    CHECK(first < buffer.bytes().data() + buffer.bytes().size());
}

TEST_CASE("index: the limit of its bytes holds for encoding") {
    const testing::Columns columns = small_columns();
    Limits limits;
    limits.max_index_bytes = static_cast<std::uint32_t>(columns.index().encode(Limits())->size());
    CHECK(columns.index().encode(limits));
    --limits.max_index_bytes;
    const auto encoded = columns.index().encode(limits);
    REQUIRE_FALSE(encoded);
    CHECK(encoded.error().condition() == Condition::index_bytes);
}

TEST_CASE("index: a part of the bytes, or zeros, are refused") {
    const auto encoded = small_columns().index().encode(Limits());
    for (std::size_t nbytes = 0; nbytes + 8 < encoded->size(); nbytes += 8) {
        const base::AlignedBuffer cut = aligned(std::span(*encoded).first(nbytes));
        const auto decoded = Index::decode(cut.bytes());
        REQUIRE_FALSE(decoded);
        CHECK(decoded.error().code() == Code::corrupt);
    }
    const base::AlignedBuffer zeros = aligned(std::vector<std::byte>(encoded->size()));
    CHECK_FALSE(Index::decode(zeros.bytes()));
}

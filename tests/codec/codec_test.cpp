#include <doctest/doctest.h>

#include <cstdint>

#include <milepost/options.hpp>

#include "codec/codec.hpp"

using namespace milepost;
using namespace milepost::codec;

TEST_CASE("codec: a row for each known number, and none for others") {
    for (const Codec code : {Codec::raw, Codec::zstd, Codec::planes}) {
        const CodecRow* row = find_codec(static_cast<std::uint8_t>(code));
        REQUIRE(row != nullptr);
        CHECK(row->code == code);
    }
    for (unsigned code = 3; code < 256; ++code)
        CHECK(find_codec(static_cast<std::uint8_t>(code)) == nullptr);
}

TEST_CASE("codec: raw chunks are not encoded, others have an encoder and a decoder") {
    const CodecRow& raw = *find_codec(0);
    CHECK(raw.name == "raw");
    CHECK((raw.make_encoder == nullptr));
    CHECK((raw.make_decoder == nullptr));
    CHECK_FALSE(is_compressing(0));
    const CodecRow& zstd = *find_codec(1);
    CHECK(zstd.name == "zstd");
    CHECK(zstd.make_encoder({}) != nullptr);
    CHECK(zstd.make_decoder(0) != nullptr);
    CHECK(is_compressing(1));
}

#include <doctest/doctest.h>

#include <algorithm>
#include <cstddef>
#include <initializer_list>
#include <optional>
#include <random>
#include <span>
#include <string>
#include <vector>

#include <zstd.h>

#include "codec/checksum.hpp"
#include "codec/codec.hpp"
#include "codec/zstd_codec.hpp"
#include "support/samples.hpp"

using namespace milepost;
using namespace milepost::codec;

namespace {

using Buffer = std::vector<std::byte>;

Buffer bytes_of(std::initializer_list<unsigned> numbers) {
    Buffer bytes;
    for (const unsigned number : numbers)
        bytes.push_back(static_cast<std::byte>(number));
    return bytes;
}

/// "abc" in one raw block: magic, descriptor (single segment), content size, block header, content.
Buffer small_frame() {
    return bytes_of({0x28, 0xB5, 0x2F, 0xFD, 0x20, 3, 0x19, 0, 0, 'a', 'b', 'c'});
}

/// small_frame() with another descriptor, and further bytes of the header after it.
Buffer frame_of(unsigned descriptor, std::initializer_list<unsigned> header) {
    Buffer frame = bytes_of({0x28, 0xB5, 0x2F, 0xFD, descriptor});
    const Buffer more = bytes_of(header), block = bytes_of({0x19, 0, 0, 'a', 'b', 'c'});
    frame.insert(frame.end(), more.begin(), more.end());
    frame.insert(frame.end(), block.begin(), block.end());
    return frame;
}

/// Words of a language of 300 words, some of which are frequent.
Buffer prose(std::size_t nbytes) {
    std::mt19937 random(5);
    std::vector<Buffer> words(300);
    for (Buffer& word : words) {
        for (unsigned i = 0; i < 3 + random() % 8; ++i)
            word.push_back(static_cast<std::byte>('a' + random() % 26));
        word.push_back(std::byte{' '});
    }
    Buffer bytes;
    while (bytes.size() < nbytes) {
        const Buffer& word = words[random() % (1 + random() % words.size())];
        bytes.insert(bytes.end(), word.begin(), word.end());
    }
    bytes.resize(nbytes);
    return bytes;
}

std::optional<Condition> failure_of(const Buffer& stored, std::size_t raw_nbytes = 3) {
    Buffer raw(raw_nbytes);
    const auto failure = make_zstd_decoder(0)->decode(stored, raw);
    if (!failure) return std::nullopt;
    return failure->condition;
}

}  // namespace

TEST_CASE("zstd: a round trip at each level, of sizes up to a chunk") {
    for (const int level : {1, 3, 9, 19}) {
        const auto encoder = make_zstd_encoder({.zstd_level = level});
        const auto decoder = make_zstd_decoder(0);
        for (const std::size_t nbytes :
             {std::size_t{100}, std::size_t{4097}, kChunkNbytes - 1, kChunkNbytes}) {
            const Buffer raw = testing::make_bytes(nbytes, 0);
            Buffer stored(nbytes), again(nbytes);
            const std::size_t stored_nbytes = encoder->encode(raw, stored);
            REQUIRE(stored_nbytes > 0);
            CHECK(stored_nbytes < nbytes);
            CHECK_FALSE(decoder->decode(std::span(stored).first(stored_nbytes), again));
            CHECK((again == raw));
        }
    }
}

TEST_CASE("zstd: what does not become smaller is not encoded") {
    const auto encoder = make_zstd_encoder({});
    for (const std::size_t nbytes : {std::size_t{1}, std::size_t{2}, std::size_t{5000}, kChunkNbytes}) {
        const Buffer raw = testing::make_bytes(nbytes, 1);
        Buffer stored(nbytes);
        CHECK(encoder->encode(raw, stored) == 0);
    }
}

TEST_CASE("zstd: an encoder and a decoder do not remember what came before") {
    const auto used = make_zstd_encoder({});
    const Buffer first = testing::make_bytes(50'000, 0), second(20'000, std::byte{7});
    Buffer stored(first.size()), expected(first.size());
    (void)used->encode(first, stored);
    const std::size_t nbytes = used->encode(second, stored);
    CHECK(nbytes == make_zstd_encoder({})->encode(second, expected));
    CHECK(std::equal(stored.begin(), stored.begin() + static_cast<std::ptrdiff_t>(nbytes), expected.begin()));
    const auto decoder = make_zstd_decoder(0);
    Buffer raw(3);
    CHECK(decoder->decode(bytes_of({0x28, 0xB5, 0x2F, 0xFD, 0x20, 3, 0x1F, 0, 0}), raw));
    CHECK_FALSE(decoder->decode(small_frame(), raw));
    CHECK((raw == bytes_of({'a', 'b', 'c'})));
}

TEST_CASE("zstd: a frame whose header is not allowed") {
    CHECK(failure_of(small_frame()) == std::nullopt);
    CHECK(failure_of({}) == Condition::codec_frame);
    CHECK(failure_of(bytes_of({'a', 'b', 'c', 'd', 'e', 'f', 'g'})) == Condition::codec_frame);
    CHECK(failure_of(frame_of(0x28, {3})) == Condition::codec_frame);                 // reserved bit
    CHECK(failure_of(frame_of(0x24, {3})) == Condition::codec_frame);                 // a checksum of its own
    CHECK(failure_of(frame_of(0x21, {0, 3})) == Condition::codec_frame);              // a dictionary
    CHECK(failure_of(frame_of(0x80, {0xFF, 3, 0, 0, 0})) == Condition::codec_frame);  // window above 2^27
    CHECK(failure_of(frame_of(0x00, {0x00})) == Condition::codec_size);               // no content size
}

TEST_CASE("zstd: a frame of another content size") {
    CHECK(failure_of(small_frame(), 2) == Condition::codec_size);
    CHECK(failure_of(small_frame(), 4) == Condition::codec_size);
    CHECK(failure_of(frame_of(0xE0, {3, 0, 0, 0, 0, 0, 0, 0x80})) == Condition::codec_size);
    CHECK(failure_of(frame_of(0x20, {4}), 4).has_value());  // promises 4 bytes, holds 3
    CHECK(failure_of(frame_of(0x20, {2}), 2).has_value());  // promises 2 bytes, holds 3
}

TEST_CASE("zstd: a frame that is cut, or does not fill the chunk") {
    const Buffer whole = small_frame();
    for (std::size_t nbytes = 0; nbytes < whole.size(); ++nbytes) {
        CAPTURE(nbytes);
        const auto end = whole.begin() + static_cast<std::ptrdiff_t>(nbytes);
        CHECK(failure_of({whole.begin(), end}) == Condition::codec_frame);
    }
    Buffer longer = whole;
    longer.push_back(std::byte{0});
    CHECK(failure_of(longer) == Condition::codec_frame);
    Buffer two = whole;
    const Buffer skippable = bytes_of({0x50, 0x2A, 0x4D, 0x18, 0, 0, 0, 0});
    two.insert(two.end(), skippable.begin(), skippable.end());
    CHECK(failure_of(two) == Condition::codec_frame);
}

TEST_CASE("zstd: nothing is written beyond the chunk, whatever is flipped") {
    const Buffer raw = testing::make_bytes(3000, 0);
    Buffer stored(raw.size());
    stored.resize(make_zstd_encoder({})->encode(raw, stored));
    const auto decoder = make_zstd_decoder(0);
    for (std::size_t bit = 0; bit < stored.size() * 8; ++bit) {
        Buffer flipped = stored, target(raw.size() + 1, std::byte{0x55});
        flipped[bit / 8] ^= static_cast<std::byte>(1U << bit % 8);
        const auto failure = decoder->decode(flipped, std::span(target).first(raw.size()));
        CHECK((!failure || failure->condition == Condition::codec_frame ||
               failure->condition == Condition::codec_size));
        CHECK(target.back() == std::byte{0x55});
    }
}

// zstd promises the same bytes within one version only. If this fails with another version, its bytes have
// changed: one checkpoint then gives another file than before, which is allowed, and CHANGELOG.md must tell.
// Record the new checksums here, with the version.
TEST_CASE("zstd: the stored bytes are those of a known version") {
    INFO("recorded with zstd 1.5.4, this is " << ZSTD_versionString());
    struct Row {
        int level;
        std::string stored;
    };
    for (const Row& row :
         {Row{1, "b0385198498abbb8cd0718f1905bdee1"}, Row{3, "8a40f91164ca17d0f734617b0d9f24de"},
          Row{9, "a2ca5a5cb1d6a8aca4f92c66d358f53b"}, Row{19, "8abe900a9910add9a34b0cc2ebca2436"}}) {
        CAPTURE(row.level);
        const Buffer raw = prose(kChunkNbytes);
        Buffer stored(raw.size());
        stored.resize(make_zstd_encoder({.zstd_level = row.level})->encode(raw, stored));
        CHECK(to_hex(checksum128(stored)) == row.stored);
    }
}

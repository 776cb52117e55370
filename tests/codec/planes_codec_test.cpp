#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>
#include <memory>
#include <optional>
#include <random>
#include <span>
#include <string_view>
#include <vector>

#include <milepost/error.hpp>

#include "codec/codec.hpp"
#include "codec/planes_codec.hpp"
#include "support/all_kernels.hpp"

using namespace milepost;
using namespace milepost::codec;

namespace {

using Buffer = std::vector<std::byte>;

constexpr std::uint8_t kF8 = 1, kF16 = 2, kBf16 = 3, kF32 = 4, kF64 = 5;

template <class Word>
Buffer bytes_of(const std::vector<Word>& words) {
    Buffer bytes(words.size() * sizeof(Word));
    if (!words.empty()) std::memcpy(bytes.data(), words.data(), bytes.size());
    return bytes;
}

/// The first `nbytes` bytes of N(0, 0.02) as words of that kind, of those of `cut` if that is not 0.
Buffer normal_words(std::uint8_t parameter, std::size_t nbytes, unsigned seed = 1) {
    std::mt19937 random(seed);
    std::normal_distribution<float> normal(0, 0.02F);
    Buffer bytes(nbytes + 8);
    for (std::size_t at = 0; at < nbytes;) {
        const float number = normal(random);
        const double wide = number;
        std::uint32_t word = 0;
        std::memcpy(&word, &number, sizeof word);
        const auto half = static_cast<std::uint16_t>(
            parameter == kBf16 ? word >> 16U
                               : (word >> 16U & 0x8000U) | ((((word >> 13U) - 0x1C000U) & 0x7FFFU)));
        const auto quarter = static_cast<std::uint8_t>(half >> 8U);
        const std::size_t width = parameter == kF8 ? 1 : parameter == kF64 ? 8 : parameter == kF32 ? 4 : 2;
        const void* from = parameter == kF8    ? static_cast<const void*>(&quarter)
                           : parameter == kF64 ? static_cast<const void*>(&wide)
                           : parameter == kF32 ? static_cast<const void*>(&word)
                                               : &half;
        std::memcpy(bytes.data() + at, from, width);
        at += width;
    }
    bytes.resize(nbytes);
    return bytes;
}

Buffer random_bytes(std::size_t nbytes, unsigned seed) {
    std::mt19937 random(seed);
    Buffer bytes(nbytes);
    std::generate(bytes.begin(), bytes.end(), [&] { return static_cast<std::byte>(random()); });
    return bytes;
}

/// What the encoder makes of it; empty where that is not smaller.
Buffer encode(Encoder& encoder, std::span<const std::byte> raw) {
    Buffer stored(raw.size());
    stored.resize(encoder.encode(raw, stored));
    return stored;
}

Buffer encode(std::uint8_t parameter, bool smallest, const Buffer& raw) {
    return encode(*make_planes_encoder({3, parameter, smallest}), raw);
}

std::string_view failure_of(std::uint8_t parameter, const Buffer& stored, std::size_t raw_nbytes) {
    Buffer raw(raw_nbytes);
    const Buffer exact(stored);  // memory of exactly its size: a read beyond it is seen
    const auto failure = make_planes_decoder(parameter)->decode(exact, raw);
    if (!failure) return {};
    CHECK(failure->condition == Condition::codec_frame);
    return failure->what;
}

/// Encoder and decoder with one set of kernels. Kept, because making them takes longer than a small chunk.
struct Coders {
    std::unique_ptr<Encoder> fast, smallest;
    std::unique_ptr<Decoder> decoder;
};

const std::vector<Coders>& coders_of(std::uint8_t parameter) {
    static std::array<std::vector<Coders>, 6> all;
    if (all[parameter].empty()) {
        for (const NamedKernels& named : all_kernels())
            all[parameter].push_back({make_planes_encoder({3, parameter, false}, named.kernels),
                                      make_planes_encoder({3, parameter, true}, named.kernels),
                                      make_planes_decoder(parameter, named.kernels)});
    }
    return all[parameter];
}

/// Decodes at an address `offset` after one that is aligned to 64 bytes, and looks at the bytes beside.
void check_decoded(Decoder& decoder, const Buffer& stored, const Buffer& raw, std::size_t offset,
                   TargetMemory memory) {
    Buffer room(raw.size() + 192, std::byte{0x55});
    const auto address = reinterpret_cast<std::uintptr_t>(room.data());
    const auto begin = static_cast<std::ptrdiff_t>(64 - address % 64 + offset);
    const auto end = begin + static_cast<std::ptrdiff_t>(raw.size());
    CHECK_FALSE(
        decoder.decode(stored, std::span(room).subspan(64 - address % 64 + offset, raw.size()), memory)
            .has_value());
    CHECK(std::equal(raw.begin(), raw.end(), room.begin() + begin));
    const auto is_same = [](std::byte byte) { return byte == std::byte{0x55}; };
    CHECK(std::all_of(room.begin(), room.begin() + begin, is_same));
    CHECK(std::all_of(room.begin() + end, room.end(), is_same));
}

/// Encodes and decodes with all kernels. Returns the stored size.
std::size_t check_round_trip(std::uint8_t parameter, const Buffer& raw) {
    std::size_t least = raw.size();
    Buffer odd(raw.size() + 1);  // the same at an odd address
    std::copy(raw.begin(), raw.end(), odd.begin() + 1);
    for (const bool smallest : {false, true}) {
        const auto encoder_of = [&](const Coders& of) -> Encoder& {
            return smallest ? *of.smallest : *of.fast;
        };
        const Buffer stored = encode(encoder_of(coders_of(parameter).front()), raw);
        CHECK(stored.size() <= raw.size());
        for (const Coders& coders : coders_of(parameter)) {
            CHECK(encode(encoder_of(coders), std::span(odd).subspan(1)) == stored);
            if (stored.empty()) continue;
            check_decoded(*coders.decoder, stored, raw, 0, TargetMemory::touched);
            if (raw.size() % 16 < 4) check_decoded(*coders.decoder, stored, raw, 1, TargetMemory::touched);
        }
        if (!stored.empty()) least = std::min(least, stored.size());
    }
    return least;
}

/// A block of bf16 words, as a chunk: the number of its bytes, then these.
Buffer chunk_of(const Buffer& block) {
    Buffer chunk(4);
    const auto nbytes = static_cast<std::uint32_t>(block.size());
    std::memcpy(chunk.data(), &nbytes, sizeof nbytes);
    chunk.insert(chunk.end(), block.begin(), block.end());
    return chunk;
}

/// The head of a block of planes of bf16, with these exponents.
Buffer block_of(unsigned mantissa_bits, const std::vector<unsigned>& exponents) {
    Buffer block(2 + 32);
    block[0] = std::byte{1};
    block[1] = static_cast<std::byte>(mantissa_bits);
    for (const unsigned exponent : exponents)
        block[2 + exponent / 8] |= std::byte{1} << exponent % 8;
    return block;
}

Buffer operator+(Buffer a, const std::vector<unsigned>& b) {
    for (const unsigned number : b)
        a.push_back(static_cast<std::byte>(number));
    return a;
}

}  // namespace

TEST_CASE("planes: weights become as small as their exponents allow") {
    const auto ratio = [](std::uint8_t parameter, bool smallest) {
        const Buffer raw = normal_words(parameter, kChunkNbytes);
        return static_cast<double>(raw.size()) / static_cast<double>(encode(parameter, smallest, raw).size());
    };
    CHECK(ratio(kBf16, false) > 1.505);
    CHECK(ratio(kBf16, true) > 1.52);
    CHECK(ratio(kF32, false) > 1.20);
    CHECK(ratio(kF32, true) > 1.205);
    CHECK(ratio(kF16, false) > 1.17);
    CHECK(ratio(kF64, false) > 1.8);  // floats as doubles: 29 bits of the mantissa are zero
    CHECK(ratio(kF8, false) > 1.2);
}

TEST_CASE("planes: every number of bytes up to 4,096 words, and around the ends of blocks") {
#ifdef MILEPOST_EMULATED
    constexpr std::size_t kStep = 13;  // an emulator takes minutes for all
#else
    constexpr std::size_t kStep = 1;
#endif
    for (const std::uint8_t parameter : {kF8, kF16, kBf16, kF32, kF64}) {
        const std::size_t width = parameter == kF8 ? 1 : parameter == kF64 ? 8 : parameter == kF32 ? 4 : 2;
        const Buffer all = normal_words(parameter, 4096 * width);
        for (std::size_t nbytes = 0; nbytes <= all.size(); nbytes += nbytes < 300 ? 1 : width * kStep)
            check_round_trip(parameter, {all.begin(), all.begin() + static_cast<std::ptrdiff_t>(nbytes)});
        for (const std::size_t words :
             {std::size_t{4096}, std::size_t{65535}, std::size_t{65536}, std::size_t{65537}}) {
            for (const std::size_t nbytes : {words * width, words * width + width - 1}) {
                CHECK(check_round_trip(parameter, normal_words(parameter, std::min(nbytes, kChunkNbytes))) <
                      nbytes);
            }
        }
    }
}

TEST_CASE("planes: data of other kinds") {
    for (const std::uint8_t parameter : {kF8, kF16, kBf16, kF32, kF64}) {
        const std::size_t nbytes = kChunkNbytes - 5;
        CHECK(check_round_trip(parameter, Buffer(nbytes)) < 5000);
        CHECK(check_round_trip(parameter, Buffer(nbytes, std::byte{0xFF})) < 5000);
        CHECK(check_round_trip(parameter, random_bytes(nbytes, 7)) == nbytes);
        Buffer mixed = normal_words(parameter, nbytes);  // a block that gains nothing between others
        const Buffer noise = random_bytes(nbytes / 3, 8);
        std::copy(noise.begin(), noise.end(), mixed.begin() + 100'000);
        CHECK(check_round_trip(parameter, mixed) < nbytes);
        // Zeros among weights: exponents that are too far apart to be written as bits of the word.
        Buffer pruned = normal_words(parameter, nbytes);
        for (std::size_t i = 0; i < nbytes; ++i)
            if (i / 8 % 3 == 0) pruned[i] = std::byte{0};
        CHECK(check_round_trip(parameter, pruned) < nbytes);
        CHECK(check_round_trip(parameter, {pruned.begin(), pruned.begin() + 5003}) < 5003);
        Buffer sparse = random_bytes(nbytes, 9);
        for (std::size_t i = 0; i < nbytes; ++i)
            if (i / 64 % 8 != 0) sparse[i] = std::byte{0};
        // Random doubles have more exponents than a block can have.
        const std::size_t stored_nbytes = check_round_trip(parameter, sparse);
        CHECK(stored_nbytes < (parameter == kF64 ? nbytes + 1 : nbytes / 2));
    }
    std::vector<float> special(100'000, 0.0F);
    for (std::size_t i = 0; i < special.size(); i += 3)
        special[i] =
            i % 2 == 0 ? std::numeric_limits<float>::quiet_NaN() : -std::numeric_limits<float>::infinity();
    check_round_trip(kF32, bytes_of(special));
    for (std::size_t i = 0; i < special.size(); ++i)
        special[i] = std::ldexp(1.0F + static_cast<float>(i % 97) / 97, static_cast<int>(i % 250) - 125);
    CHECK(check_round_trip(kF32, bytes_of(special)) < 4 * special.size());
    std::vector<double> wide(20'000);
    for (std::size_t i = 0; i < wide.size(); ++i)
        wide[i] = std::ldexp(1.0, static_cast<int>(i % 2000) - 1000);  // more exponents than a block can have
    check_round_trip(kF64, bytes_of(wide));
}

TEST_CASE("planes: every clause of the rules P1 to P10") {
    const auto what = [](const Buffer& block) { return failure_of(kBf16, chunk_of(block), 8); };  // 4 words
    const std::vector<unsigned> rest = {0, 0};                                                    // all are 0
    const Buffer head = block_of(0, {100, 101, 102});
    // Two code words of one bit, values 0 and 2, four bits.
    const std::vector<unsigned> code = {2, 2, 0x01, 0x01, 4, 0, 0, 0, 0b0110};
    CHECK(what(head + code + rest).empty());
    CHECK(what(head + std::vector<unsigned>{1, 0, 2, 1, 2} + rest).empty());
    CHECK(what(Buffer(1) + std::vector<unsigned>{1, 2, 3, 4, 5, 6, 7, 8}).empty());
    // P1
    CHECK(failure_of(kBf16, Buffer(3), 8) == "planes: the sizes of the blocks are cut");
    CHECK(failure_of(kBf16, chunk_of(Buffer(9)), 9) == "planes: the blocks do not fill the chunk");
    CHECK(failure_of(kBf16, chunk_of(Buffer(9)) + std::vector<unsigned>{1}, 9).empty());
    Buffer cut = chunk_of(Buffer(9));
    cut.pop_back();
    CHECK(failure_of(kBf16, cut, 8) == "planes: the blocks are cut");
    // P2, P3
    CHECK(what(Buffer(9, std::byte{2})) == "planes: the form of a block is not 0 or 1");
    CHECK(what({}) == "planes: the form of a block is not 0 or 1");
    CHECK(what(Buffer(8)) == "planes: a raw block has another size than its words");
    CHECK(what(Buffer(10)) == "planes: a raw block has another size than its words");
    // P4
    CHECK(what(Buffer(10, std::byte{1})) == "planes: the exponents of a block are cut");
    CHECK(what(head) == "a plane is cut");
    CHECK(what(head + code + rest + rest) == "planes: bytes follow the last plane of a block");
    // P5
    CHECK(what(block_of(8, {100}) + code + rest) ==
          "planes: a symbol has a number of mantissa bits that does not fit");
    CHECK(what(block_of(0, {}) + code + rest) == "planes: a block has no exponent");
    CHECK(what(block_of(7, {100, 101, 102}) + code + rest) == "planes: a block has more than 256 symbols");
    CHECK(failure_of(kF16, chunk_of(Buffer(30, std::byte{1})), 8) ==
          "planes: a symbol has a number of mantissa bits that does not fit");
    // P6
    CHECK(what(head + std::vector<unsigned>{3, 0} + rest) == "the form of a plane is not 0, 1 or 2");
    // P7
    CHECK(what(head + std::vector<unsigned>{0, 3} + rest) == "a plane has a value above its largest one");
    CHECK(what(head + std::vector<unsigned>{1, 0, 1, 2, 3} + rest) ==
          "a plane has a value above its largest one");
    CHECK(what(head + std::vector<unsigned>{2, 3, 0x01, 0x10, 4, 0, 0, 0, 0} + rest) ==
          "a code has a value above the largest one of its plane");
    const Buffer narrow = block_of(2, {100});
    CHECK(what(narrow + std::vector<unsigned>{0, 3, 0, 63}).empty());
    CHECK(what(narrow + std::vector<unsigned>{0, 3, 0, 64}) == "a plane has a value above its largest one");
    // P8
    CHECK(what(narrow + std::vector<unsigned>{0, 3, 1, 0xFF, 0xFF, 0xFF}).empty());
    const std::string_view packed = "a packed plane is cut, or a bit after it is not zero";
    CHECK(what(narrow + std::vector<unsigned>{0, 3, 1, 0xFF, 0xFF}) == packed);
    CHECK(failure_of(kBf16, chunk_of(narrow + std::vector<unsigned>{0, 3, 1, 0xFF, 0xFF, 0x03}), 6).empty());
    CHECK(failure_of(kBf16, chunk_of(narrow + std::vector<unsigned>{0, 3, 1, 0xFF, 0xFF, 0x07}), 6) ==
          packed);
    CHECK(what(head + std::vector<unsigned>{2, 2, 0x01, 0x11, 4, 0, 0, 0, 0b0110} + rest) ==
          "the half byte after the lengths of a code is not zero");
    CHECK(what(head + std::vector<unsigned>{2, 2, 0x01, 0x01, 4, 0, 0, 0, 0b10110} + rest) ==
          "a bit after those of a code is not zero");
    // P9
    CHECK(what(head + std::vector<unsigned>{2, 2, 0x11, 0x00, 4, 0, 0, 0, 0b0110} + rest) ==
          "the largest value of a code has no code word");
    CHECK(what(head + std::vector<unsigned>{2, 2, 0x01, 0x02, 4, 0, 0, 0, 0b0110} + rest) ==
          "the lengths are not those of a complete code");
    CHECK(what(head + std::vector<unsigned>{2, 0, 0x01, 4, 0, 0, 0, 0} + rest) ==
          "the lengths are not those of a complete code");
    // P10
    CHECK(what(head + std::vector<unsigned>{2, 2, 0x01, 0x01, 3, 0, 0, 0, 0b0110} + rest) ==
          "a code has more or fewer bits than its values");
    CHECK(what(head + std::vector<unsigned>{2, 2, 0x01, 0x01, 5, 0, 0, 0, 0b0110} + rest) ==
          "a code has more or fewer bits than its values");
}

TEST_CASE("planes: what is cut or changed anywhere is refused or decodes to something, in its own memory") {
    std::mt19937 random(11);
    for (const std::uint8_t parameter : {kF8, kF16, kBf16, kF32, kF64}) {
        const Buffer raw = normal_words(parameter, 9003);
        const Buffer stored = encode(parameter, true, raw);
        REQUIRE_FALSE(stored.empty());
        for (std::size_t nbytes = 0; nbytes < stored.size(); nbytes += 1 + nbytes / 40)
            CHECK_FALSE(failure_of(parameter,
                                   {stored.begin(), stored.begin() + static_cast<std::ptrdiff_t>(nbytes)},
                                   raw.size())
                            .empty());
        for (int i = 0; i < 500; ++i) {
            Buffer changed = stored;
            for (unsigned j = 0; j <= random() % 4; ++j)
                changed[random() % (i % 2 == 0 ? 200 : changed.size())] = static_cast<std::byte>(random());
            (void)failure_of(parameter, changed, raw.size());
        }
    }
}

// The stored bytes of one chunk, for every codec that compresses: one byte for the codec, five for the raw
// size, and the rest.

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "assertions.hpp"
#include "codec/codec.hpp"
#include "input.hpp"

namespace milepost::fuzz {
namespace {

using codec::CodecRow;

constexpr std::array kCodecs = {Codec::zstd};

/// Memory of exactly one size, so that AddressSanitizer sees one byte too many, filled beforehand.
struct Target {
    Target(std::size_t nbytes, std::byte fill) : data(new std::byte[nbytes]), bytes(data.get(), nbytes) {
        std::fill(bytes.begin(), bytes.end(), fill);
    }
    std::unique_ptr<std::byte[]> data;
    std::span<std::byte> bytes;
};

void check_failure(const codec::DecodeFailure& failure) {
    require(failure.condition == Condition::codec_frame || failure.condition == Condition::codec_size,
            "a decoder fails with codec_frame or codec_size");
    check_error(Error(failure.condition, std::string(failure.what)));
}

/// What was decoded is a chunk like any other: it can be stored again.
void check_encoded_again(const CodecRow& row, codec::Decoder& decoder, std::span<const std::byte> raw) {
    std::vector<std::byte> stored(raw.size());
    const std::size_t nbytes = row.make_encoder(1)->encode(raw, stored);
    if (nbytes == 0) return;
    require(nbytes < raw.size(), "a chunk is stored compressed only if that is smaller");
    Target again(raw.size(), std::byte{0x33});
    const auto failure = decoder.decode(std::span(stored).first(nbytes), again.bytes);
    require(!failure && std::equal(raw.begin(), raw.end(), again.bytes.begin()),
            "decode gives what was encoded");
}

void decode(const CodecRow& row, std::span<const std::byte> stored, std::size_t raw_nbytes) {
    const auto decoder = row.make_decoder();
    Target first(raw_nbytes, std::byte{0xAA}), second(raw_nbytes, std::byte{0x55});
    const auto failure = decoder->decode(stored, first.bytes);
    const auto again = decoder->decode(stored, second.bytes);
    require(failure.has_value() == again.has_value(), "a decoder remembers nothing");
    if (failure) {
        check_failure(*failure);
        require(failure->condition == again->condition && failure->what == again->what,
                "the same bytes give the same failure");
        return;
    }
    require(std::equal(first.bytes.begin(), first.bytes.end(), second.bytes.begin()),
            "every byte is written by the decoder");
    check_encoded_again(row, *decoder, first.bytes);
}

}  // namespace
}  // namespace milepost::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t nbytes) {
    using namespace milepost;
    fuzz::Input input(data, nbytes);
    const auto code = fuzz::kCodecs[input.below(fuzz::kCodecs.size())];
    // Mostly small: a fuzzer that fills MiBs finds little.
    const std::size_t size = input.number<std::uint32_t>() % codec::kChunkNbytes;
    const std::size_t raw_nbytes = (size >> input.below(21)) + 1;
    fuzz::decode(*codec::find_codec(static_cast<std::uint8_t>(code)), input.rest(), raw_nbytes);
    return 0;
}

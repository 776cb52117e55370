// The stored bytes of one chunk, for every codec that compresses: one byte for the codec, five for the raw
// size, and the rest.

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "assertions.hpp"
#include "codec/codec.hpp"
#include "codec/planes_codec.hpp"
#include "input.hpp"
#include "support/all_kernels.hpp"

namespace milepost::fuzz {
namespace {

using codec::CodecRow;

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

/// A decoder of planes with other kernels than the best ones.
struct OtherKernels {
    std::unique_ptr<codec::Encoder> encoder;
    std::unique_ptr<codec::Decoder> decoder;
};

/// What works on one codec's chunks, kept from one input to the next, as a thread keeps it for all its
/// chunks.
struct Worker {
    explicit Worker(Codec code, std::uint8_t its_parameter = 0, bool smallest = false)
        : row(*codec::find_codec(static_cast<std::uint8_t>(code))),
          parameter(its_parameter),
          encoder(row.make_encoder({1, its_parameter, smallest})),
          decoder(row.make_decoder(its_parameter)) {
        if (code != Codec::planes) return;
        for (const codec::NamedKernels& named : codec::all_kernels())
            others.push_back({codec::make_planes_encoder({1, parameter, smallest}, named.kernels),
                              codec::make_planes_decoder(parameter, named.kernels)});
    }
    const CodecRow& row;
    std::uint8_t parameter;
    std::unique_ptr<codec::Encoder> encoder;
    std::unique_ptr<codec::Decoder> decoder;
    std::vector<OtherKernels> others;
};

/// What was decoded is a chunk like any other: it can be stored again.
void check_encoded_again(const Worker& worker, std::span<const std::byte> raw) {
    std::vector<std::byte> stored(raw.size());
    const std::size_t nbytes = worker.encoder->encode(raw, stored);
    for (const OtherKernels& other : worker.others) {
        std::vector<std::byte> same(raw.size());
        require(
            other.encoder->encode(raw, same) == nbytes &&
                std::equal(same.begin(), same.begin() + static_cast<std::ptrdiff_t>(nbytes), stored.begin()),
            "all kernels give the same bytes");
    }
    if (nbytes == 0) return;
    require(nbytes < raw.size(), "a chunk is stored compressed only if that is smaller");
    Target again(raw.size(), std::byte{0x33});
    const auto failure = worker.decoder->decode(std::span(stored).first(nbytes), again.bytes);
    require(!failure && std::equal(raw.begin(), raw.end(), again.bytes.begin()),
            "decode gives what was encoded");
}

void decode(const Worker& worker, std::span<const std::byte> stored, std::size_t raw_nbytes) {
    Target first(raw_nbytes, std::byte{0xAA}), second(raw_nbytes, std::byte{0x55});
    const auto failure = worker.decoder->decode(stored, first.bytes);
    const auto again = worker.row.make_decoder(worker.parameter)->decode(stored, second.bytes);
    require(failure.has_value() == again.has_value(), "a decoder remembers nothing");
    for (const OtherKernels& other : worker.others) {
        Target third(raw_nbytes, std::byte{0x77});
        const auto same = other.decoder->decode(stored, third.bytes, codec::TargetMemory::touched);
        require(failure ? same && failure->what == same->what : !same, "all kernels refuse the same bytes");
        require(failure || std::equal(first.bytes.begin(), first.bytes.end(), third.bytes.begin()),
                "all kernels decode alike");
    }
    if (failure) {
        check_failure(*failure);
        require(failure->condition == again->condition && failure->what == again->what,
                "the same bytes give the same failure");
        return;
    }
    require(std::equal(first.bytes.begin(), first.bytes.end(), second.bytes.begin()),
            "every byte is written by the decoder");
    check_encoded_again(worker, first.bytes);
}

std::vector<Worker> make_workers() {
    std::vector<Worker> workers;
    workers.emplace_back(Codec::zstd);
    for (std::uint8_t parameter = 1; parameter <= 5; ++parameter)
        workers.emplace_back(Codec::planes, parameter, parameter % 2 == 0);
    return workers;
}

}  // namespace
}  // namespace milepost::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t nbytes) {
    using namespace milepost;
    fuzz::Input input(data, nbytes);
    static const auto workers = fuzz::make_workers();
    const fuzz::Worker& worker = workers[input.below(static_cast<unsigned>(workers.size()))];
    // Mostly small: a fuzzer that fills MiBs finds little.
    const std::size_t size = input.number<std::uint32_t>() % codec::kChunkNbytes;
    const std::size_t raw_nbytes = (size >> input.below(21)) + 1;
    fuzz::decode(worker, input.rest(), raw_nbytes);
    return 0;
}

#include "codec/codec.hpp"

#include <array>
#include <cstdint>
#include <memory>

#include <milepost/options.hpp>

#include "codec/planes_codec.hpp"
#include "codec/zstd_codec.hpp"

namespace milepost::codec {
namespace {

std::unique_ptr<Encoder> make_planes_encoder_here(const EncoderOptions& options) {
    return make_planes_encoder(options);
}

std::unique_ptr<Decoder> make_planes_decoder_here(std::uint8_t parameter) {
    return make_planes_decoder(parameter);
}

constexpr std::array kCodecs = {
    CodecRow{Codec::raw, "raw", 0, 0, nullptr, nullptr},
    CodecRow{Codec::zstd, "zstd", 0, 0, make_zstd_encoder, make_zstd_decoder},
    CodecRow{Codec::planes, "planes", 1, 5, make_planes_encoder_here, make_planes_decoder_here},
};

}  // namespace

const CodecRow* find_codec(std::uint8_t code) noexcept {
    return code < kCodecs.size() ? &kCodecs[code] : nullptr;  // a row's place is its number
}

}  // namespace milepost::codec

#include "codec/codec.hpp"

#include <array>
#include <cstdint>

#include <milepost/options.hpp>

#include "codec/zstd_codec.hpp"

namespace milepost::codec {
namespace {

constexpr std::array kCodecs = {
    CodecRow{Codec::raw, "raw", nullptr, nullptr},
    CodecRow{Codec::zstd, "zstd", make_zstd_encoder, make_zstd_decoder},
};

}  // namespace

const CodecRow* find_codec(std::uint8_t code) noexcept {
    return code < kCodecs.size() ? &kCodecs[code] : nullptr;  // a row's place is its number
}

}  // namespace milepost::codec

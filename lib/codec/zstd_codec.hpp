#pragma once

#include <cstdint>
#include <memory>

#include "codec/codec.hpp"

namespace milepost::codec {

[[nodiscard]] std::unique_ptr<Encoder> make_zstd_encoder(const EncoderOptions& options);
[[nodiscard]] std::unique_ptr<Decoder> make_zstd_decoder(std::uint8_t parameter);

}  // namespace milepost::codec

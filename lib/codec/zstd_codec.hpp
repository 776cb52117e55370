#pragma once

#include <memory>

#include "codec/codec.hpp"

namespace milepost::codec {

[[nodiscard]] std::unique_ptr<Encoder> make_zstd_encoder(int level);
[[nodiscard]] std::unique_ptr<Decoder> make_zstd_decoder();

}  // namespace milepost::codec

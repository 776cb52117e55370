#pragma once

#include <cstdint>
#include <memory>

#include "codec/codec.hpp"

namespace milepost::codec {

/// The codec planes: docs/format.md, section 4.4. Both throw std::bad_alloc. Requires: parameters that are
/// defined.
///@{
[[nodiscard]] std::unique_ptr<Encoder> make_planes_encoder(const EncoderOptions& options);
[[nodiscard]] std::unique_ptr<Decoder> make_planes_decoder(std::uint8_t parameter);
///@}

}  // namespace milepost::codec

#pragma once

#include <cstdint>
#include <memory>

#include "codec/codec.hpp"
#include "codec/plane_kernels.hpp"

namespace milepost::codec {

/// The codec planes: docs/format.md, section 4.4. All kernels give the same bytes. Both throw std::bad_alloc.
/// Requires: parameters that are defined; a machine that can run the kernels, which are kept by reference.
///@{
[[nodiscard]] std::unique_ptr<Encoder> make_planes_encoder(const EncoderOptions& options,
                                                           const PlaneKernels& kernels = plane_kernels());
[[nodiscard]] std::unique_ptr<Decoder> make_planes_decoder(std::uint8_t parameter,
                                                           const PlaneKernels& kernels = plane_kernels());
///@}

}  // namespace milepost::codec

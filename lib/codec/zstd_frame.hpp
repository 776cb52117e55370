#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "codec/codec.hpp"

namespace milepost::codec {

/// Checks the structure of one zstd frame without decoding it: the frame header, every block header, the
/// literals section header and the sequences section header of every compressed block. docs/format.md,
/// section 4.3, lists the checks; they come before the decoder, so that a verdict on them does not depend on
/// its version.
/// Returns the first violation in the order of the bytes, or nothing. Reads only within `frame`, whatever
/// its bytes are.
[[nodiscard]] std::optional<DecodeFailure> check_zstd_frame(std::span<const std::byte> frame,
                                                            std::uint64_t raw_nbytes) noexcept;

}  // namespace milepost::codec

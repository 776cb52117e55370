#pragma once

#include <cstddef>
#include <span>

namespace milepost::convert {

/// Inflates a stream with the header and the checksum of zlib, for formats that have these outside of
/// archives. Whether it is sound and becomes exactly as many bytes as `to` has. Throws std::bad_alloc.
[[nodiscard]] bool inflate_stream(std::span<const std::byte> from, std::span<std::byte> to);

}  // namespace milepost::convert

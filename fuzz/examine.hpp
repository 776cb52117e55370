#pragma once

#include <cstddef>
#include <span>

namespace milepost::fuzz {

/// Opens the bytes of a file, with tight and with default limits, and, where that succeeds, uses everything
/// that a Reader gives. Asserts what must hold for any bytes.
void examine(std::span<const std::byte> file);

}  // namespace milepost::fuzz

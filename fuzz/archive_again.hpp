#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <vector>

namespace milepost::fuzz {

/// A zip archive with the same entries and right checksums: a fuzzer that changes an entry would only ever
/// test that its CRC is compared. Nothing if the bytes are not an archive, or one whose entries are large.
[[nodiscard]] std::optional<std::vector<std::byte>> archive_again(std::span<const std::byte> bytes);

}  // namespace milepost::fuzz

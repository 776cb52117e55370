#pragma once

#include <cstddef>
#include <span>
#include <vector>

namespace milepost::fuzz {

/// A file whose magics, sums and second pair are right whatever the input, so that the rules of the format
/// decide and not the checksums in front of them.
///
/// The input is a checkpoint, or only its first part, `header | storages | index copy A | footer A`: the rest
/// is made from it. Of the footer these count: index_nbytes, unless it is more than there is; the reserved
/// bytes; file_size and index_offset if the bytes 48 to 55 are the number 1, 2 (each one), or 3 (both).
/// Chunks' checksums stay as they are. An input of fewer than 128 bytes is returned as it is.
[[nodiscard]] std::vector<std::byte> reseal(std::span<const std::byte> input);

/// The input of which reseal() makes this checkpoint. Requires: a checkpoint that opens.
[[nodiscard]] std::vector<std::byte> without_second_pair(std::span<const std::byte> file);

}  // namespace milepost::fuzz

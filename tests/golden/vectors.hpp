#pragma once

#include <string>
#include <vector>

#include "golden/golden_files.hpp"

namespace milepost::golden {

/// tests/golden/vectors.json: what an implementation of docs/format.md can be tested with (appendix C): the
/// golden files with their verdicts, checksums, canonical keys, digests.
[[nodiscard]] std::string make_vectors(const std::vector<GoldenFile>& files);

}  // namespace milepost::golden

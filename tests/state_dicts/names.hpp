#pragma once

#include <string>

#include "state_dicts/random.hpp"

namespace milepost::state_dicts {

/// A name as entries and parts may have it: 1 to 4096 bytes of UTF-8 without control characters. Mostly like
/// PyTorch's ("layers.3.weight"), now and then odd.
[[nodiscard]] std::string random_name(Random& random);

/// Any text of a string value: as a name, empty, or with control characters.
[[nodiscard]] std::string random_text(Random& random);

}  // namespace milepost::state_dicts

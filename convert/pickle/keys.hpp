#pragma once

#include <vector>

#include <milepost/result.hpp>

#include "convert/pickle/objects.hpp"

namespace milepost::convert::pickle {

/// The items of a dict, keys and values by turns, or of a set, as Python has them: of two keys that are equal
/// (1, 1.0 and True are), the first one stays, with the value of the last one. Errors: corrupt/foreign for a
/// key that has no hash, unsupported/feature for one that Milepost does not have (a tensor, say);
/// limit_exceeded. Throws std::bad_alloc.
///@{
[[nodiscard]] Result<std::vector<Ref>> unique_items(Objects& objects, Ref dict);
[[nodiscard]] Result<std::vector<Ref>> unique_elements(Objects& objects, Ref set);
///@}

}  // namespace milepost::convert::pickle

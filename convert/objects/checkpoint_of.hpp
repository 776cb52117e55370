#pragma once

#include <span>
#include <string>
#include <utility>

#include <milepost/checkpoint.hpp>
#include <milepost/options.hpp>
#include <milepost/result.hpp>
#include <milepost/tensor.hpp>
#include <milepost/value.hpp>

namespace milepost::convert::objects {

/// The checkpoint that milepost.save() makes of an object in Python, and the way back: docs/design.md,
/// section 10, "The object model". Bytes of files are compared with those of Python in tests.

/// `models` are ImportOptions::models: what is at each path is taken out of the object first, and becomes a
/// model of that name after the other parts. A path has the keys of dicts and the numbers of items, with `/`
/// between them. `arrays` are the storages of tensors that are arrays of NumPy, and come back as such in
/// Python. Requires: the dicts of the object have each key once.
///
/// Errors: not_found/value if there is nothing at a path; invalid_argument/wrong_type if that is not a dict
/// whose keys are names, or is not within a dict; invalid_argument/save_name for a name that cannot be one,
/// or is taken; unsupported/feature for an object that has the key `milepost.python`. Throws std::bad_alloc.
[[nodiscard]] Result<Checkpoint> checkpoint_of(Value object,
                                               std::span<const std::pair<std::string, std::string>> models,
                                               const Limits& limits,
                                               std::span<const StorageView> arrays = {});

/// The object that milepost.load() returns in Python, but for the library of its arrays. Throws
/// std::bad_alloc.
[[nodiscard]] Value object_of(const Checkpoint& checkpoint);

}  // namespace milepost::convert::objects

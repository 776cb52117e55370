#pragma once

#include <string>
#include <vector>

#include <milepost/checkpoint.hpp>
#include <milepost/export.hpp>
#include <milepost/result.hpp>

/// This header belongs to the library milepost-convert.
namespace milepost {

/// A checkpoint of what has a path that one of the patterns matches (text.hpp), with all that is below it; or
/// of all but that. The items of dicts are chosen one by one, too. A model or an optimizer that has entries,
/// none of which stays, goes. Tensors are views of the same storages. The value kPythonRecord stays, as far
/// as the parts that it names are there.
///
///     auto weights = milepost::keep(imported->checkpoint, {"model/*"});
///
/// Throw std::bad_alloc. Threads: any.
///@{
[[nodiscard]] MILEPOST_API Checkpoint keep(const Checkpoint& from, const std::vector<std::string>& patterns);
[[nodiscard]] MILEPOST_API Checkpoint drop(const Checkpoint& from, const std::vector<std::string>& patterns);
///@}

/// Whether each pattern matches something that keep() and drop() can choose: one that does not is most likely
/// mistyped. Errors: invalid_argument/option for the first that matches nothing. Throws std::bad_alloc.
[[nodiscard]] MILEPOST_API Result<void> check_matches(const Checkpoint& checkpoint,
                                                      const std::vector<std::string>& patterns);

/// Whether one of the patterns matches. True if there are none, as in LoadOptions::only.
[[nodiscard]] MILEPOST_API bool matches_any(const std::vector<std::string>& patterns,
                                            const std::string& path);

}  // namespace milepost

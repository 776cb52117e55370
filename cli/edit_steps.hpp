#pragma once

#include <string>

#include <milepost/checkpoint.hpp>
#include <milepost/error.hpp>
#include <milepost/result.hpp>
#include <milepost/value.hpp>

namespace milepost::cli {

// Steps of `edit` beside keep() and drop() (select.hpp). Tensors are views of the old files. The value
// kPythonRecord stays, as far as the parts that it names are there.

/// Renames parts, and entries of models and values: OLD is a path with at most one `*`, NEW the new path. An
/// entry of a model stays one. Errors: invalid_argument/option if nothing matches, or for what cannot be
/// renamed so; invalid_argument/save_name if the new name is taken.
[[nodiscard]] Result<Checkpoint> rename(const Checkpoint& from, const std::string& old_path,
                                        const std::string& new_path);

/// All tensors of floats whose path matches, as another dtype of floats: converted when they are read. Tied
/// tensors stay tied. Errors: invalid_argument/option if the dtype is not f64, f32, f16 or bf16.
[[nodiscard]] Result<void> cast(Checkpoint& checkpoint, const std::string& pattern, const std::string& dtype);

/// The error for an option whose path nothing has.
[[nodiscard]] Error no_such_path(const std::string& option, const std::string& path);

/// Sets a value, a hyperparameter or an item of a dict that exists, or a new top-level value. Errors:
/// invalid_argument/option.
[[nodiscard]] Result<void> set(Checkpoint& checkpoint, const std::string& path, Value value);

/// Adds all parts of another checkpoint; models of one name are joined. Errors: invalid_argument/save_name
/// for a name that both have.
[[nodiscard]] Result<void> merge(Checkpoint& checkpoint, const Checkpoint& other);

/// A value of a JSON text. Errors: invalid_argument/option.
[[nodiscard]] Result<Value> value_of_json(const std::string& text);

}  // namespace milepost::cli

#pragma once

#include <functional>
#include <string>

#include <milepost/checkpoint.hpp>
#include <milepost/export.hpp>
#include <milepost/tensor.hpp>
#include <milepost/value.hpp>

namespace milepost {

// All values of a checkpoint with their paths (docs/format.md, section 2), whatever it was made from.
//
//     milepost::walk_tensors(checkpoint, [](const std::string& path, const milepost::TensorView& tensor) {
//         std::cout << path << ' ' << tensor.nbytes() << '\n';
//     });
//
// The order is that of a file: the models, the optimizers (groups, states, other entries), the values. A
// value comes before its parts. Keys of dicts are in the paths and are not visited. Names may contain `/`, so
// two values can have one path. Not recursive, however deep a value is. What the visitor throws passes
// through; else only std::bad_alloc is thrown.

/// Calls `visit(path, value)` for each entry, and where that returns true for each part of the value: the
/// items of lists, tuples and sets, the values and attributes of dicts. The path is valid during the call.
/// The second form may change the value that is visited; what it then holds is walked through. The third one
/// visits the entries of one optimizer, which has that name. The metadata of models are not entries.
///@{
MILEPOST_API void walk(const Checkpoint& checkpoint,
                       const std::function<bool(const std::string& path, const Value& value)>& visit);
MILEPOST_API void walk(Checkpoint& checkpoint,
                       const std::function<bool(const std::string& path, Value& value)>& visit);
MILEPOST_API void walk(const std::string& name, const OptimizerState& optimizer,
                       const std::function<bool(const std::string& path, const Value& value)>& visit);
///@}

/// Calls `visit(path, tensor)` for each tensor at any depth, those in the metadata of models last.
MILEPOST_API void walk_tensors(
    const Checkpoint& checkpoint,
    const std::function<void(const std::string& path, const TensorView& tensor)>& visit);

}  // namespace milepost

#pragma once

#include <memory>

#include <milepost/result.hpp>
#include <milepost/value.hpp>

#include "convert/pickle/objects.hpp"
#include "convert/pickle/value_of.hpp"

namespace milepost::convert::pytorch {

/// The state_dict of a module of TorchScript: its tensors, and those of its submodules, by dotted names.
/// Other attributes are left out: without the code, nobody knows what they mean. Errors: unsupported/feature
/// if the root is not a module, or one refers to itself; corrupt/foreign; limit_exceeded. Throws
/// std::bad_alloc.
[[nodiscard]] Result<Value> state_dict_of_script(const std::shared_ptr<pickle::Objects>& objects,
                                                 pickle::Ref root, pickle::Storages& storages);

}  // namespace milepost::convert::pytorch

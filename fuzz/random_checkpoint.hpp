#pragma once

#include <functional>

#include <milepost/checkpoint.hpp>

#include "input.hpp"

namespace milepost::fuzz {

/// Makes a storage from the input. What it views must outlive the checkpoint.
using MakeStorage = std::function<StorageView(Input&)>;

/// A checkpoint of models, optimizers and values of every kind, with tensors of every dtype, contiguous,
/// strided, tied and empty. Most can be saved; some break a rule that a save must find.
[[nodiscard]] Checkpoint random_checkpoint(Input& input, const MakeStorage& make_storage);

}  // namespace milepost::fuzz

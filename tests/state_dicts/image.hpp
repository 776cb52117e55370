#pragma once

#include <string>
#include <string_view>

#include <milepost/checkpoint.hpp>
#include <milepost/result.hpp>

namespace milepost::state_dicts {

/// A checkpoint as text, of which everything that a save must keep is a part: two checkpoints are the same
/// exactly if their images are. tests/state_dicts/image.py makes the same text from the second reader.
///
///     order "model" "sgd" "epoch"
///     model "model"
///     metadata null
///      "weight" = t(12:"f32":32 shape [3, 2] strides [1, 3] offset 0 role 1 grad 1 storage 0 content 0a0b..)
///     optimizer "sgd" algorithm "SGD"
///     group params 1 names - [0, 1]
///      "lr" = f:3f50624dd2f1a9fc
///     state 0
///     state extra
///     extra
///     values
///      "epoch" = i:03
///     storage 0 nbytes 24 hash 0c0d..
///
/// - Names and strings: quoted; bytes below 20, 7f, `"` and `\` as \x and two hex digits.
/// - null, true, false; i: minimal bytes of the two's complement, the lowest first; f: and c: bits, highest
///   digit first; s or b and the subtype, "text" or hex; [list]; (subtype; tuple); {set}, elements sorted by
///   their texts; d and the subtype {key: value, ...}, then @{attributes} if there are any.
/// - Tensors: code, name and bits of the dtype, shape, strides (- if contiguous), byte offset, Role,
///   requires_grad, storage by order of first appearance in this text; content: hash of the contiguous bytes
///   (- if there are more than 1024 elements).
/// - Storages: XXH3-128 of all bytes.
/// - Optimizers: after the algorithm the param keys, if there are any.
/// - Groups: the positions of `params` and `param_names` (- if there are none), indices, names.
///
/// Errors: those of reading the tensors.
[[nodiscard]] Result<std::string> image_of(const Checkpoint& checkpoint);

/// The first line in which two images differ, with its number, and both of its forms, cut to a readable part;
/// empty if they are equal.
[[nodiscard]] std::string first_difference(std::string_view expected, std::string_view found);

}  // namespace milepost::state_dicts

#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include <milepost/checkpoint.hpp>
#include <milepost/options.hpp>
#include <milepost/result.hpp>
#include <milepost/value.hpp>

namespace milepost::convert {

// What a file of named tensors becomes, as milepost.torch.save_file writes it:
//
//     model            the tensors
//     metadata         where the file has any
//     milepost.python  that loading returns the tensors
inline constexpr std::string_view kModelName = "model", kMetadataName = "metadata";

/// Whether as many tensors may be made: they count as records, and with what each takes as decoded bytes.
/// Errors: limit_exceeded/records, /decoded_bytes. Throws std::bad_alloc.
[[nodiscard]] Result<void> check_tensor_count(std::uint64_t count, const Limits& limits);

/// Adds the metadata, if there is any, the record of Python and the order to a checkpoint that has the
/// tensors in model(kModelName). Throws std::bad_alloc.
void complete_named_tensors(Checkpoint& checkpoint, std::optional<Value> metadata);

/// Whether the metadata of a model is null, or has nothing but the versions of its modules, as every
/// state_dict of PyTorch does ({"bn1": {"version": 2}}). Programs that read files of named tensors take the
/// present version; that is not counted as a loss.
[[nodiscard]] bool is_ordinary_metadata(const Value& metadata) noexcept;

}  // namespace milepost::convert

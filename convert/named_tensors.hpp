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
inline constexpr std::string_view kRecordName = "milepost.python";

/// Whether as many tensors may be made: they count as records, and with what each takes as decoded bytes.
/// Errors: limit_exceeded/records, /decoded_bytes. Throws std::bad_alloc.
[[nodiscard]] Result<void> check_tensor_count(std::uint64_t count, const Limits& limits);

/// Adds the metadata, if there is any, the record of Python and the order to a checkpoint that has the
/// tensors in model(kModelName). Throws std::bad_alloc.
void complete_named_tensors(Checkpoint& checkpoint, std::optional<Value> metadata);

}  // namespace milepost::convert

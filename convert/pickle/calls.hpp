#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include <milepost/error.hpp>
#include <milepost/result.hpp>

#include "convert/pickle/globals.hpp"
#include "convert/pickle/objects.hpp"

namespace milepost::convert::pickle {

/// The functions of the table of globals. Each checks its arguments. Errors: corrupt/foreign for arguments
/// that the function does not have; unsupported/feature for objects that Milepost does not have;
/// limit_exceeded. Throw std::bad_alloc.
///@{
[[nodiscard]] Result<Ref> call_ordered_dict(const Call& call);
[[nodiscard]] Result<Ref> call_counter(const Call& call);
[[nodiscard]] Result<Ref> call_set(const Call& call);
[[nodiscard]] Result<Ref> call_complex(const Call& call);
[[nodiscard]] Result<Ref> call_bytes(const Call& call);
[[nodiscard]] Result<Ref> call_bytearray(const Call& call);
[[nodiscard]] Result<Ref> call_encode(const Call& call);

[[nodiscard]] Result<Ref> call_size(const Call& call);
[[nodiscard]] Result<Ref> call_device(const Call& call);
[[nodiscard]] Result<Ref> call_layout(const Call& call);
[[nodiscard]] Result<Ref> call_tensor(const Call& call);
[[nodiscard]] Result<Ref> call_tensor_v2(const Call& call);
[[nodiscard]] Result<Ref> call_tensor_v3(const Call& call);
[[nodiscard]] Result<Ref> call_parameter(const Call& call);
[[nodiscard]] Result<Ref> call_parameter_with_state(const Call& call);
[[nodiscard]] Result<Ref> call_parameter_class(const Call& call);
[[nodiscard]] Result<Ref> call_tensor_class(const Call& call);
[[nodiscard]] Result<Ref> call_from_type(const Call& call);
[[nodiscard]] Result<Ref> call_typed_list(const Call& call);
/// What Milepost does not have: sparse, quantized, nested tensors and so on.
[[nodiscard]] Result<Ref> call_unsupported(const Call& call);

[[nodiscard]] Result<Ref> call_numpy_dtype(const Call& call);
[[nodiscard]] Result<Ref> call_numpy_scalar(const Call& call);
[[nodiscard]] Result<Ref> call_numpy_reconstruct(const Call& call);
[[nodiscard]] Result<Ref> call_numpy_frombuffer(const Call& call);
///@}

/// The state of an object that was made before: BUILD. Errors: as above.
///@{
[[nodiscard]] Result<void> build_attributes(Objects& objects, Ref target, Ref state);
[[nodiscard]] Result<void> build_tensor(Objects& objects, Ref target, Ref state);
[[nodiscard]] Result<void> build_numpy_dtype(Objects& objects, Ref target, Ref state);
[[nodiscard]] Result<void> build_numpy_array(Objects& objects, Ref target, Ref state);
///@}

/// The storage that a persistent id names. Errors: corrupt/foreign; unsupported/feature.
[[nodiscard]] Result<Ref> storage_of_id(Objects& objects, Ref id);

/// What arguments are read by: nothing where an object is of another type, or its number does not fit.
///@{
[[nodiscard]] std::optional<std::span<const Ref>> sequence_of(const Objects& objects, Ref ref);
[[nodiscard]] std::optional<std::uint64_t> count_of(const Objects& objects, Ref ref);
[[nodiscard]] std::optional<std::vector<std::uint64_t>> counts_of(const Objects& objects, Ref ref);
[[nodiscard]] std::optional<bool> boolean_of(const Objects& objects, Ref ref);
[[nodiscard]] std::optional<std::string_view> text_of(const Objects& objects, Ref ref);
/// Of bytes, a bytearray, or a str of Python 2.
[[nodiscard]] std::optional<std::string_view> bytes_of(const Objects& objects, Ref ref);
///@}

/// The error of a call whose arguments are not those of the function.
[[nodiscard]] Error bad_arguments(const Call& call);

}  // namespace milepost::convert::pickle

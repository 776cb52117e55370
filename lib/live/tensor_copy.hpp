#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <span>

#include <milepost/result.hpp>
#include <milepost/tensor.hpp>
#include <milepost/tensor_span.hpp>

/// The way of one tensor of a file into a live one: in blocks of some chunks, so that no copy of the tensor
/// is needed. For all functions: the shapes are equal, but that one element has one shape; the dtypes are
/// equal, or can_cast, or both is_numeric and there is one element. They throw std::bad_alloc.
namespace milepost::live {

/// Takes the bytes of a block, contiguous and in the live dtype, and the part of TensorSpan::view() that they
/// are for.
using VisitBlock =
    std::function<Result<void>(std::span<const std::byte> bytes, const TensorView& part_of_live)>;

/// Reads and converts the tensor block by block, in the order of its bytes in the file.
/// Errors: those of TensorView::copy_to; invalid_argument/wrong_type for a bool that is neither 0 nor 1;
/// mismatch/other_dtype for a number that the live dtype does not hold; those of `visit`.
[[nodiscard]] Result<void> for_each_block(const TensorView& from, const TensorSpan& to,
                                          const VisitBlock& visit);

/// Checks all that can be checked without decoding: the checksums of the stored chunks; where elements could
/// be wrong (bools, and one converted number), the elements, too. Errors: as for_each_block.
[[nodiscard]] Result<void> check_tensor(const TensorView& from, const TensorSpan& to);

/// The memory of the live tensor if it gets the bytes of the file as they are, in one piece.
[[nodiscard]] std::optional<std::span<std::byte>> plain_target(const TensorView& from,
                                                               const TensorSpan& to) noexcept;

/// Writes the tensor into the live one. Errors: as for_each_block; a part may have been written then.
[[nodiscard]] Result<void> copy_tensor(const TensorView& from, const TensorSpan& to);

/// Whether two tensors of the file have the same bytes in the dtype of the live one. Errors: as
/// for_each_block.
[[nodiscard]] Result<bool> same_bytes(const TensorView& a, const TensorView& b, const TensorSpan& to);

/// Writes a block into its part of the live tensor.
void write_block(std::span<const std::byte> bytes, const TensorView& part_of_live, const TensorSpan& to);

}  // namespace milepost::live

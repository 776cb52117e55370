#pragma once

#include <milepost/dtype.hpp>
#include <milepost/options.hpp>
#include <milepost/result.hpp>
#include <milepost/tensor.hpp>

namespace milepost::saving {

/// Whether a file can hold tensors of the dtype. A known code has the name and the size of its row; a code
/// that docs/format.md, section 6.3, sets aside has those that it is set aside for, unless the tensor is from
/// a file, which any reader accepts; the name of any other code is UTF-8 without control characters, not
/// empty, and within the limit. Errors: invalid_argument/layout, /save_name; limit_exceeded/name_bytes.
/// Throws std::bad_alloc.
[[nodiscard]] Result<void> check_dtype(const DtypeInfo& dtype, const Limits& limits,
                                       bool is_from_file = false);

/// The same for the tensor: its layout, rank, role and dtype. Errors: also limit_exceeded/rank. Throws
/// std::bad_alloc.
[[nodiscard]] Result<void> check_tensor(const TensorView& tensor, const Limits& limits);

}  // namespace milepost::saving

#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include <milepost/reader.hpp>
#include <milepost/result.hpp>
#include <milepost/tensor.hpp>
#include <milepost/value.hpp>

namespace milepost::cli {

/// Opens a file for reading. It is never mapped: no command needs views, and a failing disk then causes an
/// error instead of a signal.
[[nodiscard]] Result<Reader> open_file(const std::string& file);

/// Whether a listing shows what has a path.
using ListedPath = std::function<bool(const std::string& path)>;

using VisitTensor = std::function<void(const std::string& path, const TensorView& tensor)>;

/// Calls `visit` for every tensor that is listed, in the order of the file. Holds one at a time. Returns how
/// many they were.
std::uint64_t visit_tensors(const Reader& reader, const ListedPath& listed, const VisitTensor& visit);

/// The message for a listing without tensors. An empty list is a valid answer, but a pattern without a match
/// is more often a mistake.
[[nodiscard]] std::string nothing_text(const std::string& file, const std::string& pattern);

/// The strides of a contiguous tensor, in elements: for each dimension the product of the sizes after it (0
/// if one of them is 0). Requires: the product of the sizes that are not 0 fits, as a Reader has checked.
[[nodiscard]] Strides contiguous_strides(const Shape& shape);

/// The number of tensors in a value, at any depth.
[[nodiscard]] std::uint64_t tensor_count(const Value& value);

}  // namespace milepost::cli

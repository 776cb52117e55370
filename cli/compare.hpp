#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include <milepost/checkpoint.hpp>
#include <milepost/convert.hpp>
#include <milepost/result.hpp>
#include <milepost/tensor.hpp>

namespace milepost::cli {

/// How far the numbers of two tensors are apart.
struct Gap {
    std::uint64_t numbers = 0;  ///< that differ; elements, for dtypes without numbers
    double absolute = 0;        ///< the largest |a - b|; infinite if one is NaN or infinite and the other not
    double relative = 0;        ///< the largest |a - b| / |b|
    std::uint64_t ulps = 0;     ///< the largest, of floats of one dtype; else 0
    bool is_equal = true;       ///< all within the tolerance
};

struct Tolerance {
    double relative = 0, absolute = 0;  ///< both 0: all bits count
};

/// Compares two tensors of one shape, in blocks. Requires: equal shapes; equal dtypes if one of them has no
/// numbers. Errors: those of reading.
[[nodiscard]] Result<Gap> gap_between(const TensorView& left, const TensorView& right, Tolerance tolerance);

/// One difference between two checkpoints.
struct Difference {
    enum class Kind : std::uint8_t { removed, added, changed };
    Kind kind;
    std::string path;
    std::string left, right;  ///< what each of them has there: "f32[6, 3]", "0.001"; "" for none
    Gap gap = {};             ///< of two tensors of one shape
};

struct Comparison {
    std::uint64_t compared = 0;  ///< tensors and values that both have
    std::uint64_t differences = 0;
    std::vector<std::string> notes;  ///< what was not compared, and why
};

/// What of the checkpoints is compared, and how.
struct CompareOptions {
    Tolerance tolerance = {};
    std::vector<std::string> only = {};  ///< patterns of paths
    bool left_is_flat = false;           ///< its format holds named tensors alone
    bool right_is_flat = false;
};

/// The options for files of two formats.
[[nodiscard]] CompareOptions compare_options(FileFormat left, FileFormat right);

/// Compares all tensors and values by their paths, whatever their order, their storages and their strides.
/// Where one side holds only named tensors, the tensors of the other one are compared under the names that
/// they would have in such a file, and nothing else is. Calls `found` for each difference, first those of the
/// left side in its order, then what only the right one has; it returns false to stop. Errors: those of
/// reading tensors.
[[nodiscard]] Result<Comparison> compare(const Checkpoint& left, const Checkpoint& right,
                                         const CompareOptions& options,
                                         const std::function<bool(const Difference&)>& found);

}  // namespace milepost::cli

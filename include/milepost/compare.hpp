#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include <milepost/checkpoint.hpp>
#include <milepost/convert.hpp>
#include <milepost/export.hpp>
#include <milepost/progress.hpp>
#include <milepost/result.hpp>

/// Whether two checkpoints of any formats have the same content, and where they differ. This header belongs
/// to the library milepost-convert.
///
///     auto compared = milepost::compare(before, after, {}, [](const milepost::Difference& difference) {
///         std::puts(difference.path.c_str());
///         return true;                          // go on
///     });
///     if (!compared) return fail(compared.error());
///     if (compared->differences == 0) std::puts("same content");
namespace milepost {

/// How far the numbers of two tensors are apart.
struct Gap {
    std::uint64_t numbers = 0;  ///< that differ; elements, for dtypes without numbers
    double absolute = 0;        ///< the largest |a - b|; infinite if one is NaN or infinite and the other not
    double relative = 0;        ///< the largest |a - b| / |b|
    std::uint64_t ulps = 0;     ///< the largest, of floats of one dtype; else 0
    bool is_equal = true;       ///< all within the tolerance
};

/// Two numbers are equal if |a - b| <= absolute + relative * |b|; the default is that all bits are.
struct Tolerance {
    double relative = 0;  ///< of |b|
    double absolute = 0;  ///< of any number
};

/// One difference between two checkpoints.
struct Difference {
    /// What happened to it from the left one to the right one.
    enum class Kind : std::uint8_t { removed, added, changed };
    Kind kind;          ///< what happened
    std::string path;   ///< of the tensor or value
    std::string left;   ///< what the left one has there: "f32[6, 3]", "0.001"; "" for nothing
    std::string right;  ///< likewise
    Gap gap = {};       ///< of two tensors of one shape
};

/// What compare() found.
struct Comparison {
    std::uint64_t compared = 0;      ///< tensors and values that both have
    std::uint64_t differences = 0;   ///< for which `found` was called
    std::vector<std::string> notes;  ///< what was not compared, and why
};

/// What of the checkpoints is compared, and how.
struct CompareOptions {
    Tolerance tolerance = {};            ///< of numbers, in tensors and in values
    std::vector<std::string> only = {};  ///< patterns of paths
    bool left_is_flat = false;           ///< its format holds named tensors alone
    bool right_is_flat = false;          ///< likewise
    /// Counts the bytes of the tensors of `left`; what is not compared is counted at the end.
    ProgressCallback progress = {};
};

/// The options for files of two formats: named tensors alone are compared if one of them holds nothing else.
[[nodiscard]] MILEPOST_API CompareOptions compare_options(FileFormat left, FileFormat right);

/// Compares all tensors and values by their paths, whatever their order, their storages and their strides.
/// Where one side holds only named tensors, the tensors of the other one are compared under the names that
/// they would have in such a file, and nothing else is. Calls `found` for each difference, first those of the
/// left side in its order, then what only the right one has; it returns false to stop. Errors: those of
/// reading tensors and of `progress`; invalid_argument/option for a pattern of `only` that matches nothing in
/// either. Throws std::bad_alloc, and what `found` throws. Threads: any.
[[nodiscard]] MILEPOST_API Result<Comparison> compare(const Checkpoint& left, const Checkpoint& right,
                                                      const CompareOptions& options,
                                                      const std::function<bool(const Difference&)>& found);

}  // namespace milepost

#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include <milepost/export.hpp>
#include <milepost/result.hpp>
#include <milepost/tensor.hpp>

/// This header belongs to the library milepost-convert.
namespace milepost {

/// Of the numbers of a tensor; complex numbers count as two. NaN and infinite ones are counted and are in
/// none of the other figures.
struct Statistics {
    std::uint64_t numbers = 0;               ///< in all
    std::uint64_t nan = 0;                   ///< that are NaN
    std::uint64_t infinite = 0;              ///< of either sign
    std::uint64_t zero = 0;                  ///< of either sign; they are finite
    std::uint64_t finite = 0;                ///< neither; what follows is of these
    double least = 0;                        ///< the smallest
    double largest = 0;                      ///< the largest
    double mean = 0;                         ///< the average
    double deviation = 0;                    ///< standard deviation, of all numbers and not of a sample
    std::vector<std::uint64_t> histogram{};  ///< from `least` to `largest`, bins of one width
};

/// Reads the tensor twice, in blocks; once without bins. Requires: its dtype has numbers (number_kind).
/// Errors: those of reading; limit_exceeded/total_bytes for a view that is a thousand times larger than its
/// storage, because its rows overlap. Throws std::bad_alloc. Threads: any.
[[nodiscard]] MILEPOST_API Result<Statistics> statistics_of(const TensorView& tensor, std::size_t bins);

}  // namespace milepost

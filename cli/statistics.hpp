#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include <milepost/result.hpp>
#include <milepost/tensor.hpp>

namespace milepost::cli {

/// Of the numbers of a tensor; complex numbers count as two. NaN and infinite ones are counted and are in
/// none of the other figures.
struct Statistics {
    std::uint64_t numbers = 0;
    std::uint64_t nan = 0, infinite = 0, zero = 0;
    std::uint64_t finite = 0;
    double least = 0, largest = 0;  ///< of the finite ones, as the next two
    double mean = 0;
    double deviation = 0;                    ///< standard deviation, of all numbers and not of a sample
    std::vector<std::uint64_t> histogram{};  ///< from `least` to `largest`, bins of one width
};

/// Reads the tensor twice, in blocks. Requires: its dtype has numbers. Errors: those of reading.
[[nodiscard]] Result<Statistics> statistics_of(const TensorView& whole, std::size_t bins);

}  // namespace milepost::cli

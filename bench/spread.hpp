#pragma once

#include <vector>

namespace bench {

/// What several measurements of one thing gave. Medians and not means: one stall of the machine moves a mean.
struct Spread {
    double median = 0;
    double best = 0;   ///< the smallest one: measurements are times, or memory
    double worst = 0;  ///< the largest one
};

/// Requires: at least one value.
[[nodiscard]] Spread spread_of(std::vector<double> values);

}  // namespace bench

#include <milepost/statistics.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include <milepost/elements.hpp>
#include <milepost/result.hpp>
#include <milepost/tensor.hpp>

#include "convert/content/distinct_elements.hpp"

namespace milepost {
namespace {

Result<void> for_each_number(const TensorView& tensor, const std::function<void(double)>& visit) {
    std::vector<double> numbers;
    return tensor.read_blocks([&](std::span<const std::byte> block) -> Result<void> {
        numbers.clear();
        append_doubles(tensor.dtype().code, block, numbers);
        for (const double number : numbers)
            visit(number);
        return {};
    });
}

/// Welford's running mean and sum of squares, which do not lose digits where the mean is large.
class Moments {
public:
    void add(double number) {
        ++count_;
        const double gap = number - mean_;
        mean_ += gap / static_cast<double>(count_);
        squares_ += gap * (number - mean_);
    }
    [[nodiscard]] double mean() const { return mean_; }
    [[nodiscard]] double deviation() const {
        return count_ == 0 ? 0 : std::sqrt(squares_ / static_cast<double>(count_));
    }

private:
    std::uint64_t count_ = 0;
    double mean_ = 0, squares_ = 0;
};

void count(double number, Statistics& statistics, Moments& moments) {
    ++statistics.numbers;
    if (std::isnan(number)) {
        ++statistics.nan;
    } else if (std::isinf(number)) {
        ++statistics.infinite;
    } else {
        statistics.least = statistics.finite == 0 ? number : std::min(statistics.least, number);
        statistics.largest = statistics.finite == 0 ? number : std::max(statistics.largest, number);
        if (number == 0) ++statistics.zero;
        ++statistics.finite;
        moments.add(number);
    }
}

/// As if each number were there that often.
void repeat(Statistics& statistics, std::uint64_t times) {
    const auto multiply = [times](std::uint64_t& count) {
        count = count > UINT64_MAX / times ? UINT64_MAX : count * times;
    };
    for (std::uint64_t* count :
         {&statistics.numbers, &statistics.nan, &statistics.infinite, &statistics.zero, &statistics.finite})
        multiply(*count);
    std::for_each(statistics.histogram.begin(), statistics.histogram.end(), multiply);
}

}  // namespace

Result<Statistics> statistics_of(const TensorView& whole, std::size_t bins) {
    MILEPOST_TRY_ASSIGN(const auto distinct, convert::distinct_elements(whole));
    const TensorView& tensor = distinct.tensor;
    Statistics statistics;
    Moments moments;
    MILEPOST_TRY(for_each_number(tensor, [&](double number) { count(number, statistics, moments); }));
    statistics.mean = moments.mean();
    statistics.deviation = moments.deviation();
    // Halves, because the whole width may be above the largest double.
    const double width = statistics.largest / 2 - statistics.least / 2;
    if (statistics.finite != 0 && width != 0 && bins != 0) {
        statistics.histogram.assign(bins, 0);
        MILEPOST_TRY(for_each_number(tensor, [&](double number) {
            if (!std::isfinite(number)) return;
            const double share = (number / 2 - statistics.least / 2) / width;
            const auto bin = static_cast<std::size_t>(share * static_cast<double>(bins));
            ++statistics.histogram[std::min(bin, bins - 1)];
        }));
    }
    repeat(statistics, distinct.repeats);
    return statistics;
}

}  // namespace milepost

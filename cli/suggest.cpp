#include "suggest.hpp"

#include <algorithm>
#include <cstddef>
#include <numeric>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace milepost::cli {
namespace {

constexpr std::size_t kMaxDistance = 2;
constexpr std::size_t kMaxWord = 64;  // no name is as long; bounds the work

/// Number of letters to add, leave out, change or swap (optimal string alignment).
std::size_t distance(std::string_view a, std::string_view b) {
    std::vector<std::size_t> before_last(b.size() + 1);
    std::vector<std::size_t> last(b.size() + 1);
    std::vector<std::size_t> row(b.size() + 1);
    std::iota(last.begin(), last.end(), std::size_t{0});
    for (std::size_t i = 1; i <= a.size(); ++i) {
        row[0] = i;
        for (std::size_t j = 1; j <= b.size(); ++j) {
            const std::size_t change = a[i - 1] == b[j - 1] ? 0 : 1;
            row[j] = std::min({last[j] + 1, row[j - 1] + 1, last[j - 1] + change});
            const bool swapped = i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1];
            if (swapped) row[j] = std::min(row[j], before_last[j - 2] + 1);
        }
        std::swap(before_last, last);
        std::swap(last, row);
    }
    return last[b.size()];
}

}  // namespace

std::string suggest(std::string_view word, const std::vector<std::string>& candidates) {
    if (word.size() > kMaxWord) return "";
    std::string best;
    std::size_t best_distance = kMaxDistance + 1;
    for (const std::string& candidate : candidates) {
        const std::size_t gap = distance(word, candidate);
        if (gap < best_distance && 2 * gap <= std::max(word.size(), candidate.size())) {
            best = candidate;
            best_distance = gap;
        }
    }
    return best;
}

}  // namespace milepost::cli

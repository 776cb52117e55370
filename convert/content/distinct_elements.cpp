#include "convert/content/distinct_elements.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

#include <milepost/error.hpp>
#include <milepost/result.hpp>
#include <milepost/tensor.hpp>

#include "base/message.hpp"

namespace milepost::convert {
namespace {

/// No real view has rows that overlap so much.
constexpr std::uint64_t kMostOverlap = 1024;

bool is_repeated(const TensorView& tensor, std::size_t dim) {
    return !tensor.is_contiguous() && tensor.strides()[dim] == 0;
}

Result<void> check_size(const TensorView& tensor) {
    const std::uint64_t most = std::max<std::uint64_t>(tensor.storage().nbytes(), 1);
    if (tensor.nbytes() / kMostOverlap <= most) return {};
    return Error(Condition::total_bytes,
                 base::message("a tensor of ", tensor.nbytes(), " bytes on a storage of ",
                               tensor.storage().nbytes(), " bytes is not read"));
}

std::uint64_t saturating_product(std::uint64_t a, std::uint64_t b) {
    return b != 0 && a > UINT64_MAX / b ? UINT64_MAX : a * b;
}

}  // namespace

Result<DistinctPair> distinct_elements(const TensorView& left, const TensorView& right) {
    DistinctPair distinct{left, right};
    if (left.element_count() != 0) {
        std::vector<Range> ranges(left.rank());
        for (std::size_t dim = 0; dim < left.rank(); ++dim) {
            if (!is_repeated(left, dim) || !is_repeated(right, dim)) continue;
            ranges[dim].end = 1;
            distinct.repeats = saturating_product(distinct.repeats, left.shape()[dim]);
        }
        if (distinct.repeats != 1) {
            MILEPOST_TRY_ASSIGN(distinct.left, left.slice(ranges));
            MILEPOST_TRY_ASSIGN(distinct.right, right.slice(ranges));
        }
    }
    MILEPOST_TRY(check_size(distinct.left));
    MILEPOST_TRY(check_size(distinct.right));
    return distinct;
}

Result<DistinctElements> distinct_elements(const TensorView& tensor) {
    MILEPOST_TRY_ASSIGN(const auto pair, distinct_elements(tensor, tensor));
    return DistinctElements{pair.left, pair.repeats};
}

}  // namespace milepost::convert

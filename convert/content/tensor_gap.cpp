#include "convert/content/tensor_gap.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include <milepost/compare.hpp>
#include <milepost/dtype.hpp>
#include <milepost/elements.hpp>
#include <milepost/result.hpp>
#include <milepost/tensor.hpp>

#include "convert/content/distinct_elements.hpp"
#include "convert/progress_counter.hpp"

namespace milepost::convert {
namespace {

constexpr std::uint64_t kBlockElements = std::uint64_t{1} << 20U;

/// Any range of the elements of a tensor, in order. A strided tensor is loaded first.
class ElementRanges {
public:
    [[nodiscard]] static Result<ElementRanges> of(const TensorView& tensor) {
        ElementRanges ranges(tensor);
        if (!tensor.is_contiguous()) {
            MILEPOST_TRY_ASSIGN(ranges.loaded_, tensor.load());
        }
        return ranges;
    }

    [[nodiscard]] Result<std::span<const std::byte>> read(std::uint64_t first, std::uint64_t count) {
        const std::uint64_t bits = tensor_.dtype().bits;
        const auto begin = static_cast<std::size_t>(first * bits / 8);
        const auto nbytes = static_cast<std::size_t>(count * bits / 8);
        if (loaded_) return std::as_const(*loaded_).bytes().subspan(begin, nbytes);
        block_.resize(nbytes);
        MILEPOST_TRY(tensor_.storage().read(tensor_.offset() + begin, block_));
        return std::span<const std::byte>(block_);
    }

private:
    explicit ElementRanges(TensorView tensor) : tensor_(std::move(tensor)) {}

    TensorView tensor_;
    std::optional<Tensor> loaded_;
    std::vector<std::byte> block_;
};

/// One run of elements of both tensors.
class GapMeter {
public:
    GapMeter(const DtypeInfo& left, const DtypeInfo& right, Tolerance tolerance)
        : left_(left),
          right_(right),
          tolerance_(tolerance),
          by_bits_(left == right && tolerance.relative == 0 && tolerance.absolute == 0) {}

    void add(std::span<const std::byte> left, std::span<const std::byte> right) {
        const bool is_same =
            left_ == right_ && std::equal(left.begin(), left.end(), right.begin(), right.end());
        if (is_same) return;
        if (number_kind(left_.code) == NumberKind::none) return count_elements(left, right);
        decode(left, right);
        for (std::size_t i = 0; i < left_numbers_.size(); ++i)
            compare(i);
    }
    [[nodiscard]] const Gap& gap() const noexcept { return gap_; }

private:
    void count_elements(std::span<const std::byte> left, std::span<const std::byte> right) {
        const std::size_t nbytes = std::max<std::size_t>(1, left_.bits / 8U);
        for (std::size_t at = 0; at + nbytes <= left.size(); at += nbytes) {
            if (std::memcmp(&left[at], &right[at], nbytes) != 0) ++gap_.numbers;
        }
        gap_.is_equal = false;
    }

    void decode(std::span<const std::byte> left, std::span<const std::byte> right) {
        left_numbers_.clear();
        right_numbers_.clear();
        left_ranks_.clear();
        right_ranks_.clear();
        append_doubles(left_.code, left, left_numbers_);
        append_doubles(right_.code, right, right_numbers_);
        if (left_ != right_) return;
        append_ranks(left_.code, left, left_ranks_);
        append_ranks(right_.code, right, right_ranks_);
    }

    void compare(std::size_t i) {
        const double a = left_numbers_[i], b = right_numbers_[i];
        if (is_equal(a, b)) return;
        ++gap_.numbers;
        gap_.is_equal = false;
        const double distance = std::isnan(a) && std::isnan(b) ? 0 : std::abs(a - b);
        const double infinite = std::numeric_limits<double>::infinity();
        gap_.absolute = std::max(gap_.absolute, std::isnan(distance) ? infinite : distance);
        const double relative = b == 0 ? infinite : distance / std::abs(b);
        if (distance != 0)
            gap_.relative = std::max(gap_.relative, std::isnan(relative) ? infinite : relative);
        if (!left_ranks_.empty()) {
            const auto [low, high] = std::minmax(left_ranks_[i], right_ranks_[i]);
            gap_.ulps =
                std::max(gap_.ulps, static_cast<std::uint64_t>(high) - static_cast<std::uint64_t>(low));
        }
    }

    /// Without a tolerance -0.0 is not 0.0, and a NaN is equal to one of the same bits alone; the caller has
    /// compared the bits of the block, so these cases are looked at one by one.
    [[nodiscard]] bool is_equal(double a, double b) const noexcept {
        if (by_bits_) return std::memcmp(&a, &b, sizeof a) == 0;
        if (a == b) return true;
        if (std::isnan(a) || std::isnan(b)) return std::isnan(a) && std::isnan(b);
        return std::abs(a - b) <= tolerance_.absolute + tolerance_.relative * std::abs(b);
    }

    DtypeInfo left_, right_;
    Tolerance tolerance_;
    bool by_bits_;
    std::vector<double> left_numbers_, right_numbers_;
    std::vector<std::int64_t> left_ranks_, right_ranks_;
    Gap gap_;
};

}  // namespace

Result<Gap> gap_between(const TensorView& whole_left, const TensorView& whole_right, Tolerance tolerance,
                        ProgressCounter& progress) {
    MILEPOST_TRY_ASSIGN(const auto distinct, distinct_elements(whole_left, whole_right));
    const TensorView& left = distinct.left;
    const TensorView& right = distinct.right;
    // The strided one is read in its blocks, the other one where these are.
    const bool swapped = left.is_contiguous();
    const TensorView& driving = swapped ? right : left;
    MILEPOST_TRY_ASSIGN(auto ranges, ElementRanges::of(swapped ? left : right));
    GapMeter meter(left.dtype(), right.dtype(), tolerance);
    std::uint64_t first = 0;
    const auto compare_block = [&](std::span<const std::byte> block) -> Result<void> {
        const std::uint64_t count = block.size() * std::uint64_t{8} / driving.dtype().bits;
        MILEPOST_TRY_ASSIGN(const auto other, ranges.read(first, count));
        if (swapped) {
            meter.add(other, block);
        } else {
            meter.add(block, other);
        }
        first += count;
        return progress.add(count * left.dtype().bits / 8);
    };
    const std::uint64_t block_nbytes = std::max<std::uint64_t>(1, kBlockElements * driving.dtype().bits / 8);
    MILEPOST_TRY(driving.read_blocks(compare_block, block_nbytes));
    return meter.gap();
}

}  // namespace milepost::convert

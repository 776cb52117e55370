#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <new>
#include <span>
#include <vector>

#include <milepost/result.hpp>
#include <milepost/tensor.hpp>

#include "base/out_of_memory.hpp"

namespace milepost {
namespace {

using Take = std::function<Result<void>(std::span<const std::byte>)>;

/// The elements of a strided tensor as slices that are at most as large as a block: single indices of the
/// outer dimensions, and a range of one dimension, below which all is taken.
class StridedBlocks {
public:
    /// Requires: the tensor has elements, of whole bytes.
    StridedBlocks(const TensorView& tensor, std::uint64_t max_nbytes) : tensor_(tensor) {
        std::uint64_t below = tensor.nbytes();  // of one index of the dimension
        for (const std::uint64_t size : tensor.shape()) {
            below /= size;
            ranges_.push_back({0, 1, 1});
            if (below <= max_nbytes) break;
        }
        step_ = std::max<std::uint64_t>(1, max_nbytes / below);
        row_nbytes_ = below;
        set_last(0);
    }

    [[nodiscard]] Result<TensorView> block() const { return tensor_.slice(ranges_); }
    /// Of the largest block.
    [[nodiscard]] std::uint64_t max_block_nbytes() const noexcept {
        return std::min(step_, tensor_.shape()[ranges_.size() - 1]) * row_nbytes_;
    }

    /// Moves on; false at the end.
    bool next() {
        std::size_t dim = ranges_.size() - 1;
        if (ranges_[dim].end < tensor_.shape()[dim]) {
            set_last(ranges_[dim].end);
            return true;
        }
        set_last(0);
        while (dim-- > 0) {
            Range& range = ranges_[dim];
            range = range.end < tensor_.shape()[dim] ? Range{range.end, range.end + 1, 1} : Range{0, 1, 1};
            if (range.begin != 0) return true;
        }
        return false;
    }

private:
    void set_last(std::uint64_t begin) {
        const std::uint64_t size = tensor_.shape()[ranges_.size() - 1];
        ranges_.back() = {begin, begin + std::min(step_, size - begin), 1};
    }

    const TensorView& tensor_;
    std::vector<Range> ranges_;
    std::uint64_t step_;
    std::uint64_t row_nbytes_;
};

Result<void> read_contiguous(const TensorView& tensor, std::uint64_t max_nbytes, const Take& take) {
    const std::uint64_t nbytes = tensor.nbytes();
    const std::uint64_t element = std::max<std::uint64_t>(1, tensor.dtype().bits / 8U);
    // Three bytes hold whole elements of any size below a byte.
    const std::uint64_t unit = tensor.dtype().bits < 8 ? 3 : element;
    const std::uint64_t block_nbytes = std::max(unit, max_nbytes / unit * unit);
    std::vector<std::byte> block(static_cast<std::size_t>(std::min(nbytes, block_nbytes)));
    for (std::uint64_t at = 0; at < nbytes; at += block_nbytes) {
        const auto part =
            std::span(block).first(static_cast<std::size_t>(std::min(block_nbytes, nbytes - at)));
        MILEPOST_TRY(tensor.storage().read(tensor.offset() + at, part));
        MILEPOST_TRY(take(part));
    }
    return {};
}

Result<void> read_strided(const TensorView& tensor, std::uint64_t max_nbytes, const Take& take) {
    StridedBlocks blocks(tensor, max_nbytes);
    std::vector<std::byte> memory(static_cast<std::size_t>(blocks.max_block_nbytes()));
    do {
        MILEPOST_TRY_ASSIGN(const auto block, blocks.block());
        const auto part = std::span(memory).first(static_cast<std::size_t>(block.nbytes()));
        MILEPOST_TRY(block.copy_to(part));
        MILEPOST_TRY(take(part));
    } while (blocks.next());
    return {};
}

}  // namespace

Result<void> TensorView::read_blocks(const Take& take, std::uint64_t max_nbytes) const try {
    MILEPOST_TRY(check_layout());
    if (element_count_ == 0) return {};
    return is_contiguous() ? read_contiguous(*this, max_nbytes, take) : read_strided(*this, max_nbytes, take);
} catch (const std::bad_alloc&) {
    return base::out_of_memory();
}

}  // namespace milepost

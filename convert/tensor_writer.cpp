#include "convert/tensor_writer.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <new>
#include <span>
#include <vector>

#include <milepost/error.hpp>
#include <milepost/io.hpp>
#include <milepost/progress.hpp>
#include <milepost/result.hpp>
#include <milepost/tensor.hpp>
#include <milepost/text.hpp>

#include "base/message.hpp"

namespace milepost::convert {
namespace {

using base::message;

/// A chunk of a checkpoint: blocks that begin at its multiples decode each chunk once.
constexpr std::uint64_t kBlockNbytes = std::uint64_t{1} << 20U;

/// How a strided tensor is cut: whole below `axis`, `step` positions of it at a time. Each part but the last
/// one of an axis has more than half a block.
struct Cut {
    std::size_t axis;
    std::uint64_t step;
};

/// Requires: the layout fits a storage, and there are elements.
Cut cut_of(const TensorView& tensor) noexcept {
    std::uint64_t inner = tensor.dtype().bits / 8U;  // bytes of one position of the axis
    for (std::size_t axis = tensor.rank(); axis-- > 0;) {
        const std::uint64_t size = tensor.shape()[axis];
        if (axis == 0 || size > kBlockNbytes / inner)
            return {axis, std::max<std::uint64_t>(1, kBlockNbytes / inner)};
        inner *= size;
    }
    return {0, 1};
}

/// The next position of the parts: counts `axis` by steps, those above it by one. False after the last one.
bool next_part(std::vector<Range>& ranges, const Shape& shape, const Cut& cut) noexcept {
    for (std::size_t axis = cut.axis + 1; axis-- > 0;) {
        const std::uint64_t step = axis == cut.axis ? cut.step : 1;
        Range& range = ranges[axis];
        const bool is_last = range.end >= shape[axis];
        range.begin = is_last ? 0 : range.end;
        range.end = std::min(shape[axis], range.begin + step);
        if (!is_last) return true;
    }
    return false;
}

}  // namespace

Result<void> TensorWriter::write(const TensorView& tensor) {
    if (tensor.element_count() == 0) return {};
    if (tensor.is_contiguous()) return write(tensor.storage(), tensor.offset(), tensor.nbytes());
    return write_strided(tensor);
}

Result<void> TensorWriter::write(const StorageView& storage, std::uint64_t begin, std::uint64_t nbytes) {
    for (std::uint64_t done = 0; done < nbytes;) {
        const std::uint64_t size = std::min(nbytes - done, kBlockNbytes);
        block_.resize(static_cast<std::size_t>(size));
        MILEPOST_TRY(storage.read(begin + done, block_));
        MILEPOST_TRY(hand_over(block_));
        done += size;
    }
    return {};
}

Result<void> TensorWriter::write_strided(const TensorView& tensor) {
    MILEPOST_TRY(tensor.slice({}));  // whether its layout fits its storage
    const Cut cut = cut_of(tensor);
    std::vector<Range> ranges(cut.axis + 1, Range{0, 1});
    ranges[cut.axis].end = std::min(tensor.shape()[cut.axis], cut.step);
    do {
        MILEPOST_TRY_ASSIGN(const TensorView part, tensor.slice(ranges));
        block_.resize(static_cast<std::size_t>(part.nbytes()));
        MILEPOST_TRY(part.copy_to(block_));
        MILEPOST_TRY(hand_over(block_));
    } while (next_part(ranges, tensor.shape(), cut));
    return {};
}

Result<void> TensorWriter::hand_over(std::span<const std::byte> bytes) {
    MILEPOST_TRY(sink_.write(bytes));
    done_nbytes_ += bytes.size();
    if (!progress_) return {};
    try {
        if (progress_({done_nbytes_, total_nbytes_})) return {};
    } catch (const std::bad_alloc&) {
        throw;
    } catch (const std::exception& thrown) {
        return Error(Condition::callback,
                     message("the progress callback has thrown: ", escape(thrown.what(), 120)));
    } catch (...) {
        return Error(Condition::callback, "the progress callback has thrown");
    }
    return Error(Condition::by_caller, "the progress callback ended the call");
}

}  // namespace milepost::convert

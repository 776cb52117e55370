#include "live/tensor_copy.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <numeric>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include <milepost/dtype.hpp>
#include <milepost/error.hpp>
#include <milepost/result.hpp>
#include <milepost/tensor.hpp>
#include <milepost/tensor_span.hpp>

#include "base/message.hpp"
#include "core/gather.hpp"
#include "core/layout.hpp"
#include "live/number.hpp"

namespace milepost::live {
namespace {

using base::message;

/// Enough chunks for all threads of a copy to have some.
constexpr std::uint64_t kBlockNbytes = std::uint64_t{16} << 20U;

/// Whether the bytes can be copied as they are.
bool is_plain(const TensorView& from, const TensorSpan& to) noexcept {
    return from.dtype() == to.dtype() && to.dtype().code != Dtype::boolean;
}

/// How many indices of each dimension a block has: the dimensions that are furthest apart in the file are
/// split first, so that blocks are one after the other there.
std::vector<std::uint64_t> block_shape(const TensorView& from, std::uint64_t element_nbytes) {
    const Strides strides = from.is_contiguous() ? core::contiguous_strides(from.shape()) : from.strides();
    std::vector<std::size_t> order(from.rank());
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::stable_sort(order.begin(), order.end(),
                     [&](std::size_t a, std::size_t b) { return strides[a] > strides[b]; });
    std::vector<std::uint64_t> block = from.shape();
    std::uint64_t nbytes = from.element_count() * element_nbytes;
    for (const std::size_t dim : order) {
        if (nbytes <= kBlockNbytes) break;
        const std::uint64_t row_nbytes = nbytes / block[dim];
        block[dim] = std::max<std::uint64_t>(1, kBlockNbytes / row_nbytes);
        nbytes = row_nbytes * block[dim];
    }
    return block;
}

/// Moves to the next block; false after the last one.
bool next_block(std::vector<Range>& ranges, const Shape& shape, const std::vector<std::uint64_t>& block) {
    for (std::size_t dim = shape.size(); dim-- > 0;) {
        Range& range = ranges[dim];
        const bool is_last = range.end == shape[dim];
        range.begin = is_last ? 0 : range.end;
        range.end = range.begin + std::min(block[dim], shape[dim] - range.begin);
        if (!is_last) return true;
    }
    return false;
}

bool are_truths(std::span<const std::byte> bytes) noexcept {
    return std::all_of(bytes.begin(), bytes.end(), [](std::byte byte) { return byte <= std::byte{1}; });
}

Result<void> convert(const TensorView& from, std::span<const std::byte> bytes, const DtypeInfo& live,
                     std::span<std::byte> to) {
    if (can_cast(from.dtype().code, live.code)) {
        cast_elements(from.dtype().code, bytes, live.code, to);
        return {};
    }
    const auto number = decode_number(from.dtype().code, bytes);
    const auto element = number ? encode_number(*number, live.code) : std::nullopt;
    if (!element)
        return Error(Condition::other_dtype,
                     message("a number of dtype ", from.dtype().name, " that ", live.name, " does not hold"));
    std::memcpy(to.data(), element->data(), to.size());
    return {};
}

/// A tensor of the file in the shape of the live one, and that one; as bytes where elements are not whole
/// bytes.
struct Pair {
    TensorView from;
    TensorSpan to;
};

Pair pair_of(const TensorView& from, const TensorSpan& to) {
    if (from.dtype().bits % 8U != 0) {
        const DtypeInfo u8 = *find_dtype(Dtype::u8);
        return {{u8, {from.nbytes()}, from.storage(), from.offset()},
                {u8, {from.nbytes()}, to.memory(), to.view().offset()}};
    }
    if (from.shape() == to.shape()) return {from, to};
    return {{from.dtype(), to.shape(), from.storage(), from.offset()}, to};  // [1] may fill []
}

/// Reads blocks of a tensor in the live dtype.
class BlockReader {
public:
    explicit BlockReader(const Pair& pair) noexcept : pair_(pair) {}

    /// The bytes of the block, valid until the next call. Errors: those of for_each_block.
    Result<std::span<const std::byte>> read(const std::vector<Range>& ranges) {
        const DtypeInfo& live = pair_.to.dtype();
        MILEPOST_TRY_ASSIGN(auto part, pair_.from.slice(ranges));
        raw_.resize(static_cast<std::size_t>(part.nbytes()));
        MILEPOST_TRY(part.copy_to(raw_));
        if (live.code == Dtype::boolean && !are_truths(raw_))
            return Error(Condition::wrong_type, "a bool of the file is neither 0 nor 1");
        if (part.dtype() == live) return std::span<const std::byte>(raw_);
        converted_.resize(static_cast<std::size_t>(part.element_count()) * (live.bits / 8U));
        MILEPOST_TRY(convert(pair_.from, raw_, live, converted_));
        return std::span<const std::byte>(converted_);
    }

private:
    const Pair& pair_;
    std::vector<std::byte> raw_, converted_;
};

/// Calls visit(ranges) for each block of the tensor, in the order of its bytes in the file.
template <class Visit>
Result<void> for_each_range(const Pair& pair, Visit visit) {
    if (pair.from.element_count() == 0) return {};
    const std::uint64_t element_nbytes = std::max(pair.from.dtype().bits, pair.to.dtype().bits) / 8U;
    const std::vector<std::uint64_t> block = block_shape(pair.from, element_nbytes);
    std::vector<Range> ranges;
    ranges.reserve(block.size());
    for (const std::uint64_t size : block)
        ranges.push_back({0, size});
    do {
        if (Result<void> visited = visit(ranges); !visited) return visited;
    } while (next_block(ranges, pair.from.shape(), block));
    return {};
}

}  // namespace

Result<void> for_each_block(const TensorView& from, const TensorSpan& to, const VisitBlock& visit) {
    const Pair pair = pair_of(from, to);
    BlockReader reader(pair);
    return for_each_range(pair, [&](const std::vector<Range>& ranges) -> Result<void> {
        MILEPOST_TRY_ASSIGN(auto live, pair.to.view().slice(ranges));
        MILEPOST_TRY_ASSIGN(auto bytes, reader.read(ranges));
        return visit(bytes, live);
    });
}

Result<bool> same_bytes(const TensorView& a, const TensorView& b, const TensorSpan& to) {
    const Pair first = pair_of(a, to), second = pair_of(b, to);
    BlockReader first_reader(first), second_reader(second);
    bool same = true;
    auto compared = for_each_range(first, [&](const std::vector<Range>& ranges) -> Result<void> {
        MILEPOST_TRY_ASSIGN(auto left, first_reader.read(ranges));
        MILEPOST_TRY_ASSIGN(auto right, second_reader.read(ranges));
        same = same && std::equal(left.begin(), left.end(), right.begin(), right.end());
        return {};
    });
    if (!compared) return std::move(compared).error();
    return same;
}

Result<void> check_tensor(const TensorView& from, const TensorSpan& to) {
    const bool is_castable = can_cast(from.dtype().code, to.dtype().code);
    if (is_plain(from, to) || (is_castable && from.dtype() != to.dtype())) return from.check();
    return for_each_block(from, to, [](auto, const auto&) { return Result<void>(); });
}

std::optional<std::span<std::byte>> plain_target(const TensorView& from, const TensorSpan& to) noexcept {
    if (!is_plain(from, to) || !to.view().is_contiguous()) return std::nullopt;
    if (from.element_count() == 0) return std::span<std::byte>();
    const auto nbytes = static_cast<std::size_t>(to.view().nbytes());
    return to.memory().subspan(static_cast<std::size_t>(to.view().offset()), nbytes);
}

Result<void> copy_tensor(const TensorView& from, const TensorSpan& to) {
    if (from.element_count() == 0) return {};
    if (const auto target = plain_target(from, to)) return from.copy_to(*target);
    return for_each_block(from, to, [&](std::span<const std::byte> bytes, const TensorView& part) {
        write_block(bytes, part, to);
        return Result<void>();
    });
}

void write_block(std::span<const std::byte> bytes, const TensorView& part, const TensorSpan& to) {
    std::byte* const at = to.memory().data() + part.offset();
    if (part.is_contiguous()) {
        std::memcpy(at, bytes.data(), bytes.size());
    } else {
        core::scatter(bytes.data(), part.shape(), part.strides(), part.dtype().bits / 8U, at);
    }
}

}  // namespace milepost::live

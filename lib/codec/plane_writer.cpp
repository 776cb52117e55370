#include "codec/plane_writer.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <numeric>
#include <optional>
#include <span>

#include "base/little_endian.hpp"
#include "codec/huffman.hpp"
#include "codec/list_code.hpp"
#include "codec/list_kernels.hpp"
#include "codec/list_tree.hpp"
#include "codec/plane.hpp"
#include "codec/plane_kernels.hpp"

namespace milepost::codec {
namespace {

using ByteMap = std::array<std::uint8_t, 256>;

constexpr std::byte form_byte(PlaneForm form) noexcept {
    return static_cast<std::byte>(form);
}

std::size_t distinct_values(const Counts& counts) noexcept {
    return counts.size() - static_cast<std::size_t>(std::count(counts.begin(), counts.end(), 0U));
}

const ByteMap& same_bytes() noexcept {
    static const ByteMap same = [] {
        ByteMap made;
        std::iota(made.begin(), made.end(), std::uint8_t{0});
        return made;
    }();
    return same;
}

/// Form 2 of a plane: docs/format.md, section 4.4.
class Code {
public:
    /// Requires: two counts are not 0.
    explicit Code(const Counts& counts) noexcept
        : lengths_(huffman_lengths(counts)),
          last_(lengths_.size() - 1),
          nbits_(static_cast<std::size_t>(coded_bits(counts, lengths_))) {
        while (lengths_[last_] == 0)
            --last_;
    }

    /// Bytes of the form and all that follows.
    [[nodiscard]] std::size_t nbytes() const noexcept { return 6 + lengths_nbytes() + (nbits_ + 7) / 8; }

    std::size_t write(const ByteMap& written, std::span<const std::uint8_t> values, ListCoder& coder,
                      std::byte* to) const noexcept {
        to[0] = form_byte(PlaneForm::coded);
        to[1] = static_cast<std::byte>(last_);
        for (std::size_t i = 0; i < lengths_nbytes(); ++i) {
            const unsigned high = 2 * i + 1 > last_ ? 0U : lengths_[2 * i + 1];
            to[2 + i] = static_cast<std::byte>(lengths_[2 * i] | high << 4U);
        }
        base::store_le(to + 2 + lengths_nbytes(), static_cast<std::uint32_t>(nbits_));
        const auto tree = ListTree::make(lengths_);  // a Huffman code is complete
        ByteMap ranks{};
        for (std::size_t rank = 0; rank < tree->value_count; ++rank)
            ranks[written[tree->values[rank]]] = static_cast<std::uint8_t>(rank);
        coder.encode(*tree, ranks, values, to + 6 + lengths_nbytes());
        return nbytes();
    }

private:
    [[nodiscard]] std::size_t lengths_nbytes() const noexcept { return last_ / 2 + 1; }

    CodeLengths lengths_;
    std::size_t last_;  ///< the largest value that has a code word
    std::size_t nbits_;
};

/// What a plane is written as, where that does not depend on how values are packed: one value, or a code if
/// that gains 2 %.
std::optional<std::size_t> write_if_gains(const PlaneShape& plane, const Counts& counts,
                                          const ByteMap& written, const ValueBuffer& values, ListCoder& coder,
                                          std::byte* to) noexcept {
    if (distinct_values(counts) == 1) {
        to[0] = form_byte(PlaneForm::one_value);
        const auto only = std::find_if(counts.begin(), counts.end(), [](auto count) { return count != 0; });
        to[1] = static_cast<std::byte>(only - counts.begin());
        return 2;
    }
    const Code code(counts);
    if (code.nbytes() - 1 >= plane.packed_nbytes() / 100 * 98) return std::nullopt;
    return code.write(written, std::span(values).first(plane.count), coder, to);
}

}  // namespace

std::size_t PlaneWriter::write_symbols(const Counts& counts, const ByteMap& written, std::size_t count,
                                       ValueBuffer& values, std::byte* to) noexcept {
    const PlaneShape plane{count, kByteBits};
    if (const auto nbytes = write_if_gains(plane, counts, written, values, coder_, to)) return *nbytes;
    ByteMap symbols{};
    for (std::size_t symbol = written.size(); symbol-- > 0;)
        if (counts[symbol] != 0) symbols[written[symbol]] = static_cast<std::uint8_t>(symbol);
    kernels_.lists->map(values.data(), count, symbols.data(), values.data());
    return write_packed(plane, values, to);
}

std::size_t PlaneWriter::write(const PlaneShape& plane, const ValueBuffer& values, std::byte* to) noexcept {
    return sample_gains(plane, values) ? write_counted(plane, values, to) : write_packed(plane, values, to);
}

std::size_t PlaneWriter::write_bytes(std::size_t count, const ValueBuffer& values, std::byte* to) noexcept {
    return write_counted({count, kByteBits}, values, to);
}

std::size_t PlaneWriter::write_counted(const PlaneShape& plane, const ValueBuffer& values,
                                       std::byte* to) noexcept {
    Counts counts;
    kernels_.lists->count_values(values.data(), plane.count, counts.data());
    if (const auto nbytes = write_if_gains(plane, counts, same_bytes(), values, coder_, to)) return *nbytes;
    return write_packed(plane, values, to);
}

std::size_t PlaneWriter::write_packed(const PlaneShape& plane, const ValueBuffer& values,
                                      std::byte* to) noexcept {
    to[0] = form_byte(PlaneForm::packed);
    if (plane.bits == kByteBits)
        std::memcpy(to + 1, values.data(), plane.count);
    else
        kernels_.split->pack(values.data(), plane.count, plane.bits, reinterpret_cast<std::uint8_t*>(to + 1));
    return 1 + plane.packed_nbytes();
}

/// Whether coding promises to gain 3 % of a plane, or it has one value only. Looks at every eighth run.
bool PlaneWriter::sample_gains(const PlaneShape& plane, const ValueBuffer& values) const noexcept {
    constexpr std::size_t kRun = 64, kApart = 8 * kRun;
    if (plane.count < 8 * kApart) return true;
    std::array<std::uint8_t, kBlockWords / 8 + kListSlack> sample;
    std::size_t sampled = 0;
    for (std::size_t begin = 0; begin < plane.count; begin += kApart) {
        const std::size_t some = std::min(kRun, plane.count - begin);
        std::copy_n(values.begin() + static_cast<std::ptrdiff_t>(begin), some,
                    sample.begin() + static_cast<std::ptrdiff_t>(sampled));
        sampled += some;
    }
    Counts counts;
    kernels_.lists->count_values(sample.data(), sampled, counts.data());
    const std::size_t wanted = plane.count / 8 * plane.bits / 100 * 97;
    // No code is shorter than the entropy, and that is at least -log2 of the sum of squares of the shares. It
    // decides for random planes, for which a code would take longer than all the rest.
    std::uint64_t squares = 0;
    for (const std::uint64_t count : counts)
        squares += count * count;
    const auto all = static_cast<double>(sampled);
    if (all * std::log2(all * all / static_cast<double>(squares)) > static_cast<double>(wanted) * 1.0001)
        return false;
    return distinct_values(counts) == 1 || coded_bits(counts, huffman_lengths(counts)) < wanted;
}

}  // namespace milepost::codec

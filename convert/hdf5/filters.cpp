#include "convert/hdf5/filters.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <milepost/error.hpp>
#include <milepost/result.hpp>
#include <milepost/text.hpp>

#include "base/little_endian.hpp"
#include "base/message.hpp"
#include "convert/hdf5/checksum.hpp"
#include "convert/hdf5/cursor.hpp"
#include "convert/zip/inflate.hpp"

namespace milepost::convert::hdf5 {
namespace {

using base::message;

constexpr std::size_t kGreatestCount = 32;  // bits of a mask
/// Deflate makes at most this many bytes of one.
constexpr std::uint64_t kGreatestRatio = 1032;
/// What filters may add to a chunk that does not shrink, besides a part of its size.
constexpr std::uint64_t kGreatestOverhead = 1024;

struct FilterName {
    std::uint16_t number;
    std::string_view name;
};
constexpr std::array<FilterName, 10> kOthers = {{
    {4, "szip"},
    {5, "nbit"},
    {6, "scaleoffset"},
    {32000, "lzf"},
    {32001, "blosc"},
    {32004, "lz4"},
    {32008, "bitshuffle"},
    {32013, "zfp"},
    {32015, "zstd"},
    {32026, "blosc2"},
}};

/// "lzf (32000)".
std::string shown(std::uint64_t number, std::string_view name) {
    for (const FilterName& known : kOthers) {
        if (known.number == number) name = known.name;
    }
    return name.empty() ? std::to_string(number) : message(escape(name, 40), " (", number, ")");
}

/// Byte k of all numbers is at the k-th part; what is left over at the end stays there.
void unshuffle(std::span<const std::byte> from, std::size_t element_nbytes,
               std::span<std::byte> to) noexcept {
    const std::size_t count = from.size() / element_nbytes;
    for (std::size_t k = 0; k < element_nbytes; ++k) {
        const std::span<const std::byte> part = from.subspan(k * count, count);
        for (std::size_t i = 0; i < count; ++i)
            to[i * element_nbytes + k] = part[i];
    }
    const auto rest = static_cast<std::ptrdiff_t>(count * element_nbytes);
    std::copy(from.begin() + rest, from.end(), to.begin() + rest);
}

Error other_size(std::uint64_t found, std::uint64_t expected) {
    return Error(Condition::foreign, message("it has ", found, " bytes, expected ", expected));
}

Result<void> take_checksum(std::vector<std::byte>& bytes) {
    if (bytes.size() < kChecksumNbytes) return other_size(bytes.size(), kChecksumNbytes);
    const std::size_t nbytes = bytes.size() - kChecksumNbytes;
    const auto expected = base::load_le<std::uint32_t>(bytes.data() + nbytes);
    bytes.resize(nbytes);
    const std::uint32_t found = fletcher32(bytes);
    if (found == expected) return {};
    return Error(Condition::foreign_checksum, message("its ", nbytes, " bytes have the Fletcher checksum ",
                                                      found, ", expected ", expected));
}

Result<void> inflate_to(std::vector<std::byte>& bytes, std::uint64_t nbytes) {
    std::vector<std::byte> inflated(static_cast<std::size_t>(nbytes));
    if (!inflate_stream(bytes, inflated))
        return Error(Condition::foreign,
                     message("its deflated bytes are malformed or do not become ", nbytes, " bytes"));
    bytes = std::move(inflated);
    return {};
}

}  // namespace

Result<Filters::Step> Filters::read_step(Cursor& at, std::uint8_t version) {
    MILEPOST_TRY_ASSIGN(const std::uint64_t number, at.number(2));
    std::uint64_t name_nbytes = 0;
    if (version == 1 || number >= 256) {
        MILEPOST_TRY_ASSIGN(name_nbytes, at.number(2));
    }
    MILEPOST_TRY(at.skip(2));  // flags: whether a chunk may be stored without it
    MILEPOST_TRY_ASSIGN(const std::uint64_t count, at.number(2));
    MILEPOST_TRY_ASSIGN(Cursor name_at, at.part(version == 1 ? (name_nbytes + 7) / 8 * 8 : name_nbytes));
    MILEPOST_TRY_ASSIGN(Cursor values, at.part(4 * count));
    if (version == 1 && count % 2 != 0) MILEPOST_TRY(at.skip(4));
    if (number < 1 || number > 3) {
        MILEPOST_TRY_ASSIGN(const auto bytes, name_at.bytes(name_nbytes));
        std::string_view name(reinterpret_cast<const char*>(bytes.data()), bytes.size());
        name = name.substr(0, name.find('\0'));
        return at.unsupported(message("chunks with the filter ", shown(number, name),
                                      "; deflate (gzip), shuffle and fletcher32 are read"));
    }
    Step step{static_cast<Filter>(number), 0};
    if (step.filter != Filter::shuffle) return step;
    MILEPOST_TRY_ASSIGN(const std::uint64_t nbytes, values.number(4));
    if (nbytes == 0) return at.broken("a shuffle of elements without a byte");
    step.element_nbytes = static_cast<std::uint32_t>(nbytes);
    return step;
}

Result<Filters> Filters::read(Cursor at) {
    Filters filters;
    MILEPOST_TRY_ASSIGN(const std::uint8_t version, at.byte());
    if (version != 1 && version != 2)
        return at.unsupported(
            message("filters of version ", unsigned{version}, "; versions 1 and 2 are read"));
    MILEPOST_TRY_ASSIGN(const std::uint8_t count, at.byte());
    if (version == 1) MILEPOST_TRY(at.skip(6));
    if (count > kGreatestCount) return at.broken(message(unsigned{count}, " filters"));
    for (std::uint8_t i = 0; i < count; ++i) {
        MILEPOST_TRY_ASSIGN(const Step step, read_step(at, version));
        filters.steps_.push_back(step);
    }
    const auto deflates = std::count_if(filters.steps_.begin(), filters.steps_.end(),
                                        [](const Step& step) { return step.filter == Filter::deflate; });
    if (deflates > 1) return at.unsupported("chunks that are deflated twice");
    return filters;
}

bool Filters::skips_all(std::uint32_t mask) const noexcept {
    for (std::size_t i = 0; i < steps_.size(); ++i) {
        if ((mask >> i & 1U) == 0) return false;
    }
    return true;
}

bool Filters::can_become(std::uint64_t stored_nbytes, std::uint64_t nbytes) const noexcept {
    return nbytes / kGreatestRatio <= stored_nbytes &&
           stored_nbytes <= nbytes + nbytes / 256 + kGreatestOverhead;
}

Result<void> Filters::decode(std::vector<std::byte> stored, std::uint32_t mask, std::vector<std::byte>& to,
                             std::uint64_t nbytes) const {
    const auto is_used = [&](std::size_t i) { return (mask >> i & 1U) == 0; };
    for (std::size_t i = steps_.size(); i-- > 0;) {
        if (!is_used(i)) continue;
        switch (steps_[i].filter) {
            case Filter::fletcher32:
                MILEPOST_TRY(take_checksum(stored));
                break;
            case Filter::deflate: {
                std::uint64_t expected = nbytes;  // and the checksums that were added before
                for (std::size_t before = 0; before < i; ++before)
                    expected +=
                        steps_[before].filter == Filter::fletcher32 && is_used(before) ? kChecksumNbytes : 0;
                MILEPOST_TRY(inflate_to(stored, expected));
                break;
            }
            case Filter::shuffle: {
                std::vector<std::byte> plain(stored.size());
                unshuffle(stored, steps_[i].element_nbytes, plain);
                stored = std::move(plain);
                break;
            }
        }
    }
    if (stored.size() != nbytes) return other_size(stored.size(), nbytes);
    to = std::move(stored);
    return {};
}

}  // namespace milepost::convert::hdf5

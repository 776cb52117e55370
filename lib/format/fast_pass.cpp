#include "format/fast_pass.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include <milepost/options.hpp>

#include "base/checked.hpp"
#include "format/derive_offsets.hpp"
#include "format/file_layout.hpp"
#include "format/index.hpp"
#include "format/index_columns.hpp"
#include "format/index_offsets.hpp"
#include "format/name_order.hpp"
#include "format/storage_limits.hpp"
#include "format/string_tables.hpp"
#include "format/validate.hpp"

namespace milepost::format::fast_pass {
namespace {

/// How far above a space; everything but printable ASCII is further than '~'.
constexpr std::uint8_t above_space(std::byte byte) noexcept {
    return static_cast<std::uint8_t>(std::to_integer<unsigned>(byte) - 0x20U);
}

/// Printable ASCII throughout: no string of the pool can break a rule of encoding, wherever it begins.
bool is_plain(std::span<const std::byte> bytes) noexcept {
    // Each byte of a block of fixed size has a maximum of its own: compilers make vector code of that.
    constexpr std::size_t kBlock = 64;
    std::uint8_t most = 0;
    if (bytes.size() >= kBlock) {
        std::array<std::uint8_t, kBlock> greatest{};
        for (; bytes.size() >= kBlock; bytes = bytes.subspan(kBlock)) {
            for (std::size_t i = 0; i < kBlock; ++i)
                greatest[i] = std::max(greatest[i], above_space(bytes[i]));
        }
        for (const std::uint8_t each : greatest)
            most = std::max(most, each);
    }
    for (const std::byte byte : bytes)
        most = std::max(most, above_space(byte));
    return most <= above_space(std::byte{'~'});
}

/// Whether rules 3, 4 and 5 hold for one pool, in one pass. Every end is within the pool, so that a size that
/// is negative, or 0 where `least` is 1, is a large one after `least` is taken off.
bool sizes_fit(const StringTable& strings, std::uint32_t least, std::uint32_t most) noexcept {
    if (strings.ends.empty()) return strings.bytes.empty();
    if (strings.bytes.size() > kMaxIndexNbytes) return false;  // a writer may hold what no index can
    const auto end = static_cast<std::uint32_t>(strings.bytes.size());
    if (most < least || most >= std::uint32_t{1} << 31U || strings.ends.back() != end) return false;
    std::uint32_t bad = strings.ends[0] > end || strings.ends[0] - least > most - least ? 1 : 0;
    for (std::size_t i = 1; i < strings.ends.size(); ++i) {
        bad |= strings.ends[i] > end ? 1 : 0;
        bad |= strings.ends[i] - strings.ends[i - 1] - least > most - least ? 1 : 0;
    }
    return bad == 0;
}

bool param_keys_ascend(const Index& index, const IndexOffsets& offsets) noexcept {
    for (std::size_t o = 0; o < index.optimizers.size(); ++o) {
        const EntryList keys = offsets.param_keys(o);
        const auto order = index.param_key_order.subspan(keys.first, keys.count);
        if (!names_strictly_ascend(index.param_keys, order, keys.first)) return false;
    }
    return true;
}

}  // namespace

bool string_sizes_fit(const Index& index, const Limits& limits) noexcept {
    const auto tables = string_tables(index);
    return std::all_of(tables.begin(), tables.end(), [&](const NamedStrings& each) {
        return sizes_fit(each.strings, each.may_be_empty ? 0 : 1, limits.max_name_bytes);
    });
}

bool strings_are_ascii(const Index& index) noexcept {
    const auto tables = string_tables(index);
    return std::all_of(tables.begin(), tables.end(),
                       [](const NamedStrings& each) { return is_plain(each.strings.bytes); });
}

bool names_ascend(const Index& index, const IndexOffsets& offsets) noexcept {
    const std::size_t entry_lists = offsets.entry_list_first.size() - 1;
    for (std::size_t i = 0; i < entry_lists; ++i) {
        const EntryList entry_list = offsets.entry_list(i);
        const auto order = index.entry_order.subspan(entry_list.first, entry_list.count);
        if (!names_strictly_ascend(index.entry_names, order, entry_list.first)) return false;
    }
    return index.param_keys.size() == 0 || param_keys_ascend(index, offsets);
}

bool is_raw(const Index& index) noexcept {
    return index.storage_codecs.empty() && index.stored_nbytes.empty() && index.raw_checksums.empty();
}

bool raw_storages_fit(const Index& index, const ValidationContext& context,
                      const RawStorageTotals& totals) noexcept {
    return totals.all_bits < kMaxStorageNbytes && totals.chunks == index.stored_checksums.size() &&
           base::align_up(totals.end, kLeastAlignment) == context.index_offset;
}

}  // namespace milepost::format::fast_pass

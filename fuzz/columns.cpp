#include "columns.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <numeric>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace milepost::fuzz {
namespace {

/// A number at which something turns, or one beside it: a power of two, as signs, widths and limits are, or
/// what the next rounding up of section 4 makes wrap.
std::uint64_t take_extreme(Input& input) {
    constexpr std::uint64_t kWrap32 = std::uint64_t{1} << 32U, kWrap64 = 0;
    constexpr std::array<std::uint64_t, 6> kTurns = {0,
                                                     32'768 + 131'072,  // rule 35
                                                     kWrap32 - 64,
                                                     kWrap64 - 64,
                                                     kWrap64 - 4096,
                                                     kWrap64 - 1'048'576};
    const unsigned bit = input.below(64 + kTurns.size());
    const std::uint64_t turn = bit < 64 ? std::uint64_t{1} << bit : kTurns[bit - 64];
    return turn + input.below(3) - 1;
}

/// Adds to a number of 1, 2, 4 or 8 bytes somewhere in the element, or puts another one in its place.
void edit_bytes(std::byte* element, std::size_t nbytes, Input& input) {
    const std::size_t width = std::min(std::size_t{1} << input.below(4), nbytes);
    std::byte* at = element + input.below(static_cast<unsigned>(nbytes / width)) * width;
    std::uint64_t number = 0;
    std::memcpy(&number, at, width);
    const unsigned how = input.below(256);
    if (how % 2 == 0) {
        const auto step = static_cast<std::int64_t>(input.number<std::int8_t>());
        number += static_cast<std::uint64_t>(step);
    } else if (how >= 128) {
        number = take_extreme(input);
    } else {
        const auto taken = input.bytes(width);
        number = 0;
        std::copy(taken.begin(), taken.end(), reinterpret_cast<std::byte*>(&number));
    }
    std::memcpy(at, &number, width);
}

template <class Element>
void edit_column(std::vector<Element>& column, Input& input) {
    const unsigned what = input.below(8);
    const std::size_t at = column.empty() ? 0 : input.number<std::uint16_t>() % column.size();
    const auto begin = column.begin() + static_cast<std::ptrdiff_t>(at);
    if (column.empty()) {
        column.emplace_back();
    } else if (what == 0) {
        column.erase(begin);
    } else if (what == 1) {
        const Element element = *begin;
        column.insert(begin, element);
    } else if (what == 2) {
        std::swap(*begin, column[input.number<std::uint16_t>() % column.size()]);
    } else {
        edit_bytes(reinterpret_cast<std::byte*>(&*begin), sizeof(Element), input);
    }
}

/// Gives a tensor a copy of its layout.
void repeat_layout(testing::Columns& of, Input& input) {
    if (of.tensor_layouts.empty()) return;
    std::uint32_t& layout = of.tensor_layouts[input.number<std::uint8_t>() % of.tensor_layouts.size()];
    if (layout >= of.layouts.size()) return;
    std::size_t first = 0;
    for (std::uint32_t i = 0; i < layout; ++i)
        first += format::dims_of(of.layouts[i]);
    const std::size_t count = format::dims_of(of.layouts[layout]);
    if (first + count > of.dims.size()) return;
    const std::span<const std::uint64_t> all = of.dims;
    const std::vector<std::uint64_t> dims(all.begin() + static_cast<std::ptrdiff_t>(first),
                                          all.begin() + static_cast<std::ptrdiff_t>(first + count));
    of.dims.insert(of.dims.end(), dims.begin(), dims.end());
    const format::LayoutRecord record = of.layouts[layout];
    layout = static_cast<std::uint32_t>(of.layouts.size());
    of.layouts.push_back(record);
}

/// Whether texts can be told from one another: rule 3.
bool tile(const format::StringTable& texts) {
    return std::is_sorted(texts.ends.begin(), texts.ends.end()) &&
           (texts.ends.empty() ? 0 : texts.ends.back()) == texts.bytes.size();
}

}  // namespace

void edit(testing::Columns& of, Input& input) {
    unsigned columns = 0;
    format::for_each_column(of, [&](std::string_view, const auto&) { ++columns; });
    unsigned number = input.below(columns);
    format::for_each_column(of, [&](std::string_view, auto& column) {
        if (number-- == 0) edit_column(column, input);
    });
}

void say_otherwise(testing::Columns& of, Input& input) {
    const std::size_t tensors = of.tensor_layouts.size();
    const auto toggle = [](auto& column, std::size_t usual) { column.resize(column.empty() ? usual : 0); };
    switch (input.below(6)) {
        case 0:
            toggle(of.tensor_storages, tensors);
            std::iota(of.tensor_storages.begin(), of.tensor_storages.end(), 0U);
            break;
        case 1:
            toggle(of.tensor_offsets, tensors);
            break;
        case 2:
            if (of.storage_nbytes.empty())
                of.say_storage_nbytes();
            else
                of.storage_nbytes.clear();
            break;
        case 3:
            toggle(of.storage_codecs, of.index().storage_count());
            break;
        case 4:
            toggle(of.param_key_counts, of.optimizers.size());
            break;
        default:
            repeat_layout(of, input);
    }
}

void repeat_name(testing::Columns& of, Input& input) {
    constexpr std::array<std::string_view, 4> kReserved = {"params", "param_names", "state", "param_groups"};
    const std::array<testing::TextColumn*, 4> columns = {&of.model_names, &of.optimizer_names,
                                                         &of.entry_names, &of.param_keys};
    const format::StringTable from = columns[input.below(columns.size())]->texts();
    testing::TextColumn& to = *columns[input.below(columns.size())];
    if (!tile(from) || !tile(to.texts()) || to.ends.empty()) return;
    const unsigned which = input.number<std::uint8_t>();
    const bool reserved = which < 64 || from.size() == 0;
    const std::string name(reserved ? kReserved[which % kReserved.size()] : from[which % from.size()]);
    to.set(input.number<std::uint8_t>() % to.ends.size(), name);
}

void wrap_ends(testing::Columns& of, Input& input) {
    constexpr std::uint32_t kStep = INT32_MAX;
    std::vector<std::uint32_t>& ends = of.entry_names.ends;
    if (ends.size() < 3) return;
    const std::size_t at = 1 + input.number<std::uint8_t>() % (ends.size() - 2);
    ends[at] = ends[at - 1] + kStep;
    ends[at + 1] = ends[at] + kStep;
}

bool same_columns(const format::Index& a, const format::Index& b) noexcept {
    bool same = true;
    format::for_each_column_pair(a, b, [&](const auto& one, const auto& other) {
        same = same && one.size() == other.size() &&
               (one.empty() || std::memcmp(one.data(), other.data(), one.size_bytes()) == 0);
    });
    return same;
}

}  // namespace milepost::fuzz

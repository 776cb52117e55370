#include "format/name_order.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>

#include "base/cpu.hpp"
#include "format/index_columns.hpp"
#include "format/name_order_pass.hpp"

namespace milepost::format {
namespace {

bool all_below(std::span<const std::uint32_t> numbers, std::size_t count) noexcept {
    std::uint32_t greatest = 0;
    for (const std::uint32_t number : numbers)
        greatest = std::max(greatest, number);
    return numbers.empty() || greatest < count;
}

bool run(NameOrderPass* pass, const StringTable& names, std::span<const std::uint32_t> order,
         std::uint32_t first) noexcept {
    return all_below(order, order.size()) && pass({.pool = reinterpret_cast<const char*>(names.bytes.data()),
                                                   .pool_nbytes = names.bytes.size(),
                                                   .ends = names.ends.data() + first,
                                                   .begin = first == 0 ? 0 : names.ends[first - 1],
                                                   .order = order.data(),
                                                   .count = order.size()});
}

}  // namespace

bool names_strictly_ascend(const StringTable& names, std::span<const std::uint32_t> order,
                           std::uint32_t first) noexcept {
    const base::Implementations<NameOrderPass> passes{.portable = names_ascend_portable,
                                                      .avx2 = kNamesAscendAvx2};
    return run(base::choose_implementation(passes), names, order, first);
}

bool names_strictly_ascend_portable(const StringTable& names, std::span<const std::uint32_t> order,
                                    std::uint32_t first) noexcept {
    return run(names_ascend_portable, names, order, first);
}

}  // namespace milepost::format

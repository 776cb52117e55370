#include "format/outline.hpp"

#include <algorithm>

namespace milepost::format {

std::optional<std::uint32_t> find_entry(const Index& index, Scope scope, std::string_view name) noexcept {
    const auto order = index.entry_order.subspan(scope.first, scope.count);
    const auto at = std::lower_bound(order.begin(), order.end(), name,
                                     [&](std::uint32_t number, std::string_view wanted) {
                                         return index.entry_names[scope.first + number] < wanted;
                                     });
    if (at == order.end() || index.entry_names[scope.first + *at] != name) return std::nullopt;
    return scope.first + *at;
}

}  // namespace milepost::format

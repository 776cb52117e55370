#include "format/part_names.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <numeric>
#include <optional>
#include <string_view>
#include <vector>

#include "format/index.hpp"
#include "format/index_columns.hpp"

namespace milepost::format {
namespace {

std::vector<std::uint32_t> sorted(const StringTable& names) {
    std::vector<std::uint32_t> order(names.size());
    std::iota(order.begin(), order.end(), 0U);
    std::sort(order.begin(), order.end(),
              [&](std::uint32_t a, std::uint32_t b) { return names[a] < names[b]; });
    return order;
}

std::optional<std::uint32_t> find(const StringTable& names, const std::vector<std::uint32_t>& order,
                                  std::string_view name) noexcept {
    const auto at = std::lower_bound(
        order.begin(), order.end(), name,
        [&](std::uint32_t number, std::string_view wanted) { return names[number] < wanted; });
    if (at == order.end() || names[*at] != name) return std::nullopt;
    return *at;
}

}  // namespace

PartNames::PartNames(const Index& index)
    : index_(&index), models_(sorted(index.model_names)), optimizers_(sorted(index.optimizer_names)) {
    for (const StringTable* names : {&index.model_names, &index.optimizer_names}) {
        for (std::size_t i = 0; i < names->size(); ++i)
            longest_ = std::max(longest_, (*names)[i].size());
    }
}

std::optional<std::uint32_t> PartNames::model(std::string_view name) const noexcept {
    return find(index_->model_names, models_, name);
}

std::optional<std::uint32_t> PartNames::optimizer(std::string_view name) const noexcept {
    return find(index_->optimizer_names, optimizers_, name);
}

}  // namespace milepost::format

#include <milepost/checkpoint.hpp>

#include <algorithm>
#include <deque>
#include <string>
#include <string_view>
#include <utility>

#include <milepost/value.hpp>

namespace milepost {
namespace {

/// The part of that name in `parts`; an empty one is added where there is none.
template <class Part>
Part& find_or_add(std::deque<std::pair<std::string, Part>>& parts, std::string_view name) {
    const auto found =
        std::find_if(parts.begin(), parts.end(), [name](const auto& part) { return part.first == name; });
    if (found != parts.end()) return found->second;
    return parts.emplace_back(std::string(name), Part()).second;
}

}  // namespace

Value& Entries::operator[](std::string_view name) {
    const auto found = positions_.find(name);
    if (found != positions_.end()) return items_[found->second].second;
    add(std::string(name), Value());
    return items_.back().second;
}

const Value* Entries::find(std::string_view name) const noexcept {
    const auto found = positions_.find(name);
    return found == positions_.end() ? nullptr : &items_[found->second].second;
}

bool Entries::add(std::string name, Value value) {
    const auto position = positions_.lower_bound(name);
    if (position != positions_.end() && position->first == name) return false;
    items_.emplace_back(std::move(name), std::move(value));
    positions_.emplace_hint(position, items_.back().first, items_.size() - 1);
    return true;
}

StateDict& Checkpoint::model(std::string_view name) {
    return find_or_add(models_, name);
}

OptimizerState& Checkpoint::optimizer(std::string_view name) {
    return find_or_add(optimizers_, name);
}

}  // namespace milepost

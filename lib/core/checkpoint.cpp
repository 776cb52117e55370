#include <milepost/checkpoint.hpp>

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>

#include <milepost/stable_vector.hpp>
#include <milepost/value.hpp>

namespace milepost {
namespace {

/// The position of that name; items.size() where there is none.
template <class T>
std::size_t find(const StableVector<std::pair<std::string, T>>& items, const detail::NameIndex& index,
                 std::string_view name) noexcept {
    const auto found = index.positions.find(name);
    return found == index.positions.end() ? items.size() : found->second;
}

/// Appends an item whose name is new. Throws std::bad_alloc, and then has changed nothing.
template <class T>
T& append(StableVector<std::pair<std::string, T>>& items, detail::NameIndex& index, std::string name,
          T content) {
    const auto entered = index.positions.emplace(name, items.size()).first;
    try {
        return items.emplace_back(std::move(name), std::move(content)).second;
    } catch (...) {
        index.positions.erase(entered);
        throw;
    }
}

template <class T>
T& find_or_add(StableVector<std::pair<std::string, T>>& items, detail::NameIndex& index,
               std::string_view name) {
    const std::size_t position = find(items, index, name);
    if (position != items.size()) return items[position].second;
    return append(items, index, std::string(name), T());
}

}  // namespace

Value& Entries::operator[](std::string_view name) {
    return find_or_add(items_, index_, name);
}

const Value* Entries::find(std::string_view name) const noexcept {
    const std::size_t position = milepost::find(items_, index_, name);
    return position == items_.size() ? nullptr : &items_[position].second;
}

Value* Entries::find(std::string_view name) noexcept {
    return const_cast<Value*>(std::as_const(*this).find(name));
}

bool Entries::add(std::string name, Value value) {
    if (find(name) != nullptr) return false;
    append(items_, index_, std::move(name), std::move(value));
    return true;
}

StateDict& Checkpoint::model(std::string_view name) {
    return find_or_add(models_, model_index_, name);
}

OptimizerState& Checkpoint::optimizer(std::string_view name) {
    return find_or_add(optimizers_, optimizer_index_, name);
}

}  // namespace milepost

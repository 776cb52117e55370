#include "value_operations.hpp"

#include <array>
#include <complex>
#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include <milepost/stable_vector.hpp>

namespace milepost::fuzz {
namespace {

/// All parts of a value that can be assigned to, keys included.
std::vector<Value*> children_of(Value& value) {
    std::vector<Value*> children;
    const auto add_items = [&](auto& container) {
        for (Value& item : container.items)
            children.push_back(&item);
    };
    const auto add_pairs = [&](StableVector<std::pair<Value, Value>>& pairs) {
        for (auto& [key, item] : pairs) {
            children.push_back(&key);
            children.push_back(&item);
        }
    };
    if (auto* list = value.get_if<List>()) add_items(*list);
    if (auto* tuple = value.get_if<Tuple>()) add_items(*tuple);
    if (auto* set = value.get_if<Set>()) add_items(*set);
    if (auto* dict = value.get_if<Dict>()) {
        add_pairs(dict->items);
        add_pairs(dict->attributes);
    }
    return children;
}

/// `to` = `from`, copied or moved, if both hold a T.
template <class T>
bool assign_content(Value& to, Value& from, bool moved) {
    T* const target = to.get_if<T>();
    T* const source = from.get_if<T>();
    if (target == nullptr || source == nullptr) return false;
    if (moved)
        *target = std::move(*source);
    else
        *target = *source;
    return true;
}

template <class T>
bool push_back(Value& to, const Value& item) {
    T* const container = to.get_if<T>();
    if (container == nullptr) return false;
    container->items.push_back(item);
    return true;
}

template <class T>
bool pop_back(Value& of) {
    T* const container = of.get_if<T>();
    if (container == nullptr || container->items.empty()) return false;
    container->items.pop_back();
    return true;
}

}  // namespace

bool is_small(const Value& value, std::size_t most) {
    std::size_t seen = 0;
    std::vector<Value*> pending{const_cast<Value*>(&value)};
    while (!pending.empty()) {
        if (++seen > most) return false;
        Value* const next = pending.back();
        pending.pop_back();
        for (Value* const child : children_of(*next))
            pending.push_back(child);
    }
    return true;
}

std::string ValueOperations::name(Input& input) {
    constexpr std::array<const char*, 6> kNames = {
        "a", "b", "weight", "a name that needs an allocation of its own", "", "a/b"};
    return kNames[input.below(kNames.size())];
}

void ValueOperations::run(Input& input, const TensorView& tensor) {
    switch (input.below(8)) {
        case 0:
        case 1:
            value(input) = made(input, tensor);
            return;
        case 2:
            return assign(input);
        case 3:
            return assign_container(input);
        case 4:
        case 5:
            return grow(input);
        case 6:
            return shrink(input);
        default:
            return change_entries(input);
    }
}

Value ValueOperations::made(Input& input, const TensorView& tensor) {
    switch (input.below(12)) {
        case 0:
            return input.number<std::int64_t>();
        case 1:
            return input.number<std::uint64_t>();
        case 2:
            return static_cast<double>(input.number<std::int32_t>());
        case 3:
            return std::complex<double>(1, 2);
        case 4:
            return name(input);
        case 5:
            return Bytes{{std::byte{1}}, BytesSubtype::bytearray};
        case 6:
            return List{};
        case 7:
            return Tuple{{}, static_cast<TupleSubtype>(input.below(2))};
        case 8:
            return Set{};
        case 9:
            return Dict{{}, {{"attribute", 1}}, static_cast<DictSubtype>(input.below(3))};
        case 10:
            return tensor;
        default:
            return input.below(2) == 1;
    }
}

/// The value itself or something below it.
Value* ValueOperations::part_of(Input& input, Value& value) {
    Value* part = &value;
    for (unsigned steps = input.below(8); steps > 0; --steps) {
        const std::vector<Value*> children = children_of(*part);
        if (children.empty()) break;
        part = children[input.below(256) % children.size()];
    }
    return part;
}

void ValueOperations::assign(Input& input) {
    Value& owner = value(input);
    Value& source_owner = input.below(2) == 0 ? owner : value(input);
    Value& to = *part_of(input, owner);
    Value& from = *part_of(input, source_owner);
    if (!is_small(owner) || !is_small(from)) {
        owner = nullptr;
    } else if (input.below(2) == 0 || (&owner == &source_owner && &to != &owner)) {
        to = from;  // a value cannot be moved into a part of itself: it would own itself
    } else {
        to = std::move(from);
    }
}

/// At the level of List, Tuple, Set, Dict and of their items.
void ValueOperations::assign_container(Input& input) {
    Value& owner = value(input);
    Value& from = *part_of(input, owner);
    if (!is_small(owner)) return;
    const bool moved = input.below(2) == 1;
    if (assign_content<List>(owner, from, moved) || assign_content<Tuple>(owner, from, moved) ||
        assign_content<Set>(owner, from, moved) || assign_content<Dict>(owner, from, moved))
        return;
    const auto* list = from.get_if<List>();
    if (auto* tuple = owner.get_if<Tuple>(); tuple != nullptr && list != nullptr) tuple->items = list->items;
}

void ValueOperations::grow(Input& input) {
    Value& owner = value(input);
    Value& to = *part_of(input, owner);
    Value& item = *part_of(input, input.below(2) == 0 ? owner : value(input));
    if (!is_small(owner) || !is_small(item)) {
        owner = nullptr;
        return;
    }
    if (auto* dict = to.get_if<Dict>()) {
        if (input.below(2) == 0)
            (*dict)[name(input)] = item;
        else
            dict->items.insert(dict->items.begin(), {item, item});
        return;
    }
    if (push_back<List>(to, item) || push_back<Tuple>(to, item) || push_back<Set>(to, item)) return;
}

void ValueOperations::shrink(Input& input) {
    Value& of = *part_of(input, value(input));
    if (pop_back<List>(of) || pop_back<Tuple>(of) || pop_back<Set>(of) || pop_back<Dict>(of)) return;
    of = nullptr;
}

void ValueOperations::change_entries(Input& input) {
    Entries& to = entries(input);
    Entries& from = entries(input);
    if (to.size() > 16) to = Entries();
    switch (input.below(6)) {
        case 0:
            to = from;
            return;
        case 1:
            to = std::move(from);
            return;
        case 2:
            to[name(input)] = value(input);
            return;
        case 3:
            (void)to.add(name(input), *part_of(input, value(input)));
            return;
        case 4:
            to[name(input)] = from[name(input)];
            return;
        default:
            if (const Value* found = from.find(name(input))) value(input) = *found;
    }
}

}  // namespace milepost::fuzz

#include <doctest/doctest.h>

#include <string>
#include <type_traits>
#include <utility>

#include <milepost/stable_vector.hpp>
#include <milepost/value.hpp>

using milepost::Dict;
using milepost::DictSubtype;
using milepost::List;
using milepost::Set;
using milepost::Tuple;
using milepost::TupleSubtype;
using milepost::Value;

// Each case reads freed memory where assignment is not safe; AddressSanitizer tells.

namespace {

const std::string kLongText = "a text that does not fit into the string itself";

/// A value in which `child` is the first item.
template <class T>
Value around(Value child) {
    T container;
    if constexpr (std::is_same_v<T, Dict>)
        container["child"] = std::move(child);
    else
        container.items.push_back(std::move(child));
    return container;
}

template <class T>
Value& child_of(Value& value) {
    if constexpr (std::is_same_v<T, Dict>)
        return value.get_if<Dict>()->items[0].second;
    else
        return value.get_if<T>()->items[0];
}

template <class T>
void check_walk_down() {
    Value copied = around<T>(around<T>(kLongText));
    copied = child_of<T>(copied);
    copied = child_of<T>(copied);
    CHECK(copied.as_string().value() == kLongText);
    Value moved = around<T>(around<T>(kLongText));
    moved = std::move(child_of<T>(moved));
    moved = std::move(child_of<T>(moved));
    CHECK(moved.as_string().value() == kLongText);
}

/// A chain of containers of one kind, as deep as no call stack is.
template <class T>
Value deep_value() {
    Value value = 1;
    for (int i = 0; i < 1'000'000; ++i)
        value = around<T>(std::move(value));
    return value;
}

}  // namespace

TEST_CASE("value: assignment from a part of itself, copied and moved") {
    check_walk_down<List>();
    check_walk_down<Tuple>();
    check_walk_down<Set>();
    check_walk_down<Dict>();
    Value attributed = Dict{{}, {{"child", kLongText}}, DictSubtype::counter};
    attributed = attributed.get_if<Dict>()->attributes[0].second;
    CHECK(attributed.as_string().value() == kLongText);
}

TEST_CASE("list, tuple, set, dict: assignment from a part of itself, copied and moved") {
    List list{{Value(List{{kLongText, 2}})}};
    list = *list.items[0].get_if<List>();
    CHECK(list.items.size() == 2);
    List of_items{{Value(List{{kLongText, 2}})}};
    of_items.items = of_items.items[0].get_if<List>()->items;
    CHECK(of_items.items[0].as_string().value() == kLongText);

    Tuple tuple{{Value(Tuple{{1, kLongText}, TupleSubtype::size})}};
    tuple = *tuple.items[0].get_if<Tuple>();
    CHECK((tuple.items.size() == 2 && tuple.subtype == TupleSubtype::size));
    Tuple moved{{Value(List{{Tuple{{1, kLongText}, TupleSubtype::size}, 0}})}};
    moved = std::move(*moved.items[0].get_if<List>()->items[0].get_if<Tuple>());
    CHECK((moved.items.size() == 2 && moved.subtype == TupleSubtype::size));

    const Dict inner{{{"a", kLongText}}, {{"b", kLongText}}, DictSubtype::counter};
    Dict of_item{{{"child", inner}}, {}};
    of_item = *of_item.find("child")->get_if<Dict>();
    CHECK((of_item.items.size() == 1 && of_item.attributes.size() == 1));
    CHECK(of_item.subtype == DictSubtype::counter);
    Dict of_attribute{{{"x", 1}}, {{"child", inner}}};
    of_attribute = std::move(*of_attribute.attributes[0].second.get_if<Dict>());
    CHECK(of_attribute.attributes[0].second.as_string().value() == kLongText);
    CHECK(of_attribute.subtype == DictSubtype::counter);

    Set set{{Value(Tuple{{kLongText}})}};
    set.items = set.items[0].get_if<Tuple>()->items;
    CHECK(set.items[0].as_string().value() == kLongText);
}

TEST_CASE("value: itself") {
    Value value = List{{kLongText}};
    value = *&value;
    value = static_cast<Value&&>(value);
    CHECK(value.get_if<List>()->items[0].as_string().value() == kLongText);
}

TEST_CASE("value: deep ones are copied, assigned and destroyed without recursion") {
    Value list = deep_value<List>();
    Value copy = list;
    copy = list;
    list = deep_value<Dict>();
    CHECK(copy.kind() == milepost::Kind::list);
    List moved = std::move(*copy.get_if<List>());
    const List copied = moved;
    moved = List();
    CHECK(copied.items.size() == 1);
}

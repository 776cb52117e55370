#include "core/value_node.hpp"

#include <cstddef>
#include <functional>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include <milepost/stable_vector.hpp>
#include <milepost/tensor.hpp>
#include <milepost/value.hpp>

namespace milepost {
namespace {

template <class Content>
StableVector<Value> nulls_for(const Content& content) {
    StableVector<Value> items;
    items.resize(content.items.size());
    return items;
}

StableVector<std::pair<Value, Value>> nulls_for(const StableVector<std::pair<Value, Value>>& pairs) {
    StableVector<std::pair<Value, Value>> items;
    items.resize(pairs.size());
    return items;
}

// The content with null in place of each child.
template <class Content>
Content without_children(const Content& content) {
    return content;
}
List without_children(const List& list) {
    return {nulls_for(list)};
}
Tuple without_children(const Tuple& tuple) {
    return {nulls_for(tuple), tuple.subtype};
}
Set without_children(const Set& set) {
    return {nulls_for(set)};
}
Dict without_children(const Dict& dict) {
    return {nulls_for(dict.items), nulls_for(dict.attributes), dict.subtype};
}

Value* child_of(StableVector<std::pair<Value, Value>>& pairs, std::size_t number) noexcept {
    auto& [key, value] = pairs[number / 2];
    return number % 2 == 0 ? &key : &value;
}

template <class Content>
Value* child_of(Content& content, std::size_t number) noexcept {
    if constexpr (std::is_same_v<Content, Dict>) {
        const std::size_t in_items = 2 * content.items.size();
        if (number < in_items) return child_of(content.items, number);
        number -= in_items;
        return number < 2 * content.attributes.size() ? child_of(content.attributes, number) : nullptr;
    } else if constexpr (requires { content.items; }) {
        return number < content.items.size() ? &content.items[number] : nullptr;
    } else {
        return nullptr;
    }
}

template <class Base, class Content>
struct NodeOf final : Base {
    explicit NodeOf(Content made) : held(std::move(made)) {}

    [[nodiscard]] Kind kind() const noexcept override { return detail::KindOf<Content>::value; }
    [[nodiscard]] const void* content() const noexcept override { return &held; }
    [[nodiscard]] bool encloses(const void* object) const noexcept override {
        const std::less<const void*> before;
        return !before(object, this) && before(object, this + 1);
    }
    [[nodiscard]] Base* copy_without_children() const override { return new NodeOf(without_children(held)); }
    [[nodiscard]] Value* child(std::size_t number) noexcept override { return child_of(held, number); }

    Content held;
};

}  // namespace

// clang-format off
Value::Value(String text) : held_(new NodeOf<Node, String>(std::move(text))) {}
Value::Value(Bytes value) : held_(new NodeOf<Node, Bytes>(std::move(value))) {}
Value::Value(List value) : held_(new NodeOf<Node, List>(std::move(value))) {}
Value::Value(Tuple value) : held_(new NodeOf<Node, Tuple>(std::move(value))) {}
Value::Value(Set value) : held_(new NodeOf<Node, Set>(std::move(value))) {}
Value::Value(Dict value) : held_(new NodeOf<Node, Dict>(std::move(value))) {}
Value::Value(TensorView value) : held_(new NodeOf<Node, TensorView>(std::move(value))) {}
Value::Value(WrittenTensor value) : Value(std::move(value.view_)) {}
// clang-format on

Value::Value(const Value& other) {
    if (const Node* node = Node::of(other))
        held_ = Node::copy(*node);
    else
        held_ = other.held_;
}

Value::Value(Value&& other) noexcept : held_(std::exchange(other.held_, {})) {}

// By a third value, because `other` may be a part of this one.
Value& Value::operator=(const Value& other) {
    return *this = Value(other);
}

Value& Value::operator=(Value&& other) noexcept {
    Scalar taken = std::exchange(other.held_, {});
    Node* old = Node::of(*this);
    held_ = std::move(taken);
    if (old != nullptr) Node::destroy(old);
    return *this;
}

Value::~Value() {
    if (Node* node = Node::of(*this)) Node::destroy(node);
}

Kind Value::kind() const noexcept {
    static_assert(static_cast<int>(Kind::complex) == 4);
    if (const Node* node = Node::of(*this)) return node->kind();
    return static_cast<Kind>(held_.index());  // the alternatives are in the order of Kind
}

const void* Value::content(Kind kind) const noexcept {
    const Node* node = Node::of(*this);
    return node != nullptr && node->kind() == kind ? node->content() : nullptr;
}

Value::Node* Value::Node::copy(const Node& node) {
    struct Pair {
        const Node* from;
        Node* to;
    };
    Value root;
    set(root, node.copy_without_children());
    std::vector<Pair> pending{{&node, of(root)}};
    while (!pending.empty()) {
        const auto [from, to] = pending.back();
        pending.pop_back();
        for (std::size_t i = 0; Value* const copied = to->child(i); ++i) {
            const Value& child = *const_cast<Node*>(from)->child(i);
            const Node* const below = of(child);
            if (below == nullptr) {
                copied->held_ = child.held_;
                continue;
            }
            set(*copied, below->copy_without_children());
            pending.push_back({below, of(*copied)});
        }
    }
    return std::get<Node*>(std::exchange(root.held_, {}));
}

void Value::Node::destroy(Node* node) noexcept {
    node->next = nullptr;
    for (Node* pending = node; pending != nullptr;) {
        Node* const done = pending;
        pending = done->next;
        for (std::size_t i = 0; Value* const child = done->child(i); ++i) {
            Node* const below = of(*child);
            if (below == nullptr) continue;
            child->held_ = std::monostate();
            below->next = std::exchange(pending, below);
        }
        delete done;
    }
}

bool Value::Node::holds(Node* node, const void* object) noexcept {
    node->next = nullptr;
    for (Node* pending = node; pending != nullptr;) {
        Node* const visited = std::exchange(pending, pending->next);
        if (visited->encloses(object)) return true;
        for (std::size_t i = 0; const Value* const child = visited->child(i); ++i) {
            if (Node* const below = of(*child)) below->next = std::exchange(pending, below);
        }
    }
    return false;
}

bool detail::PartOf<Value>::test(const void* object, const Value& element) noexcept {
    Value::Node* const node = Value::Node::of(element);
    return node != nullptr && Value::Node::holds(node, object);
}

bool detail::PartOf<std::pair<Value, Value>>::test(const void* object,
                                                   const std::pair<Value, Value>& element) noexcept {
    return PartOf<Value>::test(object, element.first) || PartOf<Value>::test(object, element.second);
}

}  // namespace milepost

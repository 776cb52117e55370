#pragma once

#include <cstddef>
#include <variant>

#include <milepost/tensor.hpp>
#include <milepost/value.hpp>

namespace milepost {

/// The content of a Value that does not fit into it.
struct Value::Node {
    Node() = default;
    Node(const Node&) = delete;
    Node& operator=(const Node&) = delete;
    virtual ~Node() = default;

    [[nodiscard]] virtual Kind kind() const noexcept = 0;
    /// The String, the List, ...: an object of the type that belongs to the kind.
    [[nodiscard]] virtual const void* content() const noexcept = 0;
    /// Whether an object is this node or a member of it, but for what its children hold.
    [[nodiscard]] virtual bool encloses(const void* object) const noexcept = 0;
    /// A copy whose children are null, as many as here. Throws std::bad_alloc.
    [[nodiscard]] virtual Node* copy_without_children() const = 0;
    /// The child with this number, or null after the last one.
    [[nodiscard]] virtual Value* child(std::size_t number) noexcept = 0;

    /// The node of a value; null if it has none.
    static Node* of(const Value& value) noexcept {
        auto* const* node = std::get_if<Node*>(&value.held_);
        return node == nullptr ? nullptr : *node;
    }
    static void set(Value& value, Node* node) noexcept { value.held_ = node; }

    /// A deep copy. Does not recurse. Throws std::bad_alloc.
    [[nodiscard]] static Node* copy(const Node& node);
    /// Ends the node and all below it. Does not recurse, and allocates nothing.
    static void destroy(Node* node) noexcept;
    /// Whether an object is in the node or below it. Does not recurse, and allocates nothing.
    static bool holds(Node* node, const void* object) noexcept;

    /// Links the nodes that destroy() and holds() have yet to visit.
    Node* next = nullptr;
};

}  // namespace milepost

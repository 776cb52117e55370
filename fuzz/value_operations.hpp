#pragma once

#include <array>
#include <cstddef>
#include <string>

#include <milepost/checkpoint.hpp>
#include <milepost/tensor.hpp>
#include <milepost/value.hpp>

#include "input.hpp"

namespace milepost::fuzz {

/// Values and Entries on which the input makes programs run: what is assigned may be a part of what it is
/// assigned to. Small: an operation that would make a value large does nothing.
class ValueOperations {
public:
    /// One operation. `tensor` is what a new tensor is. Throws std::bad_alloc.
    void run(Input& input, const TensorView& tensor);

    [[nodiscard]] Value& value(Input& input) { return values_[input.below(kValues)]; }
    [[nodiscard]] Entries& entries(Input& input) { return entries_[input.below(kEntries)]; }

    /// A short name, one of a few.
    [[nodiscard]] static std::string name(Input& input);

private:
    static constexpr unsigned kValues = 6;
    static constexpr unsigned kEntries = 3;

    [[nodiscard]] Value made(Input& input, const TensorView& tensor);
    [[nodiscard]] static Value* part_of(Input& input, Value& value);
    void assign(Input& input);
    void assign_container(Input& input);
    void grow(Input& input);
    void shrink(Input& input);
    void change_entries(Input& input);

    std::array<Value, kValues> values_;
    std::array<Entries, kEntries> entries_;
};

/// Whether a value has at most so many parts.
[[nodiscard]] bool is_small(const Value& value, std::size_t most = 200);

}  // namespace milepost::fuzz

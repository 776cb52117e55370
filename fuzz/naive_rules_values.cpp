// Rules 17 to 21: values. Rule 22 has a file of its own.

#include <cstddef>
#include <cstdint>
#include <set>
#include <string>
#include <vector>

#include "naive_reading.hpp"

namespace milepost::fuzz::naive {
namespace {

/// Whether the value takes one of value_sizes.
bool takes_size(std::uint8_t kind) {
    return kind == kInt || (kind >= kString && kind <= kDict);
}

bool has_bytes(std::uint8_t kind) {
    return kind >= kInt && kind <= kBytes;
}

/// The table of section 6.4.
bool has_known_subtype(const format::ValueRecord& value) {
    static const std::vector<std::set<unsigned>> subtypes = {
        {0},                               // null
        {0, 1},                            // bool
        {0},                               // int
        {0},                               // float
        {0},                               // complex
        {0, 1, 2, 3},                      // string
        {0, 1},                            // bytes
        {0},                               // list
        {0, 1},                            // tuple
        {0},                               // set
        {0, 1, 2, 128, 128 + 1, 128 + 2},  // dict, without and with attributes
        {0, 1, 2, 4, 4 + 1, 4 + 2},        // tensor, without and with requires_grad
    };
    return value.kind < subtypes.size() && subtypes[value.kind].count(value.subtype) == 1;
}

}  // namespace

bool has_children(std::uint8_t kind) {
    return kind >= kList && kind <= kDict;
}

std::string bytes_of(const Reading& reading, std::size_t value) {
    const auto* bytes = reinterpret_cast<const char*>(reading.index.value_bytes.data());
    return {bytes + reading.first_byte[value], reading.value_size[value]};
}

std::string minimal(std::string bytes) {
    while (bytes.size() > 1) {
        const std::uint8_t last = byte_at(bytes, bytes.size() - 1);
        const bool negative = byte_at(bytes, bytes.size() - 2) >= 0x80;
        if (last != (negative ? 0xFF : 0x00)) break;
        bytes.pop_back();
    }
    return bytes;
}

/// Rule 17.
bool value_kinds_known(Reading& reading) {
    std::size_t sizes = 0;
    for (const format::ValueRecord& value : reading.index.values) {
        if (!has_known_subtype(value)) return false;
        std::uint64_t size = value.kind == kFloat ? 8 : value.kind == kComplex ? 16 : 0;
        if (takes_size(value.kind)) {
            if (sizes == reading.index.value_sizes.size()) return false;
            size = reading.index.value_sizes[sizes++];
        }
        if (value.kind == kInt && (size < 1 || size > 255)) return false;
        reading.value_size.push_back(size);
    }
    return sizes == reading.index.value_sizes.size();
}

/// Rule 18.
bool values_are_trees(Reading& reading) {
    const auto& values = reading.index.values;
    Wide next = reading.index.entry_names.ends.size() + reading.index.models.size();
    for (std::size_t i = 0; i < values.size(); ++i) {
        const std::uint64_t children = has_children(values[i].kind) ? reading.value_size[i] : 0;
        if (children > 0 && next <= i) return false;
        reading.first_child.push_back(static_cast<std::uint64_t>(next));
        next += children;
        // What is beyond the column never comes back: the loops over children stay within it.
        if (next > values.size()) return false;
    }
    return next == values.size();
}

/// Rule 19. The limit is at most 1000, section 11.
bool depth_within_limit(Reading& reading) {
    const auto& values = reading.index.values;
    std::vector<std::uint64_t> depth(values.size(), 1);
    for (std::size_t i = 0; i < values.size(); ++i) {
        if (depth[i] > reading.limits.max_depth || depth[i] > 1000) return false;
        if (!has_children(values[i].kind)) continue;
        for (std::uint64_t child = 0; child < reading.value_size[i]; ++child)
            depth[reading.first_child[i] + child] = depth[i] + 1;
    }
    return true;
}

/// Rule 20.
bool value_bytes_used_up(Reading& reading) {
    const auto& values = reading.index.values;
    Wide next = 0;
    for (std::size_t i = 0; i < values.size(); ++i) {
        reading.first_byte.push_back(static_cast<std::uint64_t>(next));
        if (has_bytes(values[i].kind)) next += reading.value_size[i];
    }
    if (next != reading.index.value_bytes.size()) return false;
    for (std::size_t i = 0; i < values.size(); ++i) {
        if (values[i].kind == kString && !is_utf8(bytes_of(reading, i), Control::allowed)) return false;
    }
    return true;
}

/// Rule 21.
bool ints_minimal(Reading& reading) {
    for (std::size_t i = 0; i < reading.index.values.size(); ++i) {
        if (reading.index.values[i].kind != kInt) continue;
        const std::string bytes = bytes_of(reading, i);
        if (minimal(bytes) != bytes) return false;
    }
    return true;
}

}  // namespace milepost::fuzz::naive

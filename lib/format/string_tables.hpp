#pragma once

#include <array>
#include <string_view>

#include "format/index.hpp"
#include "format/index_columns.hpp"

namespace milepost::format {

struct NamedStrings {
    const StringTable& strings;
    std::string_view name;
    bool may_be_empty = false;  ///< whether a string of 0 bytes is allowed: rule 4
};

/// The string tables of an index, in the order of the schema.
[[nodiscard]] inline std::array<NamedStrings, 7> string_tables(const Index& index) noexcept {
    return {NamedStrings{index.model_names, "model_names"},
            NamedStrings{index.optimizer_names, "optimizer_names"},
            NamedStrings{index.algorithms, "algorithms", true},
            NamedStrings{index.entry_names, "entry_names"},
            NamedStrings{index.param_names, "param_names"},
            NamedStrings{index.dtype_names, "dtype_names"},
            NamedStrings{index.param_keys, "param_keys"}};
}

}  // namespace milepost::format

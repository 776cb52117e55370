#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "format/index.hpp"

namespace milepost::format {

/// A list of entries with unique names.
struct Scope {
    std::uint32_t first = 0;
    std::uint32_t count = 0;
};

/// A storage's shares of the chunk columns.
struct StorageStart {
    std::uint64_t stored_nbytes = 0;  ///< from its first byte in the file to behind its last
    std::uint32_t chunks = 0;
    std::uint32_t stored_checksum = 0;
    std::uint32_t stored_nbytes_first = 0;
    std::uint32_t raw_checksum = 0;
};

/// Where the share of each element in the columns begins: section 6.1. Computed from the counts while they
/// are validated, never stored. Scopes are numbered as they stand in the file: models, then for each
/// optimizer its groups, its states, its state extra entries, its extra entries; last, the top-level values.
struct Outline {
    std::vector<std::uint32_t> scope_first;  ///< one for each scope, and the end
    std::vector<std::uint32_t>
        optimizer_scope;  ///< the first scope of each optimizer, and that of the values
    std::vector<std::uint32_t> optimizer_group;  ///< the first group of each optimizer, and the end
    std::vector<std::uint32_t> optimizer_state;  ///< likewise
    std::vector<std::uint32_t> group_param;      ///< the first param of each group, and the end
    std::vector<std::uint32_t> group_name;       ///< the first param_name of each group, and the end
    std::vector<std::uint32_t> share;            ///< of each value: tensor number, first child, or first byte
    std::vector<std::uint32_t> tensor_value;     ///< the value that is each tensor's leaf
    std::vector<std::uint32_t> tensor_dims;      ///< the first dim of each tensor
    std::vector<std::uint64_t> tensor_reach;  ///< bytes from the first byte of each tensor to behind its last
    std::vector<StorageStart> storages;

    [[nodiscard]] Scope scope(std::size_t number) const noexcept {
        return {scope_first[number], scope_first[number + 1] - scope_first[number]};
    }
    [[nodiscard]] Scope values_scope() const noexcept { return scope(scope_first.size() - 2); }
};

/// The entry of that name, by binary search. Requires: a validated entry_order.
[[nodiscard]] std::optional<std::uint32_t> find_entry(const Index& index, Scope scope,
                                                      std::string_view name) noexcept;

}  // namespace milepost::format

#pragma once

#include <cstddef>
#include <initializer_list>
#include <string_view>

#include "format/index.hpp"

namespace milepost::testing {

/// A StringTable that can be edited, into a broken one too.
struct TextColumn : format::StringTableBuilder {
    TextColumn() = default;
    explicit TextColumn(std::initializer_list<std::string_view> texts) {
        for (const std::string_view text : texts)
            add(text);
    }

    /// Gives text `i` another content.
    void set(std::size_t i, std::string_view text);
    [[nodiscard]] format::StringTable texts() const noexcept { return {ends, bytes}; }
};

/// An index whose columns can be edited: a good one decoded, then changed into a broken one.
struct Columns : format::BasicIndex<format::OwnedColumn, TextColumn> {
    Columns() = default;
    explicit Columns(const format::Index& index);

    /// Fills storage_nbytes where it is empty, with the values that this means; not where layouts are broken.
    void say_storage_nbytes();
    /// Borrows from the columns.
    [[nodiscard]] format::Index index() const noexcept;
};

}  // namespace milepost::testing

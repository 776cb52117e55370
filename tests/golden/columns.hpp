#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "format/index.hpp"

namespace milepost::golden {

/// A StringTable that can be edited, into a broken one too.
struct TextColumn {
    std::vector<std::uint32_t> ends;
    std::vector<std::byte> bytes;

    TextColumn() = default;
    explicit TextColumn(const format::StringTable& texts)
        : ends(texts.ends.begin(), texts.ends.end()), bytes(texts.bytes.begin(), texts.bytes.end()) {}
    explicit TextColumn(std::initializer_list<std::string_view> texts) {
        for (const std::string_view text : texts)
            add(text);
    }

    void add(std::string_view text);
    /// Gives text `i` another content.
    void set(std::size_t i, std::string_view text);
    [[nodiscard]] format::StringTable texts() const noexcept { return {ends, bytes}; }
};

/// An index whose columns can be edited: a good one decoded, then made to lie.
struct Columns {
    TextColumn model_names, optimizer_names, algorithms, entry_names, param_names, dtype_names;
    std::vector<format::ModelRecord> models;
    std::vector<format::OptimizerRecord> optimizers;
    std::vector<format::GroupRecord> groups;
    std::vector<std::uint64_t> params;
    std::vector<format::StateRecord> states;
    std::vector<std::uint32_t> entry_order, top_order;
    std::vector<format::ValueRecord> values;
    std::vector<std::uint32_t> value_sizes;
    std::vector<std::byte> value_bytes;
    std::vector<format::DtypeRecord> dtypes;
    std::vector<format::LayoutRecord> layouts;
    std::vector<std::uint64_t> dims;
    std::vector<std::uint32_t> tensor_layouts, tensor_storages;
    std::vector<std::uint64_t> tensor_offsets;
    std::vector<std::uint64_t> storage_nbytes;
    std::vector<format::CodecRecord> storage_codecs;
    std::vector<format::Digest> stored_checksums;
    std::vector<std::uint32_t> stored_nbytes;
    std::vector<format::Digest> raw_checksums;

    Columns() = default;
    explicit Columns(const format::Index& index);

    /// Fills storage_nbytes where it is empty, with what that stands for; not where layouts are broken.
    void say_storage_nbytes();
    /// Borrows from the columns.
    [[nodiscard]] format::Index index() const noexcept;
};

}  // namespace milepost::golden

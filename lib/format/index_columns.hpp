#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

#include "codec/checksum.hpp"

/// The columns of the index: docs/format.md, section 6. Names and element types are listed here once, in C++,
/// as schema/checkpoint.fbs lists them (index.cpp asserts that both lists are the same). All that is done to
/// every column (encoding, decoding, sizes, copies, comparisons) is derived from that list.
namespace milepost::format {

using Digest = codec::Digest;

inline constexpr std::uint32_t kNoPosition = 0xFFFFFFFF;
inline constexpr std::uint8_t kStridedFlag = 1;
inline constexpr std::uint8_t kAttributesSubtype = 128;

// Records have the same bytes in memory as in the file, so that decoding copies nothing.

struct ModelRecord {
    std::uint32_t entry_count;
};

struct OptimizerRecord {
    std::uint32_t group_count;
    std::uint32_t state_count;
    std::uint32_t state_extra_count;
    std::uint32_t extra_count;
};

struct GroupRecord {
    std::uint32_t hyperparameter_count;
    std::uint32_t param_count;
    std::uint32_t params_position;
    std::uint32_t param_names_position;
};

/// Names that it takes from `param_names`.
[[nodiscard]] inline std::uint32_t param_name_count(const GroupRecord& group) noexcept {
    return group.param_names_position == kNoPosition ? 0 : group.param_count;
}

struct StateRecord {
    std::uint64_t index;
    std::uint32_t entry_count;
    std::uint32_t reserved;
};

struct ValueRecord {
    std::uint8_t kind;
    std::uint8_t subtype;
};

struct DtypeRecord {
    std::uint8_t code;
    std::uint8_t reserved;
    std::uint16_t bits;
};

struct LayoutRecord {
    std::uint8_t dtype;
    std::uint8_t rank;
    std::uint8_t flags;
    std::uint8_t reserved;
};

[[nodiscard]] inline bool is_strided(const LayoutRecord& layout) noexcept {
    return (layout.flags & kStridedFlag) != 0;
}
/// Numbers that it takes from `dims`.
[[nodiscard]] inline std::uint32_t dims_of(const LayoutRecord& layout) noexcept {
    return std::uint32_t{layout.rank} * (is_strided(layout) ? 2 : 1);
}

struct CodecRecord {
    std::uint8_t code;
    std::uint8_t parameter;
    friend bool operator==(const CodecRecord&, const CodecRecord&) = default;
};

/// A column that borrows its elements, and one that owns them.
template <class Element>
using BorrowedColumn = std::span<const Element>;
template <class Element>
using OwnedColumn = std::vector<Element>;

/// Strings in one pool.
template <template <class> class Column>
struct BasicStringTable {
    Column<std::uint32_t> ends;
    Column<std::byte> bytes;

    [[nodiscard]] std::size_t size() const noexcept { return ends.size(); }
    /// Requires: rule 3 holds.
    [[nodiscard]] std::string_view operator[](std::size_t i) const noexcept {
        const std::uint32_t begin = i == 0 ? 0 : ends[i - 1];
        return {reinterpret_cast<const char*>(bytes.data()) + begin, ends[i] - begin};
    }
};

using StringTable = BasicStringTable<BorrowedColumn>;

/// Throws std::bad_alloc. Requires: all strings of the table have less than 4 GiB.
struct StringTableBuilder : BasicStringTable<OwnedColumn> {
    void add(std::string_view text) {
        const auto added = std::as_bytes(std::span(text));
        bytes.insert(bytes.end(), added.begin(), added.end());
        ends.push_back(static_cast<std::uint32_t>(bytes.size()));
    }
};

/// The table `Index` of the schema. The string tables are of type `Strings`, which has the columns `ends` and
/// `bytes`.
template <template <class> class Column, class Strings>
struct BasicIndex {
    Strings model_names, optimizer_names, algorithms, entry_names, param_names, dtype_names;
    Column<ModelRecord> models;
    Column<OptimizerRecord> optimizers;
    Column<GroupRecord> groups;
    Column<std::uint64_t> params;
    Column<StateRecord> states;
    Column<std::uint32_t> entry_order;
    Column<std::uint32_t> top_order;
    Column<ValueRecord> values;
    Column<std::uint32_t> value_sizes;
    Column<std::byte> value_bytes;
    Column<DtypeRecord> dtypes;
    Column<LayoutRecord> layouts;
    Column<std::uint64_t> dims;
    Column<std::uint32_t> tensor_layouts;
    Column<std::uint32_t> tensor_storages;  ///< or none: tensor i views storage i
    Column<std::uint64_t> tensor_offsets;   ///< or none: all are 0
    Column<std::uint64_t> storage_nbytes;   ///< or none: storage i has the extent of tensor i
    Column<CodecRecord> storage_codecs;     ///< or none: all are raw
    Column<Digest> stored_checksums;
    Column<std::uint32_t> stored_nbytes;
    Column<Digest> raw_checksums;
    Column<std::uint32_t> param_key_counts;  ///< or none: parameters are keyed by their index
    Strings param_keys;
    Column<std::uint32_t> param_key_order;
};

/// Whether the schema requires a field. One that it does not require is absent where it is empty.
enum class Presence : std::uint8_t { required, optional };

/// A field of the schema's table: its name, and a column or a string table of one index.
template <class Content>
struct Field {
    std::string_view name;
    Content& content;
    Presence presence = Presence::required;
};
template <class Content>
Field(std::string_view, Content&) -> Field<Content>;
template <class Content>
Field(std::string_view, Content&, Presence) -> Field<Content>;

/// All fields of an index in the order of their ids, as a tuple of Field. Borrows from the index.
template <class AnyIndex>
[[nodiscard]] constexpr auto fields_of(AnyIndex& index) noexcept {
    return std::tuple(
        Field{"model_names", index.model_names}, Field{"optimizer_names", index.optimizer_names},
        Field{"algorithms", index.algorithms}, Field{"entry_names", index.entry_names},
        Field{"param_names", index.param_names}, Field{"dtype_names", index.dtype_names},
        Field{"models", index.models}, Field{"optimizers", index.optimizers}, Field{"groups", index.groups},
        Field{"params", index.params}, Field{"states", index.states}, Field{"entry_order", index.entry_order},
        Field{"top_order", index.top_order}, Field{"values", index.values},
        Field{"value_sizes", index.value_sizes}, Field{"value_bytes", index.value_bytes},
        Field{"dtypes", index.dtypes}, Field{"layouts", index.layouts}, Field{"dims", index.dims},
        Field{"tensor_layouts", index.tensor_layouts}, Field{"tensor_storages", index.tensor_storages},
        Field{"tensor_offsets", index.tensor_offsets}, Field{"storage_nbytes", index.storage_nbytes},
        Field{"storage_codecs", index.storage_codecs}, Field{"stored_checksums", index.stored_checksums},
        Field{"stored_nbytes", index.stored_nbytes}, Field{"raw_checksums", index.raw_checksums},
        Field{"param_key_counts", index.param_key_counts, Presence::optional},
        Field{"param_keys", index.param_keys, Presence::optional},
        Field{"param_key_order", index.param_key_order, Presence::optional});
}

template <class Content>
inline constexpr bool is_string_table = requires(Content& content) {
    content.ends;
};

/// Calls visit(name, column) for every column in the order of the schema: a string table is two of them, its
/// ends and its bytes, both under its name.
template <class AnyIndex, class Visitor>
constexpr void for_each_column(AnyIndex& index, Visitor&& visit) {
    const auto visit_field = [&](const auto& field) {
        if constexpr (is_string_table<decltype(field.content)>) {
            visit(field.name, field.content.ends);
            visit(field.name, field.content.bytes);
        } else {
            visit(field.name, field.content);
        }
    };
    std::apply([&](const auto&... fields) { (visit_field(fields), ...); }, fields_of(index));
}

/// Calls visit(a's column, b's column) for every column of two indices.
template <class IndexA, class IndexB, class Visitor>
constexpr void for_each_column_pair(IndexA& a, IndexB& b, Visitor&& visit) {
    const auto visit_pair = [&](auto& one, auto& other) {
        if constexpr (is_string_table<decltype(one)>) {
            visit(one.ends, other.ends);
            visit(one.bytes, other.bytes);
        } else {
            visit(one, other);
        }
    };
    const auto of_a = fields_of(a);
    const auto of_b = fields_of(b);
    [&]<std::size_t... kIds>(std::index_sequence<kIds...>) {
        (visit_pair(std::get<kIds>(of_a).content, std::get<kIds>(of_b).content), ...);
    }
    (std::make_index_sequence<std::tuple_size_v<decltype(of_a)>>());
}

}  // namespace milepost::format

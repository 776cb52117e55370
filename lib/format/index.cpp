#include "format/index.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#include <milepost/error.hpp>
#include <milepost/options.hpp>
#include <milepost/result.hpp>

#include "base/message.hpp"
#include "checkpoint_generated.h"
#include "format/file_layout.hpp"
#include "format/index_columns.hpp"

namespace milepost::format {
namespace {

using flatbuffers::FlatBufferBuilder;
using flatbuffers::Offset;
using flatbuffers::uoffset_t;
using flatbuffers::Vector;
using Traits = schema::Index::Traits;

// Names and order of our fields are those of the schema; get() compares the element types.
static_assert([] {
    constexpr Index kEmpty;
    return std::apply(
        [](const auto&... fields) {
            const std::array names{fields.name...};
            bool same = names.size() == Traits::fields_number;
            for (std::size_t i = 0; same && i < names.size(); ++i)
                same = names[i] == std::string_view(Traits::field_names[i]);
            return same;
        },
        fields_of(kEmpty));
}());

template <class Element>
bool is_empty(std::span<const Element> column) noexcept {
    return column.empty();
}
bool is_empty(const StringTable& strings) noexcept {
    return strings.ends.empty() && strings.bytes.empty();
}

/// Newer builders do not align an empty vector, older ones do, and so does the format: one canonical form
/// under all.
template <class Element>
void align_if_empty(FlatBufferBuilder& builder, std::span<const Element> column) {
    if (column.empty()) builder.Align(alignof(Element));
}

template <class Element>
uoffset_t put(FlatBufferBuilder& builder, std::span<const Element> column) {
    align_if_empty(builder, column);
    return builder.CreateVectorOfStructs(column.data(), column.size()).o;
}

uoffset_t put(FlatBufferBuilder& builder, const StringTable& strings) {
    const uoffset_t bytes = put(builder, strings.bytes);
    const uoffset_t ends = put(builder, strings.ends);
    return schema::CreateStringTable(builder, ends, bytes).o;
}

/// Puts a field; 0 if it is absent.
template <class Content>
uoffset_t put(FlatBufferBuilder& builder, const Field<Content>& field) {
    if (field.presence == Presence::optional && is_empty(field.content)) return 0;
    return put(builder, field.content);
}

Error too_large(std::uint64_t nbytes, std::uint64_t limit) {
    return Error(Condition::index_bytes,
                 base::message("index: at least ", nbytes, " bytes, the limit is ", limit));
}

/// The order of creation is the format's: from the last field to the first (docs/format.md, section 10).
Offset<schema::Index> put_index(FlatBufferBuilder& builder, const Index& index) {
    const auto fields = fields_of(index);
    constexpr std::size_t kFields = std::tuple_size_v<decltype(fields)>;
    std::array<uoffset_t, kFields> contents{};
    [&]<std::size_t... kIds>(std::index_sequence<kIds...>) {
        ((contents[kFields - 1 - kIds] = put(builder, std::get<kFields - 1 - kIds>(fields))), ...);
    }
    (std::make_index_sequence<kFields>());
    const uoffset_t table = builder.StartTable();
    for (std::size_t id = kFields; id-- > 0;) {
        const auto slot = flatbuffers::FieldIndexToOffset(static_cast<flatbuffers::voffset_t>(id));
        builder.AddOffset(slot, Offset<void>(contents[id]));  // adds nothing for a field that is absent
    }
    return Offset<schema::Index>(builder.EndTable(table));
}

template <class Ours, class Stored>
void get(const Vector<Stored>* stored, std::span<const Ours>& column) noexcept {
    using Element = std::remove_const_t<std::remove_pointer_t<Stored>>;
    // A column is used as it is in the file: our element and the schema's must be the same bytes.
    static_assert(sizeof(Ours) == sizeof(Element) && alignof(Ours) == alignof(Element));
    static_assert(std::is_integral_v<Ours> ? std::is_same_v<Ours, Element>
                                           : std::is_class_v<Element> || sizeof(Element) == 1);
    column = {reinterpret_cast<const Ours*>(stored->Data()), stored->size()};
}

void get(const schema::StringTable* stored, StringTable& strings) noexcept {
    get(stored->ends(), strings.ends);
    get(stored->bytes(), strings.bytes);
}

/// A field that is absent is empty.
template <class Stored, class Content>
void get_field(const Stored* stored, Content& content) noexcept {
    if (stored != nullptr) get(stored, content);
}

/// Requires: the Verifier accepted the table, so that every required field is there.
Index get_index(const schema::Index& stored) noexcept {
    Index index;
    const auto fields = fields_of(index);
    [&]<std::size_t... kIds>(std::index_sequence<kIds...>) {
        (get_field(stored.get_field<kIds>(), std::get<kIds>(fields).content), ...);
    }
    (std::make_index_sequence<Traits::fields_number>());
    return index;
}

/// The Verifier checks the alignment of a vector's count (4), not of its elements.
bool all_aligned(const Index& index) noexcept {
    bool aligned = true;
    for_each_column(index, [&]<class Element>(std::string_view, std::span<const Element> column) {
        if constexpr (alignof(Element) > sizeof(uoffset_t))
            aligned = aligned && std::bit_cast<std::uintptr_t>(column.data()) % alignof(Element) == 0;
    });
    return aligned;
}

}  // namespace

std::uint64_t Index::column_nbytes() const noexcept {
    std::uint64_t total = 0;
    for_each_column(*this, [&](std::string_view, const auto& column) { total += column.size_bytes(); });
    return total;
}

Result<std::vector<std::byte>> Index::encode(const Limits& limits) const {
    // The builder would assert above 2 GiB; so what it may need at most is asked for first.
    constexpr std::uint64_t kMostBetweenColumns = 1024;
    const std::uint64_t columns = column_nbytes();
    const std::uint64_t limit = std::min(limits.max_index_bytes, kMaxIndexNbytes);
    if (columns > limit || columns > kMaxIndexNbytes - kMostBetweenColumns) return too_large(columns, limit);
    FlatBufferBuilder builder(columns + kMostBetweenColumns);
    builder.Finish(put_index(builder, *this), schema::IndexIdentifier());
    if (builder.GetSize() > limit) return too_large(builder.GetSize(), limit);
    const auto* data = reinterpret_cast<const std::byte*>(builder.GetBufferPointer());
    return std::vector<std::byte>(data, data + builder.GetSize());
}

Result<Index> Index::decode(std::span<const std::byte> buffer) {
    // One Index and seven StringTables: a checkpoint does not have more tables. The size was checked to be
    // below 2 GiB, where the Verifier would assert.
    constexpr flatbuffers::uoffset_t kMaxDepth = 4, kMaxTables = 8;
    const auto* data = reinterpret_cast<const std::uint8_t*>(buffer.data());
    flatbuffers::Verifier verifier(data, buffer.size(), kMaxDepth, kMaxTables);
    if (!schema::VerifyIndexBuffer(verifier)) {
        return Error(Condition::index_schema,
                     base::message("index of ", buffer.size(),
                                   " bytes: no sound FlatBuffers buffer with identifier MLPI"));
    }
    const Index index = get_index(*schema::GetIndex(data));
    if (!all_aligned(index)) {
        return Error(Condition::index_alignment,
                     "index: a column of 8-byte elements is not at a multiple of 8");
    }
    return index;
}

IndexColumns::IndexColumns(const Index& index) {
    for_each_column_pair(index, *this,
                         [](const auto& from, auto& to) { to.assign(from.begin(), from.end()); });
}

Index IndexColumns::view() const noexcept {
    Index index;
    for_each_column_pair(*this, index, [](const auto& from, auto& to) { to = from; });
    return index;
}

}  // namespace milepost::format

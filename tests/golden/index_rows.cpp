#include <algorithm>
#include <string_view>
#include <tuple>
#include <utility>

#include "base/little_endian.hpp"
#include "golden/rows.hpp"
#include "support/samples.hpp"

// The index as a buffer, its two copies, and the padding: docs/format.md, sections 4, 5, 6, 7 (6) and 9.
namespace milepost::golden {
namespace {

using base::load_le;
using base::store_le;

// Ids of fields of `Index`, schema/checkpoint.fbs.
constexpr unsigned kParams = 9, kStates = 10, kEntryOrder = 11, kValueBytes = 15, kDims = 18,
                   kTensorOffsets = 21, kStorageNbytes = 22, kParamKeyCounts = 27;

/// The bytes of an index, as FlatBuffers sees them.
struct IndexBytes {
    Parts parts = small_parts();
    FileBytes bytes = parts.columns.index().encode({}).value();

    [[nodiscard]] std::uint32_t number(std::size_t at) const { return load_le<std::uint32_t>(&bytes[at]); }
    void set(std::size_t at, std::uint32_t number) { store_le(&bytes[at], number); }
    [[nodiscard]] std::size_t table() const { return number(0); }
    [[nodiscard]] std::size_t vtable() const { return table() - number(table()); }
    /// Where the offset of a field is stored.
    [[nodiscard]] std::size_t field(unsigned id) const {
        return table() + load_le<std::uint16_t>(&bytes[vtable() + 4 + std::size_t{2} * id]);
    }
    [[nodiscard]] std::size_t vector(unsigned id) const { return field(id) + number(field(id)); }
    /// Lets a field point to a count of 0 whose elements would begin 4 bytes after a multiple of 8.
    void misalign(unsigned id) {
        std::size_t at = field(id) / 8 * 8 + 8;
        while (number(at) != 0)
            at += 8;
        set(field(id), static_cast<std::uint32_t>(at - field(id)));
    }
    [[nodiscard]] FileBytes file() const { return build(parts.header, parts.storages, bytes); }
};

/// The index with one more column: `Index` has the field `id` after the required ones, whose vector of u32
/// numbers is the last thing in the buffer.
IndexBytes with_column(std::size_t id, const std::vector<std::uint32_t>& numbers) {
    constexpr std::size_t kRoot = 4, kIdentifier = 4, kField = 4, kSlot = 2;
    const std::size_t new_vtable_nbytes = 2 * kSlot + (id + 1) * kSlot;  // absent fields have slots of 0
    IndexBytes old;
    const std::size_t old_table = old.table(), vtable_nbytes = old_table - old.vtable();
    const std::size_t table_nbytes = load_le<std::uint16_t>(&old.bytes[old.vtable() + kSlot]);
    const auto rest = std::span(old.bytes).subspan(old_table + table_nbytes);
    // The columns stay at the same distance from a multiple of 8.
    std::size_t vtable = kRoot + kIdentifier;
    while ((vtable + new_vtable_nbytes + kField) % 8 != old_table % 8)
        ++vtable;
    const std::size_t table = vtable + new_vtable_nbytes;
    IndexBytes made;
    made.bytes.assign(old.bytes.begin(), old.bytes.begin() + kRoot + kIdentifier);
    made.bytes.resize(table + table_nbytes + kField);
    made.set(0, static_cast<std::uint32_t>(table));
    store_le(&made.bytes[vtable], static_cast<std::uint16_t>(new_vtable_nbytes));
    store_le(&made.bytes[vtable + kSlot], static_cast<std::uint16_t>(table_nbytes + kField));
    std::copy_n(&old.bytes[old.vtable() + 2 * kSlot], vtable_nbytes - 2 * kSlot,
                &made.bytes[vtable + 2 * kSlot]);
    store_le(&made.bytes[table - kSlot], static_cast<std::uint16_t>(table_nbytes));
    made.set(table, static_cast<std::uint32_t>(table - vtable));
    for (std::size_t at = kField; at < table_nbytes; at += kField)
        made.set(table + at, old.number(old_table + at) + kField);
    made.bytes.insert(made.bytes.end(), rest.begin(), rest.end());
    made.set(table + table_nbytes, static_cast<std::uint32_t>(made.bytes.size() - table - table_nbytes));
    const auto append = [&](std::uint32_t number) {
        made.bytes.resize(made.bytes.size() + sizeof number);
        made.set(made.bytes.size() - sizeof number, number);
    };
    append(static_cast<std::uint32_t>(numbers.size()));
    for (const std::uint32_t number : numbers)
        append(number);
    return made;
}

/// As a newer minor revision of the format writes it: a field after those of the schema.
IndexBytes with_unknown_column() {
    constexpr std::size_t kUnknown =
        std::tuple_size_v<decltype(format::fields_of(std::declval<format::Index&>()))>;
    return with_column(kUnknown, {7, 8, 9});
}

/// The same with its optional flag.
IndexBytes of_a_newer_revision() {
    IndexBytes index = with_unknown_column();
    index.parts.header.optional_flags = std::uint64_t{1} << 40U;
    return index;
}

/// A file whose index was changed in one place.
template <class Change>
FileBytes changed(Change change) {
    IndexBytes index;
    change(index);
    return index.file();
}

template <unsigned kField>
FileBytes misaligned() {
    return changed([](IndexBytes& index) { index.misalign(kField); });
}

/// The smallest checkpoint, with bytes changed before, in or after one of its index copies.
struct Seams {
    FileBytes file = build(small_parts());
    format::IndexPlacement placement = last_footer(file)->placement;

    FileBytes flipped(std::initializer_list<std::uint64_t> places) && {
        for (const std::uint64_t place : places)
            file[static_cast<std::size_t>(place)] ^= std::byte{1};
        return std::move(file);
    }
};

/// Two compressed chunks, with zeros between them.
FileBytes between_chunks() {
    FileBytes file = save_bytes(two_chunks(), {.codec = Codec::zstd}).value();
    const auto parts = take_apart(file);
    file[static_cast<std::size_t>(parts->begin_of(0) + parts->columns.stored_nbytes[0])] = std::byte{1};
    return file;
}

/// Copy A and copy B damaged in different places.
FileBytes both_copies() {
    Seams seams;
    const auto a = seams.placement.index_offset, b = seams.placement.copy_b();
    return std::move(seams).flipped({a + 30, b + 50});
}

constexpr FileRow kIndexRows[] = {
    {"section 7", "identifier",
     [] { return changed([](IndexBytes& index) { index.bytes[7] = std::byte{'J'}; }); },
     "corrupt/index_schema", "The identifier is MLPJ."},
    {"section 7", "root-0", [] { return changed([](IndexBytes& index) { index.set(0, 0); }); },
     "corrupt/index_schema"},
    {"section 7", "root-past-the-end",
     [] { return changed([](IndexBytes& index) { index.set(0, 0x7FFFFFF0); }); }, "corrupt/index_schema",
     "The root is past the end of the buffer."},
    {"section 7", "root-negative",
     [] { return changed([](IndexBytes& index) { index.set(0, 0xFFFFFFF0); }); }, "corrupt/index_schema"},
    {"section 7", "field-absent",
     [] {
         return changed([](IndexBytes& index) {
             store_le<std::uint16_t>(&index.bytes[index.vtable() + 4 + std::size_t{2} * kParams], 0);
         });
     },
     "corrupt/index_schema", "The column params is not there; it is required."},
    {"section 7", "field-offset-0",
     [] { return changed([](IndexBytes& index) { index.set(index.field(kParams), 0); }); },
     "corrupt/index_schema", "The offset of the column params is 0: it refers to itself."},
    {"section 7", "table-size-0",
     [] {
         return changed(
             [](IndexBytes& index) { store_le<std::uint16_t>(&index.bytes[index.vtable() + 2], 0); });
     },
     "verify corrupt/index_canonical",
     "The vtable of Index states a table of 0 bytes: opening does not use the number, the canonical form fixes it."},
    {"section 7", "table-size-max",
     [] {
         return changed(
             [](IndexBytes& index) { store_le<std::uint16_t>(&index.bytes[index.vtable() + 2], 0xFFFF); });
     },
     "verify corrupt/index_canonical"},
    {"section 7", "vtable-shorter-than-4",
     [] {
         return changed([](IndexBytes& index) { store_le<std::uint16_t>(&index.bytes[index.vtable()], 2); });
     },
     "corrupt/index_schema"},
    {"section 7", "field-misaligned",
     [] {
         return changed([](IndexBytes& index) {
             store_le<std::uint16_t>(&index.bytes[index.vtable() + 4 + std::size_t{2} * kParams], 6);
         });
     },
     "corrupt/index_schema", "The slot of the column params refers to a place off a multiple of 4."},
    {"section 7", "vector-misaligned",
     [] {
         return changed([](IndexBytes& index) {
             index.set(index.field(kParams), index.number(index.field(kParams)) + 2);
         });
     },
     "corrupt/index_schema", "The count of the column params is off a multiple of 4."},
    {"section 10", "optional-column-empty", [] { return with_column(kParamKeyCounts, {}).file(); },
     "verify corrupt/index_canonical",
     "The column param_key_counts is there and has no elements: it should be absent."},
    {"section 6.6", "optional-column-offset-0",
     [] {
         IndexBytes index = with_column(kParamKeyCounts, {});
         index.set(index.field(kParamKeyCounts), 0);
         return index.file();
     },
     "corrupt/index_schema"},
    {"section 6.6", "optional-column-past-the-end",
     [] {
         IndexBytes index = with_column(kParamKeyCounts, {});
         index.bytes.resize(index.bytes.size() - 4);
         return index.file();
     },
     "corrupt/index_schema",
     "The column param_key_counts is there, and its count is past the end of the buffer."},
    {"section 13", "newer-revision", [] { return of_a_newer_revision().file(); }, "ok",
     "A newer minor revision: a column that this version does not know, and its optional flag."},
    {"section 13", "newer-revision-without-flag", [] { return with_unknown_column().file(); },
     "verify corrupt/index_canonical", "The same column without an unknown optional flag."},
    {"section 13", "newer-revision-damaged",
     [] {
         FileBytes file = of_a_newer_revision().file();
         file[static_cast<std::size_t>(last_footer(file)->placement.gap()) + 7] ^= std::byte{1};
         return file;
     },
     "verify corrupt/padding",
     "A newer minor revision with a byte of the gap changed: all that is known is checked."},
    {"section 7", "vtable-before-the-buffer",
     [] { return changed([](IndexBytes& index) { index.set(index.table(), 0x7FFFFFF0); }); },
     "corrupt/index_schema"},
    {"section 7", "vtable-odd",
     [] {
         return changed([](IndexBytes& index) { store_le<std::uint16_t>(&index.bytes[index.vtable()], 47); });
     },
     "corrupt/index_schema"},
    {"section 7", "vector-count-max",
     [] { return changed([](IndexBytes& index) { index.set(index.vector(kEntryOrder), 0xFFFFFFFF); }); },
     "corrupt/index_schema", "A column of 2^32 - 1 elements."},
    {"section 7", "vector-count-wraps",
     [] { return changed([](IndexBytes& index) { index.set(index.vector(kParams), 0x20000001); }); },
     "corrupt/index_schema"},
    {"section 7", "vector-past-the-end",
     [] { return changed([](IndexBytes& index) { index.set(index.field(kParams), 0x7FFFFFF0); }); },
     "corrupt/index_schema"},
    {"section 7", "params-misaligned", misaligned<kParams>, "corrupt/index_alignment",
     "The column params, which has no elements, is 4 bytes off a multiple of 8."},
    {"section 7", "states-misaligned", misaligned<kStates>, "corrupt/index_alignment"},
    {"section 7", "dims-misaligned", misaligned<kDims>, "corrupt/index_alignment"},
    {"section 7", "tensor-offsets-misaligned", misaligned<kTensorOffsets>, "corrupt/index_alignment"},
    {"section 7", "storage-nbytes-misaligned", misaligned<kStorageNbytes>, "corrupt/index_alignment",
     "The column storage_nbytes is 4 bytes off a multiple of 8."},
    {"section 10", "bytes-behind-the-columns",
     [] { return changed([](IndexBytes& index) { index.bytes.resize(index.bytes.size() + 8); }); },
     "verify corrupt/index_canonical", "Eight bytes after all columns, which no field refers to."},
    {"section 10", "byte-between-columns",
     [] {
         return changed([](IndexBytes& index) {
             const std::size_t column = index.vector(kValueBytes);
             index.bytes[column + 4 + index.number(column)] = std::byte{1};
         });
     },
     "verify corrupt/index_canonical",
     "A byte after the column value_bytes, up to the next multiple of 4, is not zero."},

    {"section 9", "copy-a",
     [] {
         Seams seams;
         const auto a = seams.placement.index_offset;
         return std::move(seams).flipped({a + 30});
     },
     "verify corrupt/index_copy",
     "Copy A of the index is damaged: the file opens with copy B, and a warning."},
    {"section 9", "copy-b",
     [] {
         Seams seams;
         const auto b = seams.placement.copy_b();
         return std::move(seams).flipped({b + 30});
     },
     "verify corrupt/index_copy", "Copy B of the index is damaged."},
    {"section 9", "footer-a",
     [] {
         Seams seams;
         const auto footer = seams.placement.footer_a();
         return std::move(seams).flipped({footer + 40});
     },
     "verify corrupt/index_copy", "Footer A is damaged."},
    {"section 7", "both-copies", both_copies, "corrupt/index_checksum",
     "Both copies of the index are damaged."},

    {"section 9", "padding-before-a-storage", [] { return Seams{}.flipped({100}); }, "verify corrupt/padding",
     "A byte between two storages is not zero."},
    {"section 9", "padding-between-chunks", between_chunks, "verify corrupt/padding"},
    {"section 9", "padding-before-the-index",
     [] {
         Seams seams;
         const auto a = seams.placement.index_offset;
         return std::move(seams).flipped({a - 1});
     },
     "verify corrupt/padding"},
    {"section 9", "padding-in-the-gap",
     [] {
         Seams seams;
         const auto gap = seams.placement.gap();
         return std::move(seams).flipped({gap + 4095});
     },
     "verify corrupt/padding", "The last byte of the gap is not zero."},
    {"section 9", "padding-behind-copy-a",
     [] {
         Seams seams;
         const auto footer = seams.placement.footer_a();
         return std::move(seams).flipped({footer - 1});
     },
     "verify corrupt/padding"},
    {"section 9", "padding-behind-copy-b",
     [] {
         Seams seams;
         const auto footer = seams.placement.footer_b();
         return std::move(seams).flipped({footer - 1});
     },
     "verify corrupt/padding", "A byte after copy B of the index is not zero."},
};

}  // namespace

std::span<const FileRow> index_rows() {
    return kIndexRows;
}

}  // namespace milepost::golden

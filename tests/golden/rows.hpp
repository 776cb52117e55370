#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "support/reseal.hpp"

/// The catalogue: every way in which a file can be wrong, as table rows. Each has its one answer.
namespace milepost::golden {

using namespace testing;  // rows are written in the words of tests/support

/// A file whose index, header or chunks are wrong while all checksums are right.
struct Row {
    std::string_view where;  ///< what of docs/format.md it breaks: "rule 7", "section 3"
    std::string_view name;
    Parts (*base)() = nullptr;       ///< small(), stored raw, if null
    void (*edit)(Parts&) = nullptr;  ///< none if null
    /// In the words of verdict_of: "ok", "corrupt/name", "verify corrupt/padding".
    std::string_view expected;
    /// What the file is; it is then a golden file.
    std::string_view about = {};
    /// Limits it is opened with, else the defaults: "tables=1".
    std::string_view limits = {};
};

/// A file that is made from whole bytes: damaged, or forged where Row cannot.
struct FileRow {
    std::string_view where;
    std::string_view name;
    FileBytes (*make)();
    std::string_view expected;
    std::string_view about = {};
};

[[nodiscard]] std::span<const Row> name_rows();
[[nodiscard]] std::span<const Row> value_rows();
[[nodiscard]] std::span<const Row> layout_rows();
[[nodiscard]] std::span<const Row> tensor_rows();
[[nodiscard]] std::span<const Row> storage_rows();
[[nodiscard]] std::span<const Row> optimizer_rows();
[[nodiscard]] std::span<const Row> param_key_rows();
[[nodiscard]] std::span<const Row> canonical_rows();
[[nodiscard]] std::span<const Row> chunk_rows();
[[nodiscard]] std::span<const Row> planes_rows();
[[nodiscard]] std::span<const FileRow> file_layout_rows();
[[nodiscard]] std::span<const FileRow> index_rows();
[[nodiscard]] std::span<const FileRow> good_rows();

/// All rows of Row.
[[nodiscard]] std::vector<Row> all_rows();
/// All rows of FileRow, without those of good files.
[[nodiscard]] std::vector<FileRow> all_file_rows();

[[nodiscard]] Parts make_parts(const Row& row);
[[nodiscard]] FileBytes make_file(const Row& row);

// Bases.
[[nodiscard]] Parts parts_of(const Checkpoint& checkpoint, const SaveOptions& options = {});
[[nodiscard]] Parts small_parts();
/// A top-level value `v` in an otherwise empty checkpoint.
[[nodiscard]] Parts value_parts(Value value);
/// A model `m` with null entries.
[[nodiscard]] Parts entry_parts(std::initializer_list<std::string_view> names);
/// A tensor `v` that views six_floats() as this dtype.
[[nodiscard]] Parts tensor_parts(Dtype dtype, Shape shape, Strides strides = {});
/// The same, of a layout that save may refuse; `dims` has the strides too.
[[nodiscard]] Parts layout_parts(Dtype dtype, std::uint8_t rank, std::vector<std::uint64_t> dims,
                                 bool strided = false);
/// Another layout, after the existing ones.
void add_layout(Parts& p, format::LayoutRecord layout, std::vector<std::uint64_t> dims);

/// Limits from their text. Requires: well formed.
[[nodiscard]] Limits limits_of(std::string_view text);

}  // namespace milepost::golden

#include "golden/rows.hpp"

#include <charconv>

#include "support/samples.hpp"

namespace milepost::golden {

std::vector<Row> all_rows() {
    std::vector<Row> rows;
    for (const auto table :
         {name_rows(), value_rows(), layout_rows(), tensor_rows(), storage_rows(), optimizer_rows(),
          param_key_rows(), canonical_rows(), chunk_rows(), planes_rows()}) {
        rows.insert(rows.end(), table.begin(), table.end());
    }
    return rows;
}

std::vector<FileRow> all_file_rows() {
    std::vector<FileRow> rows;
    for (const auto table : {file_layout_rows(), index_rows()})
        rows.insert(rows.end(), table.begin(), table.end());
    return rows;
}

Parts make_parts(const Row& row) {
    Parts parts = row.base != nullptr ? row.base() : small_parts();
    if (row.edit != nullptr) row.edit(parts);
    return parts;
}

FileBytes make_file(const Row& row) {
    return build(make_parts(row));
}

Parts parts_of(const Checkpoint& checkpoint, const SaveOptions& options) {
    const auto file = save_bytes(checkpoint, options);
    if (!file) return {};
    return take_apart(*file).value_or(Parts{});
}

Parts small_parts() {
    return parts_of(small());
}
Parts value_parts(Value value) {
    return parts_of(one_value(std::move(value)));
}
Parts entry_parts(std::initializer_list<std::string_view> names) {
    return parts_of(null_entries(names));
}

Parts tensor_parts(Dtype dtype, Shape shape, Strides strides) {
    const StorageView storage(std::as_bytes(six_floats()));
    return parts_of(
        one_value(TensorView(*find_dtype(dtype), std::move(shape), storage, 0, std::move(strides))));
}

Parts layout_parts(Dtype dtype, std::uint8_t rank, std::vector<std::uint64_t> dims, bool strided) {
    Parts p = tensor_parts(dtype, {2});
    p.columns.layouts[0].rank = rank;
    p.columns.layouts[0].flags = strided ? format::kStridedFlag : 0;
    p.columns.dims = std::move(dims);
    return p;
}

void add_layout(Parts& p, format::LayoutRecord layout, std::vector<std::uint64_t> dims) {
    p.columns.layouts.push_back(layout);
    p.columns.dims.insert(p.columns.dims.end(), dims.begin(), dims.end());
}

Limits limits_of(std::string_view text) {
    Limits limits;
    const std::size_t equals = text.find('=');
    if (equals == std::string_view::npos) return limits;
    const std::string_view name = text.substr(0, equals);
    std::uint32_t number = 0;
    std::from_chars(text.data() + equals + 1, text.data() + text.size(), number);
    if (name == "index_bytes") limits.max_index_bytes = number;
    if (name == "tables") limits.max_tables = number;
    if (name == "records") limits.max_records = number;
    if (name == "rank") limits.max_rank = number;
    if (name == "name_bytes") limits.max_name_bytes = number;
    if (name == "depth") limits.max_depth = number;
    return limits;
}

}  // namespace milepost::golden

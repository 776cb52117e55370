#include "format/index.hpp"

#include <bit>
#include <cstring>

#include "base/message.hpp"
#include "checkpoint_generated.h"
#include "format/file_layout.hpp"

namespace milepost::format {
namespace {

using flatbuffers::FlatBufferBuilder;
using flatbuffers::Offset;
using flatbuffers::Vector;

// A column is used as it lies in the file: our struct and the schema's must be the same bytes.
template <class Ours, class Stored>
constexpr bool same_layout = sizeof(Ours) == sizeof(Stored) && alignof(Ours) == alignof(Stored);
static_assert(same_layout<ModelRecord, schema::Model> && same_layout<OptimizerRecord, schema::Optimizer> &&
              same_layout<GroupRecord, schema::Group> && same_layout<StateRecord, schema::State> &&
              same_layout<ValueRecord, schema::Value> && same_layout<DtypeRecord, schema::Dtype> &&
              same_layout<LayoutRecord, schema::Layout> && same_layout<CodecRecord, schema::Codec> &&
              same_layout<Digest, schema::Digest>);

/// Newer builders do not align an empty vector, older ones do, and so does the format: one canonical form
/// under all.
template <class Element>
void align_if_empty(FlatBufferBuilder& builder, std::span<const Element> column) {
    if (column.empty()) builder.Align(alignof(Element));
}

template <class Stored, class Ours>
Offset<Vector<const Stored*>> put_structs(FlatBufferBuilder& builder, std::span<const Ours> column) {
    align_if_empty(builder, column);
    return builder.CreateVectorOfStructs(reinterpret_cast<const Stored*>(column.data()), column.size());
}

template <class Scalar>
Offset<Vector<Scalar>> put_scalars(FlatBufferBuilder& builder, std::span<const Scalar> column) {
    align_if_empty(builder, column);
    return builder.CreateVector(column.data(), column.size());
}

Offset<Vector<std::uint8_t>> put_bytes(FlatBufferBuilder& builder, std::span<const std::byte> column) {
    return builder.CreateVector(reinterpret_cast<const std::uint8_t*>(column.data()), column.size());
}

Offset<schema::StringTable> put_string_table(FlatBufferBuilder& builder, const StringTable& texts) {
    const auto bytes = put_bytes(builder, texts.bytes);
    const auto ends = put_scalars(builder, texts.ends);
    return schema::CreateStringTable(builder, ends, bytes);
}

/// Bytes of all columns, without what lies between them.
std::uint64_t column_nbytes(const Index& index) noexcept {
    std::uint64_t total = 0;
    for (const StringTable* texts : {&index.model_names, &index.optimizer_names, &index.algorithms,
                                     &index.entry_names, &index.param_names, &index.dtype_names}) {
        total += texts->ends.size_bytes() + texts->bytes.size();
    }
    return total + index.models.size_bytes() + index.optimizers.size_bytes() + index.groups.size_bytes() +
           index.params.size_bytes() + index.states.size_bytes() + index.entry_order.size_bytes() +
           index.top_order.size_bytes() + index.values.size_bytes() + index.value_bytes.size_bytes() +
           index.value_sizes.size_bytes() + index.dtypes.size_bytes() + index.layouts.size_bytes() +
           index.dims.size_bytes() + index.tensor_layouts.size_bytes() + index.tensor_storages.size_bytes() +
           index.tensor_offsets.size_bytes() + index.storage_nbytes.size_bytes() +
           index.storage_codecs.size_bytes() + index.stored_checksums.size_bytes() +
           index.stored_nbytes.size_bytes() + index.raw_checksums.size_bytes();
}

Error too_large(std::uint64_t nbytes, std::uint64_t limit) {
    return Error(Condition::index_bytes,
                 base::message("index: at least ", nbytes, " bytes, the limit is ", limit));
}

/// The order of creation is the format's: from the last field to the first (docs/format.md, section 10).
Offset<schema::Index> put_index(FlatBufferBuilder& builder, const Index& index) {
    const auto raw_checksums = put_structs<schema::Digest>(builder, index.raw_checksums);
    const auto stored_nbytes = put_scalars(builder, index.stored_nbytes);
    const auto stored_checksums = put_structs<schema::Digest>(builder, index.stored_checksums);
    const auto storage_codecs = put_structs<schema::Codec>(builder, index.storage_codecs);
    const auto storage_nbytes = put_scalars(builder, index.storage_nbytes);
    const auto tensor_offsets = put_scalars(builder, index.tensor_offsets);
    const auto tensor_storages = put_scalars(builder, index.tensor_storages);
    const auto tensor_layouts = put_scalars(builder, index.tensor_layouts);
    const auto dims = put_scalars(builder, index.dims);
    const auto layouts = put_structs<schema::Layout>(builder, index.layouts);
    const auto dtypes = put_structs<schema::Dtype>(builder, index.dtypes);
    const auto value_bytes = put_bytes(builder, index.value_bytes);
    const auto value_sizes = put_scalars(builder, index.value_sizes);
    const auto values = put_structs<schema::Value>(builder, index.values);
    const auto top_order = put_scalars(builder, index.top_order);
    const auto entry_order = put_scalars(builder, index.entry_order);
    const auto states = put_structs<schema::State>(builder, index.states);
    const auto params = put_scalars(builder, index.params);
    const auto groups = put_structs<schema::Group>(builder, index.groups);
    const auto optimizers = put_structs<schema::Optimizer>(builder, index.optimizers);
    const auto models = put_structs<schema::Model>(builder, index.models);
    const auto dtype_names = put_string_table(builder, index.dtype_names);
    const auto param_names = put_string_table(builder, index.param_names);
    const auto entry_names = put_string_table(builder, index.entry_names);
    const auto algorithms = put_string_table(builder, index.algorithms);
    const auto optimizer_names = put_string_table(builder, index.optimizer_names);
    const auto model_names = put_string_table(builder, index.model_names);
    return schema::CreateIndex(builder, model_names, optimizer_names, algorithms, entry_names, param_names,
                               dtype_names, models, optimizers, groups, params, states, entry_order,
                               top_order, values, value_sizes, value_bytes, dtypes, layouts, dims,
                               tensor_layouts, tensor_storages, tensor_offsets, storage_nbytes,
                               storage_codecs, stored_checksums, stored_nbytes, raw_checksums);
}

template <class Scalar>
std::span<const Scalar> get_scalars(const Vector<Scalar>* column) noexcept {
    return {reinterpret_cast<const Scalar*>(column->Data()), column->size()};
}

template <class Ours, class Stored>
std::span<const Ours> get_structs(const Vector<const Stored*>* column) noexcept {
    return {reinterpret_cast<const Ours*>(column->Data()), column->size()};
}

std::span<const std::byte> get_bytes(const Vector<std::uint8_t>* column) noexcept {
    return {reinterpret_cast<const std::byte*>(column->Data()), column->size()};
}

StringTable get_string_table(const schema::StringTable* texts) noexcept {
    return {get_scalars(texts->ends()), get_bytes(texts->bytes())};
}

/// The Verifier checks the alignment of a vector's count (4), not of its elements.
template <class Element>
bool is_aligned(std::span<const Element> column) noexcept {
    return std::bit_cast<std::uintptr_t>(column.data()) % alignof(Element) == 0;
}

bool all_aligned(const Index& index) noexcept {
    return is_aligned(index.params) && is_aligned(index.states) && is_aligned(index.dims) &&
           is_aligned(index.tensor_offsets) && is_aligned(index.storage_nbytes);
}

}  // namespace

Result<std::vector<std::byte>> Index::encode(const Limits& limits) const {
    // The builder would assert above 2 GiB; so what it may need at most is asked for first.
    constexpr std::uint64_t kMostBetweenColumns = 1024;
    const std::uint64_t columns = column_nbytes(*this);
    const std::uint64_t limit = std::min(limits.max_index_bytes, kMaxIndexNbytes);
    if (columns > limit || columns > kMaxIndexNbytes - kMostBetweenColumns) return too_large(columns, limit);
    FlatBufferBuilder builder(columns + kMostBetweenColumns);
    builder.Finish(put_index(builder, *this), schema::IndexIdentifier());
    if (builder.GetSize() > limit) return too_large(builder.GetSize(), limit);
    const auto* data = reinterpret_cast<const std::byte*>(builder.GetBufferPointer());
    return std::vector<std::byte>(data, data + builder.GetSize());
}

Result<Index> Index::decode(std::span<const std::byte> buffer) {
    // One Index and six StringTable: more tables than that are no checkpoint's. The size was checked to be
    // below 2 GiB, where the Verifier would assert.
    constexpr flatbuffers::uoffset_t kMaxDepth = 4, kMaxTables = 7;
    const auto* data = reinterpret_cast<const std::uint8_t*>(buffer.data());
    flatbuffers::Verifier verifier(data, buffer.size(), kMaxDepth, kMaxTables);
    if (!schema::VerifyIndexBuffer(verifier)) {
        return Error(Condition::index_schema,
                     base::message("index of ", buffer.size(),
                                   " bytes: no sound FlatBuffers buffer with identifier MLPI"));
    }
    const schema::Index& root = *schema::GetIndex(data);
    Index index{
        .model_names = get_string_table(root.model_names()),
        .optimizer_names = get_string_table(root.optimizer_names()),
        .algorithms = get_string_table(root.algorithms()),
        .entry_names = get_string_table(root.entry_names()),
        .param_names = get_string_table(root.param_names()),
        .dtype_names = get_string_table(root.dtype_names()),
        .models = get_structs<ModelRecord>(root.models()),
        .optimizers = get_structs<OptimizerRecord>(root.optimizers()),
        .groups = get_structs<GroupRecord>(root.groups()),
        .params = get_scalars(root.params()),
        .states = get_structs<StateRecord>(root.states()),
        .entry_order = get_scalars(root.entry_order()),
        .top_order = get_scalars(root.top_order()),
        .values = get_structs<ValueRecord>(root.values()),
        .value_sizes = get_scalars(root.value_sizes()),
        .value_bytes = get_bytes(root.value_bytes()),
        .dtypes = get_structs<DtypeRecord>(root.dtypes()),
        .layouts = get_structs<LayoutRecord>(root.layouts()),
        .dims = get_scalars(root.dims()),
        .tensor_layouts = get_scalars(root.tensor_layouts()),
        .tensor_storages = get_scalars(root.tensor_storages()),
        .tensor_offsets = get_scalars(root.tensor_offsets()),
        .storage_nbytes = get_scalars(root.storage_nbytes()),
        .storage_codecs = get_structs<CodecRecord>(root.storage_codecs()),
        .stored_checksums = get_structs<Digest>(root.stored_checksums()),
        .stored_nbytes = get_scalars(root.stored_nbytes()),
        .raw_checksums = get_structs<Digest>(root.raw_checksums()),
    };
    if (!all_aligned(index)) {
        return Error(Condition::index_alignment,
                     "index: a column of 8-byte elements is not at a multiple of 8");
    }
    return index;
}

}  // namespace milepost::format

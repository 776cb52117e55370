#include "golden/rows.hpp"
#include "support/samples.hpp"

namespace milepost::golden {
namespace {

FileBytes file_of(const Checkpoint& checkpoint, const SaveOptions& options = {}) {
    auto file = save_bytes(checkpoint, options);
    return file ? *std::move(file) : FileBytes();
}

FileBytes optional_flags() {
    Parts parts = small_parts();
    parts.header.optional_flags = std::uint64_t{1} << 63U | 1;
    return build(parts);
}

FileBytes nested_once() {
    static const FileBytes inner = file_of({});
    const auto u8 = *find_dtype(Dtype::u8);
    return file_of(one_value(TensorView(u8, {inner.size()}, StorageView(inner))));
}

constexpr FileRow kGoodRows[] = {
    {"section 14", "empty", [] { return file_of({}); }, "ok",
     "The smallest checkpoint: no models, optimizers and values."},
    {"section 14", "example", [] { return file_of(example()); }, "ok",
     "What the specification shows column by column: a model with a transposed view, a param group, a state, a value."},
    {"section 6", "small", [] { return file_of(small()); }, "ok",
     "Something in every column that a raw file has: what most bad files are made from."},
    {"section 6.4", "values", [] { return file_of(every_value()); }, "ok",
     "Every kind and subtype of value: ints to 255 bytes, NaNs with their payload, -0.0, keys of every kind, attributes, tensors within."},
    {"section 6.3", "dtypes", [] { return file_of(every_dtype()); }, "ok", "A tensor of every dtype."},
    {"section 6.3", "shapes", [] { return file_of(every_shape()); }, "ok",
     "Rank 0 to 64, empty, tied, sliced, overlapping, expanded and transposed tensors."},
    {"section 6.3", "unknown-dtype", [] { return file_of(unknown_dtype()); }, "ok",
     "Two dtypes that no version knows, of 24 and of 3 bits: they list and verify as bytes."},
    {"section 6.3", "blocks", [] { return file_of(ggml_blocks()); }, "ok",
     "Blocks of 210 bytes as elements, in order, in columns, and a part of them."},
    {"section 2", "names", [] { return file_of(odd_names()); }, "ok",
     "Names that look like paths, turn text around, are equal after normalisation, or are as long as may be."},
    {"section 6.1", "models", [] { return file_of(several_models()); }, "ok",
     "Two models with a tied weight, metadata and extra state, an empty one, and an order of their own."},
    {"section 6.1", "optimizers", [] { return file_of(several_optimizers()); }, "ok",
     "Three optimizers: groups with names, states with and without a group, state extra and extra entries."},
    {"section 6.1", "param-keys", [] { return file_of(named_params()); }, "ok",
     "Three optimizers, one with parameters that are keyed by names: param_key_counts, param_keys and param_key_order are there."},
    {"section 6.1", "columns-left-out", [] { return file_of(two_storages()); }, "ok",
     "Tensor i views storage i from its beginning, all raw: tensor_storages, tensor_offsets and storage_codecs are empty."},
    {"section 6.1", "tensor-storages", [] { return file_of(tied()); }, "ok",
     "Three tensors of one storage: tensor_storages is there, tensor_offsets is not. They have one layout."},
    {"section 6.1", "tensor-offsets", [] { return file_of(sliced()); }, "ok",
     "Two tensors after the beginning of a storage of their own: tensor_offsets is there, tensor_storages is not."},
    {"section 6.1", "storage-codecs", [] { return file_of(two_storages(), {.codec = Codec::zstd}); }, "ok",
     "Two storages in the codec zstd that do not compress: storage_codecs and stored_nbytes are there."},
    {"section 6.1", "every-column", [] { return file_of(every_column(), {.codec = Codec::zstd}); }, "ok",
     "Two storages in the codec zstd, two tensors of each, one after its beginning: all three columns are there."},
    {"section 10", "like-layouts", [] { return file_of(like_layouts()); }, "ok",
     "Layouts that differ in their dtype alone, or in what of equal dims is a stride; three of them have several tensors."},
    {"section 4", "zstd-chunks", [] { return file_of(many_chunks(), {.codec = Codec::zstd}); }, "ok",
     "A storage of three compressed chunks, one of one chunk, and one that does not compress."},
    {"section 4", "automatic", [] { return file_of(many_chunks(), {.codec = Codec::automatic}); }, "ok",
     "The same with the codec chosen for each storage: two zstd, one raw."},
    {"section 4.4", "planes", [] { return file_of(float_words(), {.codec = Codec::planes}); }, "ok",
     "A tensor of each kind of word in the codec planes, one of them in two blocks; one of integers."},
    {"section 4.4", "planes-smallest", [] { return file_of(float_words(), {.codec = Codec::smallest}); },
     "ok", "The same as small as can be: mantissa bits in the symbols."},
    {"section 3", "alignment-4096", [] { return file_of(two_storages(), {.alignment = 4096}); }, "ok",
     "Storages at multiples of 4096."},
    {"section 3", "optional-flags", optional_flags, "ok",
     "Optional flags that no version knows: reported, else ignored."},
    {"section 1", "nested", nested_once, "ok",
     "A whole checkpoint inside of a storage: the last footer counts."},
};

}  // namespace

std::span<const FileRow> good_rows() {
    return kGoodRows;
}

}  // namespace milepost::golden

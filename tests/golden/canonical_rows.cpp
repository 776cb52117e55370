#include "golden/rows.hpp"
#include "support/samples.hpp"

// The columns' canonical form, docs/format.md, section 10: no rule of section 6.5 is broken, but one content
// has one encoding.
namespace milepost::golden {
namespace {

/// Two tensors of two layouts and two storages; each fits both.
Checkpoint two_checkpoint() {
    static const std::vector<std::byte> bytes = make_bytes(24, 4);
    Checkpoint checkpoint = one_value(TensorView(*find_dtype(Dtype::u8), {24}, StorageView(bytes)));
    const StorageView floats(std::as_bytes(six_floats()));
    checkpoint.values()["w"] = TensorView(*find_dtype(Dtype::f32), {6}, floats);
    return checkpoint;
}
Parts two_tensors() {
    return parts_of(two_checkpoint());
}
Parts two_and_the_first() {
    Checkpoint checkpoint = two_checkpoint();
    Value first = checkpoint.values()["v"];
    checkpoint.values()["x"] = std::move(first);
    return parts_of(checkpoint);
}

constexpr Row kCanonicalRows[] = {
    {.where = "section 6.1",
     .name = "storages-in-another-order",
     .base = two_tensors,
     .edit =
         [](Parts& p) {
             p.columns.say_storage_nbytes();
             p.columns.tensor_storages = {1, 0};
         },
     .expected = "ok",
     .about = "The first tensor views the second storage, as a writer that streams may have it."},
    {.where = "section 10",
     .name = "layouts-equal",
     .base = [] { return parts_of(tied()); },
     .edit =
         [](Parts& p) {
             add_layout(p, p.columns.layouts[0], {6});
             p.columns.tensor_layouts = {0, 1, 0};
         },
     .expected = "verify corrupt/index_canonical",
     .about = "Two layouts that are equal."},
    {.where = "section 10",
     .name = "layouts-equal-strided",
     .base =
         [] {
             return tensor_parts(Dtype::f32, {2, 2}, {1, 3});
         },
     .edit =
         [](Parts& p) {
             p.columns.values.push_back(p.columns.values[0]);
             p.columns.entry_names.add("w");
             p.columns.entry_order = {0, 1};
             p.columns.top_order = {0, 1};
             add_layout(p, p.columns.layouts[0], {2, 2, 1, 3});
             p.columns.tensor_layouts = {0, 1};
             p.columns.say_storage_nbytes();
             p.columns.tensor_storages = {0, 0};
         },
     .expected = "verify corrupt/index_canonical"},
    {.where = "section 10",
     .name = "layouts-out-of-order",
     .base = two_and_the_first,
     .edit =
         [](Parts& p) {
             std::swap(p.columns.layouts[0], p.columns.layouts[1]);
             std::swap(p.columns.dims[0], p.columns.dims[1]);
             p.columns.tensor_layouts = {1, 0, 1};
         },
     .expected = "verify corrupt/index_canonical",
     .about = "The first tensor has the second layout."},
    {.where = "section 10",
     .name = "layout-unused",
     .base = two_tensors,
     .edit =
         [](Parts& p) {
             add_layout(p, {6, 1, 0, 0}, {7});
         },
     .expected = "verify corrupt/index_canonical",
     .about = "A layout that no tensor has, after the others."},
    {.where = "section 10",
     .name = "layout-skipped",
     .base = two_tensors,
     .edit =
         [](Parts& p) {
             add_layout(p, p.columns.layouts[1], {6});
             p.columns.dims[1] = 7;
             p.columns.tensor_layouts = {0, 2};
         },
     .expected = "verify corrupt/index_canonical"},
    {.where = "section 10",
     .name = "tensor-storages-usual",
     .base = two_tensors,
     .edit =
         [](Parts& p) {
             p.columns.say_storage_nbytes();
             p.columns.tensor_storages = {0, 1};
         },
     .expected = "verify corrupt/index_canonical",
     .about = "tensor_storages states that tensor i views storage i: it should be empty."},
    {.where = "section 10",
     .name = "storage-nbytes-usual",
     .base = two_tensors,
     .edit = [](Parts& p) { p.columns.say_storage_nbytes(); },
     .expected = "verify corrupt/index_canonical",
     .about =
         "storage_nbytes states that each storage has the bytes that its tensor reaches: it should be empty."},
    {.where = "section 10",
     .name = "tensor-offsets-zero",
     .base = [] { return parts_of(tied()); },
     .edit =
         [](Parts& p) {
             p.columns.tensor_offsets = {0, 0, 0};
         },
     .expected = "verify corrupt/index_canonical",
     .about = "tensor_offsets states that all begin at 0: it should be empty."},
    {.where = "section 10",
     .name = "storage-codecs-raw",
     .base = two_tensors,
     .edit = [](Parts& p) { p.columns.storage_codecs.resize(2); },
     .expected = "verify corrupt/index_canonical",
     .about = "storage_codecs states that all are raw: it should be empty."},
    {.where = "section 10",
     .name = "param-key-counts-zero",
     .edit = [](Parts& p) { p.columns.param_key_counts.resize(1); },
     .expected = "verify corrupt/index_canonical",
     .about = "param_key_counts states that no optimizer has param keys: it should be absent."},
    {.where = "section 10",
     .name = "storage-codecs-raw-without-chunks",
     .base = [] { return parts_of(one_value(TensorView())); },
     .edit = [](Parts& p) { p.columns.storage_codecs.resize(1); },
     .expected = "verify corrupt/index_canonical"},
};

}  // namespace

std::span<const Row> canonical_rows() {
    return kCanonicalRows;
}

}  // namespace milepost::golden

#include "golden/rows.hpp"
#include "support/samples.hpp"

// Rules 23 and 30 of docs/format.md, section 6.5: what tensors refer to, and where they are.
namespace milepost::golden {
namespace {

Parts floats(Shape shape, Strides strides = {}) {
    return tensor_parts(Dtype::f32, std::move(shape), std::move(strides));
}

Parts nibbles(std::uint64_t elements) {
    return layout_parts(Dtype::f4_e2m1fn, 1, {elements});
}

constexpr Row kTensorRows[] = {
    {.where = "rule 23",
     .name = "rule23-a-tensor-more",
     .edit =
         [](Parts& p) {
             p.columns.tensor_layouts.push_back(0);
             p.columns.tensor_storages.push_back(0);
             p.columns.tensor_offsets.push_back(0);
         },
     .expected = "corrupt/reference",
     .about = "Four tensors for three values of that kind."},
    {.where = "rule 23",
     .name = "rule23-a-tensor-less",
     .edit =
         [](Parts& p) {
             p.columns.tensor_layouts.pop_back();
             p.columns.tensor_storages.pop_back();
             p.columns.tensor_offsets.pop_back();
         },
     .expected = "corrupt/reference"},
    {.where = "rule 23",
     .name = "rule23-no-tensors",
     .edit =
         [](Parts& p) {
             p.columns.tensor_layouts.clear();
             p.columns.tensor_storages.clear();
             p.columns.tensor_offsets.clear();
         },
     .expected = "corrupt/reference"},
    {.where = "rule 23",
     .name = "rule23-tensor-storages-more",
     .edit = [](Parts& p) { p.columns.tensor_storages.push_back(0); },
     .expected = "corrupt/reference"},
    {.where = "rule 23",
     .name = "rule23-tensor-storages-less",
     .edit = [](Parts& p) { p.columns.tensor_storages.pop_back(); },
     .expected = "corrupt/reference",
     .about = "Two numbers in tensor_storages for three tensors."},
    {.where = "rule 23",
     .name = "rule23-fewer-storages",
     .edit = [](Parts& p) { p.columns.tensor_storages.clear(); },
     .expected = "corrupt/reference",
     .about = "No tensor_storages, and two storages for three tensors."},
    // An empty one: no rule of storages is broken but that a tensor should view it.
    {.where = "rule 23",
     .name = "rule23-more-storages",
     .base = [] { return floats({6}); },
     .edit =
         [](Parts& p) {
             p.columns.storage_nbytes = {24, 0};
         },
     .expected = "corrupt/reference",
     .about = "No tensor_storages, and two storages for one tensor."},
    {.where = "rule 23",
     .name = "rule23-no-sizes-for-storages",
     .base = [] { return parts_of(tied()); },
     .edit =
         [](Parts& p) {
             p.columns.tensor_storages = {0, 1, 2};
             p.columns.storage_nbytes.clear();
         },
     .expected = "corrupt/reference",
     .about = "tensor_storages is there, storage_nbytes is not."},
    {.where = "rule 23",
     .name = "rule23-no-sizes-for-offsets",
     .base = [] { return floats({6}); },
     .edit = [](Parts& p) { p.columns.tensor_offsets = {0}; },
     .expected = "corrupt/reference",
     .about = "tensor_offsets is there, storage_nbytes is not."},
    {.where = "rule 23",
     .name = "rule23-tensor-offsets-more",
     .edit = [](Parts& p) { p.columns.tensor_offsets.push_back(0); },
     .expected = "corrupt/reference"},
    {.where = "rule 23",
     .name = "rule23-tensor-offsets-less",
     .edit = [](Parts& p) { p.columns.tensor_offsets.pop_back(); },
     .expected = "corrupt/reference",
     .about = "Two numbers in tensor_offsets for three tensors."},
    {.where = "rule 23",
     .name = "rule23-offsets-without-tensors",
     .base = [] { return parts_of({}); },
     .edit = [](Parts& p) { p.columns.tensor_offsets.push_back(0); },
     .expected = "corrupt/reference"},
    {.where = "rule 23",
     .name = "rule23-storage-codecs-more",
     .edit = [](Parts& p) { p.columns.storage_codecs.resize(3); },
     .expected = "corrupt/reference",
     .about = "Three codecs for two storages."},
    {.where = "rule 23",
     .name = "rule23-storage-codecs-less",
     .edit = [](Parts& p) { p.columns.storage_codecs.resize(1); },
     .expected = "corrupt/reference"},
    {.where = "rule 23",
     .name = "rule23-codecs-without-storages",
     .base = [] { return parts_of({}); },
     .edit = [](Parts& p) { p.columns.storage_codecs.resize(1); },
     .expected = "corrupt/reference"},
    {.where = "rule 23",
     .name = "rule23-layout",
     .edit = [](Parts& p) { p.columns.tensor_layouts[1] = 3; },
     .expected = "corrupt/reference",
     .about = "A tensor of layout 3; there are three."},
    {.where = "rule 23",
     .name = "rule23-layout-2-to-32",
     .edit = [](Parts& p) { p.columns.tensor_layouts[2] = UINT32_MAX; },
     .expected = "corrupt/reference"},
    {.where = "rule 23",
     .name = "rule23-storage",
     .edit = [](Parts& p) { p.columns.tensor_storages[0] = 2; },
     .expected = "corrupt/reference",
     .about = "A tensor of storage 2; there are two."},
    {.where = "rule 23",
     .name = "rule23-storage-2-to-32",
     .edit = [](Parts& p) { p.columns.tensor_storages[2] = UINT32_MAX; },
     .expected = "corrupt/reference"},
    {.where = "rule 23",
     .name = "rule23-dtype",
     .edit = [](Parts& p) { p.columns.layouts[0].dtype = 13; },
     .expected = "corrupt/reference",
     .about = "A layout of f64, which is not among the dtypes."},
    {.where = "rule 23",
     .name = "rule23-unused-dtype",
     .edit =
         [](Parts& p) {
             p.columns.dtypes.push_back({200, 0, 8});
             p.columns.dtype_names.add("x");
         },
     .expected = "corrupt/reference",
     .about = "A dtype that no layout has."},

    {.where = "rule 30",
     .name = "rule30-one-element-past",
     .base = [] { return layout_parts(Dtype::f32, 1, {7}); },
     .expected = "corrupt/tensor_range",
     .about = "Seven floats of a storage of six."},
    {.where = "rule 30",
     .name = "rule30-past-shared",
     .edit = [](Parts& p) { p.columns.dims[1] = 4; },
     .expected = "corrupt/tensor_range"},
    {.where = "rule 30",
     .name = "rule30-of-the-last",
     .base = [] { return parts_of(two_storages()); },
     .edit =
         [](Parts& p) {
             p.columns.say_storage_nbytes();
             p.columns.dims.back() = 101;
         },
     .expected = "corrupt/tensor_range"},
    {.where = "rule 30",
     .name = "rule30-offset",
     .base = [] { return floats({6}); },
     .edit =
         [](Parts& p) {
             p.columns.say_storage_nbytes();
             p.columns.tensor_offsets = {4};
         },
     .expected = "corrupt/tensor_range"},
    {.where = "rule 30",
     .name = "rule30-offset-wraps",
     .base = [] { return floats({6}); },
     .edit =
         [](Parts& p) {
             p.columns.say_storage_nbytes();
             p.columns.tensor_offsets = {UINT64_MAX - 15};
         },
     .expected = "corrupt/tensor_range",
     .about = "An offset of 2^64 - 16: with the reach it wraps into the storage."},
    {.where = "rule 30",
     .name = "rule30-no-multiple",
     .base = [] { return floats({5}); },
     .edit =
         [](Parts& p) {
             p.columns.say_storage_nbytes();
             p.columns.tensor_offsets = {2};
         },
     .expected = "corrupt/tensor_range",
     .about = "An f32 at an odd multiple of two."},
    {.where = "rule 30",
     .name = "rule30-empty-past-the-end",
     .base = [] { return floats({0}); },
     .edit =
         [](Parts& p) {
             p.columns.say_storage_nbytes();
             p.columns.tensor_offsets = {28};
         },
     .expected = "corrupt/tensor_range"},
    {.where = "rule 30",
     .name = "rule30-empty-at-the-end",
     .base = [] { return floats({0}); },
     .edit =
         [](Parts& p) {
             p.columns.say_storage_nbytes();
             p.columns.tensor_offsets = {24};
         },
     .expected = "ok"},
    {.where = "rule 30",
     .name = "rule30-strided",
     .base =
         [] {
             return floats({2, 2}, {4, 1});
         },
     .edit =
         [](Parts& p) {
             p.columns.say_storage_nbytes();
             p.columns.dims[2] = 5;
         },
     .expected = "corrupt/tensor_range"},
    {.where = "rule 30",
     .name = "rule30-far",
     .base =
         [] {
             return layout_parts(Dtype::f32, 2, {2, 2, std::uint64_t{1} << 57U, 1}, true);
         },
     .expected = "corrupt/tensor_range"},
    {.where = "rule 30",
     .name = "rule30-4-bits",
     .base = [] { return nibbles(50); },
     .expected = "corrupt/tensor_range"},
    {.where = "rule 30",
     .name = "rule30-4-bits-to-the-end",
     .base = [] { return nibbles(48); },
     .edit = [](Parts& p) { p.columns.storage_nbytes.clear(); },
     .expected = "ok"},
};

}  // namespace

std::span<const Row> tensor_rows() {
    return kTensorRows;
}

}  // namespace milepost::golden

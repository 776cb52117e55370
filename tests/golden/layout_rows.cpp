#include "golden/rows.hpp"
#include "support/samples.hpp"

// Rules 14 to 16 and 24 to 29 of docs/format.md, section 6.5: reserved fields, dtypes, layouts.
namespace milepost::golden {
namespace {

constexpr std::uint64_t kTwoTo63 = std::uint64_t{1} << 63U;

Parts strided(std::uint8_t rank, std::vector<std::uint64_t> dims) {
    return layout_parts(Dtype::f32, rank, std::move(dims), true);
}
Parts shaped(std::uint8_t rank, std::vector<std::uint64_t> dims) {
    return layout_parts(Dtype::f32, rank, std::move(dims));
}

Parts unknown(std::uint16_t bits) {
    Parts p = parts_of(unknown_dtype());
    p.columns.dtypes[1].bits = bits;
    return p;
}

/// An f32 tensor whose dtype has another code, which no version knows, and another name.
Parts with_code(std::uint8_t code) {
    Parts p = tensor_parts(Dtype::f32, {6});
    p.columns.dtypes[0].code = code;
    p.columns.layouts[0].dtype = code;
    p.columns.dtype_names.set(0, "foreign");
    return p;
}

constexpr Row kLayoutRows[] = {
    {.where = "rule 14",
     .name = "rule14-state",
     .edit = [](Parts& p) { p.columns.states[0].reserved = 1; },
     .expected = "corrupt/reserved",
     .about = "The reserved field of a state is not zero."},
    {.where = "rule 14",
     .name = "rule14-dtype",
     .edit = [](Parts& p) { p.columns.dtypes[1].reserved = 1; },
     .expected = "corrupt/reserved"},
    {.where = "rule 14",
     .name = "rule14-layout",
     .edit = [](Parts& p) { p.columns.layouts[2].reserved = 0x80; },
     .expected = "corrupt/reserved",
     .about = "The reserved field of a layout is not zero."},

    {.where = "rule 15",
     .name = "rule15-descending",
     .edit =
         [](Parts& p) {
             std::swap(p.columns.dtypes[0], p.columns.dtypes[1]);
             p.columns.dtype_names = TextColumn{"f32", "u8"};
         },
     .expected = "corrupt/order",
     .about = "The dtypes do not ascend by code."},
    {.where = "rule 15",
     .name = "rule15-twice",
     .edit = [](Parts& p) { p.columns.dtypes[0].code = 12; },
     .expected = "corrupt/order"},

    {.where = "rule 16",
     .name = "rule16-bits-of-a-known-code",
     .edit = [](Parts& p) { p.columns.dtypes[1].bits = 16; },
     .expected = "corrupt/reference",
     .about = "An f32 of 16 bits."},
    {.where = "rule 16",
     .name = "rule16-name-of-a-known-code",
     .edit = [](Parts& p) { p.columns.dtype_names.set(1, "f33"); },
     .expected = "corrupt/reference"},
    {.where = "rule 16",
     .name = "rule16-no-bits",
     .base = [] { return unknown(0); },
     .expected = "corrupt/reference"},
    {.where = "rule 16",
     .name = "rule16-12-bits",
     .base = [] { return unknown(12); },
     .expected = "corrupt/reference",
     .about = "An unknown dtype of 12 bits, neither within a byte nor whole bytes."},
    {.where = "rule 16",
     .name = "rule16-1028-bits",
     .base = [] { return unknown(1028); },
     .expected = "corrupt/reference"},
    {.where = "rule 16",
     .name = "rule16-65535-bits",
     .base = [] { return unknown(65535); },
     .expected = "corrupt/reference",
     .about = "More bits than the 65,528 that are allowed."},

    {.where = "section 6.3",
     .name = "dtype-code-0",
     .base = [] { return with_code(0); },
     .expected = "ok",
     .about = "A dtype of code 0, which has no meaning: it is not refused."},
    {.where = "section 6.3",
     .name = "dtype-set-aside",
     .base = [] { return with_code(27); },
     .expected = "ok",
     .about = "A dtype of code 27, which is set aside: it is not refused."},
    {.where = "section 6.3",
     .name = "bool-bytes",
     .base = [] { return tensor_parts(Dtype::boolean, {24}); },
     .expected = "ok",
     .about = "A bool tensor with other bytes than 0 and 1: they are kept."},

    {.where = "rule 24",
     .name = "rule24-flags",
     .edit = [](Parts& p) { p.columns.layouts[0].flags = 2; },
     .expected = "corrupt/reserved",
     .about = "A layout with a flag that is not defined."},
    {.where = "rule 24",
     .name = "rule24-flag-128",
     .edit = [](Parts& p) { p.columns.layouts[1].flags |= 0x80; },
     .expected = "corrupt/reserved"},

    {.where = "rule 25",
     .name = "rule25-rank-65",
     .base = [] { return shaped(65, std::vector<std::uint64_t>(65, 1)); },
     .expected = "limit_exceeded/rank",
     .about = "A layout of rank 65."},
    {.where = "rule 25",
     .name = "rule25-rank-255",
     .base = [] { return shaped(255, {1}); },
     .expected = "limit_exceeded/rank"},
    {.where = "rule 25",
     .name = "rule25-rank-65-raised",
     .base = [] { return shaped(65, std::vector<std::uint64_t>(65, 1)); },
     .expected = "limit_exceeded/rank",
     .limits = "rank=255"},
    {.where = "rule 25", .name = "rule25-limit", .expected = "limit_exceeded/rank", .limits = "rank=1"},

    {.where = "rule 26",
     .name = "rule26-left-over",
     .edit = [](Parts& p) { p.columns.dims.push_back(1); },
     .expected = "corrupt/shape",
     .about = "A number in the column dims that no layout takes."},
    {.where = "rule 26",
     .name = "rule26-missing",
     .edit = [](Parts& p) { p.columns.layouts[0].rank = 3; },
     .expected = "corrupt/shape"},
    {.where = "rule 26",
     .name = "rule26-missing-strides",
     .edit = [](Parts& p) { p.columns.layouts[2].flags = format::kStridedFlag; },
     .expected = "corrupt/shape"},

    {.where = "rule 27",
     .name = "rule27-wraps",
     .base =
         [] {
             return shaped(3, {kTwoTo63, std::uint64_t{1} << 62U, 8});
         },
     .expected = "corrupt/shape",
     .about = "A shape whose product wraps to zero: [2^63, 2^62, 8]."},
    {.where = "rule 27",
     .name = "rule27-2-to-63",
     .base = [] { return shaped(1, {kTwoTo63}); },
     .expected = "corrupt/shape"},
    {.where = "rule 27",
     .name = "rule27-2-to-64",
     .base = [] { return shaped(1, {UINT64_MAX}); },
     .expected = "corrupt/shape"},
    {.where = "rule 27",
     .name = "rule27-bits-wrap",
     .base = [] { return shaped(1, {std::uint64_t{1} << 58U}); },
     .expected = "corrupt/shape"},
    {.where = "rule 27",
     .name = "rule27-bits-wrap-to-24",
     .base = [] { return shaped(1, {(std::uint64_t{1} << 59U) + 6}); },
     .expected = "corrupt/shape"},
    {.where = "rule 27",
     .name = "rule27-zero-in-front",
     .base =
         [] {
             return shaped(3, {0, kTwoTo63, 2});
         },
     .expected = "corrupt/shape",
     .about = "An empty tensor of shape [0, 2^63, 2]: the sizes after the zero wrap."},
    {.where = "rule 27",
     .name = "rule27-zero-behind",
     .base =
         [] {
             return shaped(3, {kTwoTo63, 2, 0});
         },
     .expected = "corrupt/shape"},
    {.where = "rule 27",
     .name = "rule27-zero-between",
     .base =
         [] {
             return shaped(3, {kTwoTo63, 0, 2});
         },
     .expected = "corrupt/shape"},
    {.where = "rule 27",
     .name = "rule27-just-fits-empty",
     .base =
         [] {
             return shaped(2, {0, (std::uint64_t{1} << 58U) - 1});
         },
     .expected = "ok"},

    // Rules bind a layout whether a tensor has it or not.
    {.where = "rule 27",
     .name = "rule27-of-no-tensor",
     .edit =
         [](Parts& p) {
             add_layout(p, {6, 1, 0, 0}, {kTwoTo63});
         },
     .expected = "corrupt/shape"},

    {.where = "rule 28",
     .name = "rule28-half-a-byte",
     .base = [] { return layout_parts(Dtype::f4_e2m1fn, 1, {3}); },
     .expected = "corrupt/shape",
     .about = "Three elements of four bits: they end within a byte."},

    {.where = "rule 29",
     .name = "rule29-contiguous",
     .base =
         [] {
             return strided(2, {2, 3, 3, 1});
         },
     .expected = "corrupt/stride",
     .about = "Strides stored for a tensor that is contiguous: not the canonical form."},
    {.where = "rule 29",
     .name = "rule29-contiguous-but-for-1",
     .base =
         [] {
             return strided(3, {2, 1, 3, 3, 7, 1});
         },
     .expected = "corrupt/stride"},
    {.where = "rule 29",
     .name = "rule29-rank-0",
     .base = [] { return strided(0, {}); },
     .expected = "corrupt/stride"},
    {.where = "rule 29",
     .name = "rule29-no-elements",
     .base =
         [] {
             return strided(2, {2, 0, 1, 2});
         },
     .expected = "corrupt/stride"},
    {.where = "rule 29",
     .name = "rule29-2-to-63",
     .base =
         [] {
             return strided(2, {1, 2, kTwoTo63, 2});
         },
     .expected = "corrupt/stride"},
    {.where = "rule 29",
     .name = "rule29-wraps",
     .base =
         [] {
             return strided(2, {5, 2, kTwoTo63 / 2, 1});
         },
     .expected = "corrupt/stride",
     .about = "A stride of 2^62: four of them wrap to zero."},
    {.where = "rule 29",
     .name = "rule29-sum-wraps",
     .base =
         [] {
             return strided(3, {2, 2, 2, kTwoTo63 - 1, kTwoTo63 - 1, 3});
         },
     .expected = "corrupt/stride"},
    {.where = "rule 29",
     .name = "rule29-bytes-wrap",
     .base =
         [] {
             return strided(2, {2, 2, std::uint64_t{1} << 61U, 1});
         },
     .expected = "corrupt/stride"},
    {.where = "rule 29",
     .name = "rule29-4-bits",
     .base =
         [] {
             return layout_parts(Dtype::f4_e2m1fn, 2, {2, 2, 1, 2}, true);
         },
     .expected = "corrupt/stride"},
};

}  // namespace

std::span<const Row> layout_rows() {
    return kLayoutRows;
}

}  // namespace milepost::golden

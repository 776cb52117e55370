#include <string>

#include "golden/rows.hpp"
#include "support/samples.hpp"

// Rules 1 to 13 of docs/format.md, section 6.5: counts, names, sums, orders.
namespace milepost::golden {
namespace {

/// Column `algorithms` of one text, which may be anything.
void set_algorithm(Parts& p, std::string_view text) {
    p.columns.algorithms = TextColumn{text};
}

Parts model_and_value() {
    Checkpoint checkpoint;
    checkpoint.model("a");
    checkpoint.values()["b"] = nullptr;
    return parts_of(checkpoint);
}

Parts optimizer_with(std::string_view hyperparameter, std::string_view extra) {
    Checkpoint checkpoint;
    OptimizerState& optimizer = checkpoint.optimizer("o");
    optimizer.param_groups.emplace_back().hyperparameters[hyperparameter] = nullptr;
    optimizer.extra[extra] = nullptr;
    return parts_of(checkpoint);
}

constexpr Row kNameRows[] = {
    {.where = "rule 1",
     .name = "rule01-tables",
     .expected = "limit_exceeded/tables",
     .about = "One model and one optimizer, where one table is allowed.",
     .limits = "tables=1"},
    {.where = "rule 2",
     .name = "rule02-records",
     .expected = "limit_exceeded/records",
     .about = "Eight entries, where seven records of a kind are allowed.",
     .limits = "records=7"},
    {.where = "rule 2",
     .name = "rule02-values",
     .base =
         [] {
             return value_parts(List{{1, 2, 3}});
         },
     .expected = "limit_exceeded/records",
     .limits = "records=3"},
    {.where = "rule 2",
     .name = "rule02-layouts",
     .edit =
         [](Parts& p) {
             p.columns.layouts.resize(10, {6, 0, 0, 0});
         },
     .expected = "limit_exceeded/records",
     .limits = "records=9"},
    {.where = "rule 2", .name = "rule02-at-the-limit", .expected = "ok", .limits = "records=9"},

    {.where = "rule 3",
     .name = "rule03-descending",
     .edit = [](Parts& p) { std::swap(p.columns.entry_names.ends[0], p.columns.entry_names.ends[1]); },
     .expected = "corrupt/name",
     .about = "The ends of two entry names are swapped: they descend."},
    {.where = "rule 3",
     .name = "rule03-bytes-left",
     .edit = [](Parts& p) { p.columns.model_names.bytes.push_back(std::byte{'x'}); },
     .expected = "corrupt/name"},
    {.where = "rule 3",
     .name = "rule03-past-the-end",
     .edit = [](Parts& p) { p.columns.model_names.ends.back() = 0xFFFFFFFF; },
     .expected = "corrupt/name"},
    // Each size is within that limit; the third ends where the pool does, above 2^32.
    {.where = "rule 3",
     .name = "rule03-wraps",
     .base =
         [] {
             return entry_parts({"a", "b", "c"});
         },
     .edit =
         [](Parts& p) {
             p.columns.entry_names.ends = {0x7FFFFFFF, 0xFFFFFFFE, 3};
         },
     .expected = "corrupt/name",
     .limits = "name_bytes=2147483647"},
    {.where = "rule 3",
     .name = "rule03-bytes-without-ends",
     .base = [] { return parts_of({}); },
     .edit = [](Parts& p) { p.columns.dtype_names.bytes.push_back(std::byte{'x'}); },
     .expected = "corrupt/name"},

    {.where = "rule 4",
     .name = "rule04-empty-name",
     .edit = [](Parts& p) { p.columns.entry_names.set(1, ""); },
     .expected = "corrupt/name",
     .about = "An entry has an empty name."},
    {.where = "rule 4",
     .name = "rule04-empty-model",
     .edit = [](Parts& p) { p.columns.model_names.set(0, ""); },
     .expected = "corrupt/name"},
    {.where = "rule 4",
     .name = "rule04-empty-param-name",
     .edit = [](Parts& p) { p.columns.param_names.set(1, ""); },
     .expected = "corrupt/name"},

    {.where = "rule 5",
     .name = "rule05-long-name",
     .base = [] { return entry_parts({"n"}); },
     .edit = [](Parts& p) { p.columns.entry_names.set(0, std::string(4097, 'n')); },
     .expected = "limit_exceeded/name_bytes",
     .about = "A name of 4097 bytes, one more than the default limit."},
    {.where = "rule 5",
     .name = "rule05-long-algorithm",
     .edit = [](Parts& p) { set_algorithm(p, std::string(4097, 'n')); },
     .expected = "limit_exceeded/name_bytes"},
    {.where = "rule 5",
     .name = "rule05-name-bytes",
     .expected = "limit_exceeded/name_bytes",
     .limits = "name_bytes=5"},

    {.where = "rule 6",
     .name = "rule06-no-utf8",
     .edit = [](Parts& p) { p.columns.entry_names.set(0, "w\xFF"); },
     .expected = "corrupt/name",
     .about = "A name with the byte FF, which is not UTF-8."},
    {.where = "rule 6",
     .name = "rule06-surrogate",
     .edit = [](Parts& p) { set_algorithm(p, "\xED\xA0\x80"); },
     .expected = "corrupt/name",
     .about = "An algorithm that is a surrogate, U+D800."},
    {.where = "rule 6",
     .name = "rule06-overlong",
     .edit = [](Parts& p) { set_algorithm(p, "\xC0\x80"); },
     .expected = "corrupt/name"},
    {.where = "rule 6",
     .name = "rule06-cut",
     .edit = [](Parts& p) { set_algorithm(p, "a\xC3"); },
     .expected = "corrupt/name"},
    {.where = "rule 6",
     .name = "rule06-too-high",
     .edit = [](Parts& p) { set_algorithm(p, "\xF4\x90\x80\x80"); },
     .expected = "corrupt/name"},
    {.where = "rule 6",
     .name = "rule06-control",
     .edit = [](Parts& p) { p.columns.entry_names.set(0, "a\nb"); },
     .expected = "corrupt/name",
     .about = "A name with a line feed in it."},
    {.where = "rule 6",
     .name = "rule06-nul",
     .edit = [](Parts& p) { set_algorithm(p, std::string_view("\0", 1)); },
     .expected = "corrupt/name"},
    {.where = "rule 6",
     .name = "rule06-del",
     .edit = [](Parts& p) { set_algorithm(p, "\x7F"); },
     .expected = "corrupt/name"},
    {.where = "rule 6",
     .name = "rule06-c1",
     .edit = [](Parts& p) { set_algorithm(p, "\xC2\x9F"); },
     .expected = "corrupt/name"},
    {.where = "rule 6",
     .name = "rule06-late-control",
     .edit = [](Parts& p) { set_algorithm(p, "a text of many bytes\x1F and more"); },
     .expected = "corrupt/name"},
    {.where = "rule 6",
     .name = "rule06-late-del",
     .edit = [](Parts& p) { set_algorithm(p, "a text of many bytes \x7F"); },
     .expected = "corrupt/name"},
    {.where = "rule 6",
     .name = "rule06-late-c1",
     .edit = [](Parts& p) { set_algorithm(p, "a text of many bytes \xC2\x80 and more"); },
     .expected = "corrupt/name"},
    {.where = "rule 6",
     .name = "rule06-late-byte",
     .edit = [](Parts& p) { set_algorithm(p, "a text of many bytes\xFE"); },
     .expected = "corrupt/name"},
    // Each text is whole by itself, though the pool as a whole is UTF-8.
    {.where = "rule 6",
     .name = "rule06-split-character",
     .edit =
         [](Parts& p) {
             p.columns.param_names = TextColumn{"\xC3", "\xA9"};
         },
     .expected = "corrupt/name"},

    {.where = "rule 7",
     .name = "rule07-model-names",
     .edit = [](Parts& p) { p.columns.model_names.add("second"); },
     .expected = "corrupt/reference",
     .about = "Two names for one model."},
    {.where = "rule 7",
     .name = "rule07-optimizer-names",
     .edit = [](Parts& p) { p.columns.optimizer_names = {}; },
     .expected = "corrupt/reference"},
    {.where = "rule 7",
     .name = "rule07-algorithms",
     .edit = [](Parts& p) { p.columns.algorithms = {}; },
     .expected = "corrupt/reference"},
    {.where = "rule 7",
     .name = "rule07-groups",
     .edit = [](Parts& p) { p.columns.optimizers[0].group_count = 3; },
     .expected = "corrupt/reference",
     .about = "The optimizer claims three groups; there are two."},
    {.where = "rule 7",
     .name = "rule07-groups-wrap",
     .edit = [](Parts& p) { p.columns.optimizers[0].group_count = 0xFFFFFFFF; },
     .expected = "corrupt/reference"},
    {.where = "rule 7",
     .name = "rule07-states",
     .edit = [](Parts& p) { p.columns.optimizers[0].state_count = 1; },
     .expected = "corrupt/reference"},
    {.where = "rule 7",
     .name = "rule07-params",
     .edit = [](Parts& p) { p.columns.params.push_back(9); },
     .expected = "corrupt/reference"},
    {.where = "rule 7",
     .name = "rule07-param-names",
     .edit = [](Parts& p) { p.columns.param_names.add("third"); },
     .expected = "corrupt/reference"},
    {.where = "rule 7",
     .name = "rule07-dtype-names",
     .edit = [](Parts& p) { p.columns.dtype_names.add("third"); },
     .expected = "corrupt/reference"},
    {.where = "rule 7",
     .name = "rule07-entries",
     .edit = [](Parts& p) { p.columns.models[0].entry_count = 99; },
     .expected = "corrupt/reference",
     .about = "The model claims 99 entries; the file has eight names."},
    {.where = "rule 7",
     .name = "rule07-entries-wrap",
     .edit =
         [](Parts& p) {
             p.columns.models[0].entry_count = 0xFFFFFFFF;
             p.columns.optimizers[0].extra_count = 4;
         },
     .expected = "corrupt/reference"},
    {.where = "rule 7",
     .name = "rule07-values",
     .edit = [](Parts& p) { p.columns.values.resize(8); },
     .expected = "corrupt/reference",
     .about = "Values for the entries alone, none for the model's metadata."},

    {.where = "rule 8",
     .name = "rule08-entry-order",
     .edit = [](Parts& p) { p.columns.entry_order.push_back(0); },
     .expected = "corrupt/order",
     .about = "The column entry_order has a number too many."},
    {.where = "rule 8",
     .name = "rule08-top-order",
     .edit = [](Parts& p) { p.columns.top_order.pop_back(); },
     .expected = "corrupt/order",
     .about = "The column top_order has a number too few."},

    {.where = "rule 9",
     .name = "rule09-out-of-range",
     .edit = [](Parts& p) { p.columns.entry_order[1] = 3; },
     .expected = "corrupt/order",
     .about = "A number in entry_order beyond the entries of its entry list."},
    {.where = "rule 9",
     .name = "rule09-repeated",
     .edit = [](Parts& p) { p.columns.entry_order[1] = p.columns.entry_order[0]; },
     .expected = "corrupt/order"},
    {.where = "rule 9",
     .name = "rule09-of-another-entry-list",
     .edit = [](Parts& p) { p.columns.entry_order[3] = 1; },
     .expected = "corrupt/order"},

    {.where = "rule 10",
     .name = "rule10-in-a-model",
     .edit = [](Parts& p) { p.columns.entry_names.set(1, "weight"); },
     .expected = "corrupt/name_duplicate",
     .about = "Two entries of a model have one name."},
    {.where = "rule 10",
     .name = "rule10-values",
     .edit = [](Parts& p) { p.columns.entry_names.set(7, "epoch"); },
     .expected = "corrupt/name_duplicate"},

    {.where = "rule 11",
     .name = "rule11-descending",
     .edit = [](Parts& p) { std::swap(p.columns.entry_order[0], p.columns.entry_order[1]); },
     .expected = "corrupt/name_order",
     .about = "The order by name is not sorted: a binary search would miss names."},
    {.where = "rule 11",
     .name = "rule11-prefix",
     .base =
         [] {
             return entry_parts({"a", "ab"});
         },
     .edit =
         [](Parts& p) {
             p.columns.entry_order = {1, 0};
         },
     .expected = "corrupt/name_order"},
    // Bytes, not signed characters.
    {.where = "rule 11",
     .name = "rule11-as-bytes",
     .base =
         [] {
             return entry_parts({"z", "\u00E9"});
         },
     .edit =
         [](Parts& p) {
             p.columns.entry_order = {1, 0};
         },
     .expected = "corrupt/name_order"},

    // Differences after the first eight bytes, and in a byte above 7F among them.
    {.where = "rule 11",
     .name = "rule11-long",
     .base =
         [] {
             return entry_parts({"layer.10.weight", "layer.9.weight"});
         },
     .edit =
         [](Parts& p) {
             p.columns.entry_order = {1, 0};
         },
     .expected = "corrupt/name_order"},
    {.where = "rule 11",
     .name = "rule11-long-as-bytes",
     .base =
         [] {
             return entry_parts({"abcz012345", "abc\u00E9012345"});
         },
     .edit =
         [](Parts& p) {
             p.columns.entry_order = {1, 0};
         },
     .expected = "corrupt/name_order"},
    {.where = "rule 11",
     .name = "rule11-long-ascending",
     .base =
         [] {
             return entry_parts({"abcdefgh\u00E9", "abc\u00E9012345", "abcz012345", "abcdefghz"});
         },
     .expected = "ok"},

    {.where = "rule 12",
     .name = "rule12-repeated",
     .edit = [](Parts& p) { p.columns.top_order[0] = p.columns.top_order[1]; },
     .expected = "corrupt/order",
     .about = "A part is twice in top_order, another one not at all."},
    {.where = "rule 12",
     .name = "rule12-out-of-range",
     .edit = [](Parts& p) { p.columns.top_order[0] = 4; },
     .expected = "corrupt/order"},

    {.where = "rule 13",
     .name = "rule13-model-and-value",
     .base = model_and_value,
     .edit = [](Parts& p) { p.columns.model_names.set(0, "b"); },
     .expected = "corrupt/name_duplicate",
     .about = "A model and a top-level value have one name."},
    {.where = "rule 13",
     .name = "rule13-model-and-optimizer",
     .edit = [](Parts& p) { p.columns.optimizer_names.set(0, "net"); },
     .expected = "corrupt/name_duplicate"},
    {.where = "rule 13",
     .name = "rule13-params",
     .base = [] { return optimizer_with("h", "e"); },
     .edit = [](Parts& p) { p.columns.entry_names.set(0, "params"); },
     .expected = "corrupt/name_duplicate",
     .about = "A hyperparameter is called `params`, which the group has already."},
    {.where = "rule 13",
     .name = "rule13-param-names",
     .base = [] { return optimizer_with("h", "e"); },
     .edit = [](Parts& p) { p.columns.entry_names.set(0, "param_names"); },
     .expected = "corrupt/name_duplicate"},
    {.where = "rule 13",
     .name = "rule13-state",
     .base = [] { return optimizer_with("h", "e"); },
     .edit = [](Parts& p) { p.columns.entry_names.set(1, "state"); },
     .expected = "corrupt/name_duplicate"},
    {.where = "rule 13",
     .name = "rule13-param-groups",
     .base = [] { return optimizer_with("h", "e"); },
     .edit = [](Parts& p) { p.columns.entry_names.set(1, "param_groups"); },
     .expected = "corrupt/name_duplicate"},
};

}  // namespace

std::span<const Row> name_rows() {
    return kNameRows;
}

}  // namespace milepost::golden

#include <string>

#include "golden/rows.hpp"
#include "support/samples.hpp"

// Parameters that are keyed by names: what rules 3 to 13 and 42 of docs/format.md, section 6.5, require of
// the columns param_key_counts, param_keys and param_key_order. In named_params(), the second of three
// optimizers has three keys; the column params is 5; 2, 0, 2; 1; 0, and states have the indices 9; 0, 2.
namespace milepost::golden {
namespace {

Parts named_parts() {
    return parts_of(named_params());
}

constexpr Row kParamKeyRows[] = {
    {.where = "rule 3",
     .name = "rule03-param-keys",
     .base = named_parts,
     .edit = [](Parts& p) { p.columns.param_keys.ends[0] = 99; },
     .expected = "corrupt/name"},
    {.where = "rule 3",
     .name = "rule03-param-keys-without-ends",
     .edit = [](Parts& p) { p.columns.param_keys.bytes.push_back(std::byte{'x'}); },
     .expected = "corrupt/name"},
    {.where = "rule 4",
     .name = "rule04-empty-param-key",
     .base = named_parts,
     .edit = [](Parts& p) { p.columns.param_keys.set(1, ""); },
     .expected = "corrupt/name",
     .about = "A param key is empty."},
    {.where = "rule 5",
     .name = "rule05-long-param-key",
     .base = named_parts,
     .edit = [](Parts& p) { p.columns.param_keys.set(1, std::string(4097, 'n')); },
     .expected = "limit_exceeded/name_bytes"},
    {.where = "rule 6",
     .name = "rule06-param-key",
     .base = named_parts,
     .edit = [](Parts& p) { p.columns.param_keys.set(1, "a\xFF"); },
     .expected = "corrupt/name",
     .about = "A param key is not UTF-8."},
    {.where = "rule 6",
     .name = "rule06-param-key-control",
     .base = named_parts,
     .edit = [](Parts& p) { p.columns.param_keys.set(2, "a\nb"); },
     .expected = "corrupt/name"},

    {.where = "rule 7",
     .name = "rule07-param-keys",
     .base = named_parts,
     .edit = [](Parts& p) { p.columns.param_key_counts[1] = 2; },
     .expected = "corrupt/reference",
     .about = "An optimizer has two param keys; there are three."},
    {.where = "rule 7",
     .name = "rule07-param-keys-wrap",
     .base = named_parts,
     .edit =
         [](Parts& p) {
             p.columns.param_key_counts = {0xFFFFFFFF, 4, 0};
         },
     .expected = "corrupt/reference"},
    {.where = "rule 7",
     .name = "rule07-param-keys-without-counts",
     .base = named_parts,
     .edit = [](Parts& p) { p.columns.param_key_counts.clear(); },
     .expected = "corrupt/reference"},
    {.where = "rule 7",
     .name = "rule07-param-key-counts",
     .base = named_parts,
     .edit = [](Parts& p) { p.columns.param_key_counts.pop_back(); },
     .expected = "corrupt/reference",
     .about = "Numbers of param keys for two optimizers; there are three."},
    {.where = "rule 7",
     .name = "rule07-param-key-counts-without-optimizers",
     .base = [] { return parts_of({}); },
     .edit = [](Parts& p) { p.columns.param_key_counts.push_back(0); },
     .expected = "corrupt/reference"},

    {.where = "rule 8",
     .name = "rule08-param-key-order",
     .base = named_parts,
     .edit = [](Parts& p) { p.columns.param_key_order.pop_back(); },
     .expected = "corrupt/order",
     .about = "The column param_key_order has a number too few."},
    {.where = "rule 8",
     .name = "rule08-param-key-order-without-keys",
     .edit = [](Parts& p) { p.columns.param_key_order.push_back(0); },
     .expected = "corrupt/order"},
    {.where = "rule 9",
     .name = "rule09-param-key-order",
     .base = named_parts,
     .edit = [](Parts& p) { p.columns.param_key_order[2] = 3; },
     .expected = "corrupt/order",
     .about = "A number in param_key_order beyond the keys of the optimizer."},
    {.where = "rule 9",
     .name = "rule09-param-key-order-repeated",
     .base = named_parts,
     .edit = [](Parts& p) { p.columns.param_key_order[1] = p.columns.param_key_order[0]; },
     .expected = "corrupt/order"},
    {.where = "rule 10",
     .name = "rule10-param-keys",
     .base = named_parts,
     .edit = [](Parts& p) { p.columns.param_keys.set(1, "fc.weight"); },
     .expected = "corrupt/name_duplicate",
     .about = "Two parameters of an optimizer have one key."},
    {.where = "rule 11",
     .name = "rule11-param-keys",
     .base = named_parts,
     .edit = [](Parts& p) { std::swap(p.columns.param_key_order[0], p.columns.param_key_order[1]); },
     .expected = "corrupt/name_order",
     .about = "The order of the param keys is not sorted: a binary search would miss some."},
    {.where = "rule 13",
     .name = "rule13-param-key",
     .base = named_parts,
     .edit = [](Parts& p) { p.columns.param_keys.set(0, "frozen.weight"); },
     .expected = "corrupt/name_duplicate",
     .about = "A param key has the name of a state extra entry: `state` would have it twice."},

    {.where = "rule 42",
     .name = "rule42-param",
     .base = named_parts,
     .edit = [](Parts& p) { p.columns.params[3] = 3; },
     .expected = "corrupt/group",
     .about = "A group lists parameter 3; the optimizer has three param keys."},
    {.where = "rule 42",
     .name = "rule42-param-max",
     .base = named_parts,
     .edit = [](Parts& p) { p.columns.params[4] = UINT64_MAX; },
     .expected = "corrupt/group"},
    {.where = "rule 42",
     .name = "rule42-key",
     .base = named_parts,
     .edit = [](Parts& p) { p.columns.params[2] = 2; },
     .expected = "corrupt/group",
     .about = "A param key whose parameter no group lists."},
    {.where = "rule 42",
     .name = "rule42-keys-without-groups",
     .base =
         [] {
             Checkpoint checkpoint;
             checkpoint.optimizer("o").param_groups.emplace_back().params = {0};
             checkpoint.optimizer("o").param_keys = {"a"};
             return parts_of(checkpoint);
         },
     .edit =
         [](Parts& p) {
             p.columns.groups[0].param_count = 0;
             p.columns.params.clear();
         },
     .expected = "corrupt/group"},
    {.where = "rule 42",
     .name = "rule42-state",
     .base = named_parts,
     .edit = [](Parts& p) { p.columns.states[2].index = 3; },
     .expected = "corrupt/group",
     .about = "The state of parameter 3; the optimizer has three param keys."},
    // By index, a parameter that no group lists may have state, and indices may be any numbers.
    {.where = "rule 42",
     .name = "rule42-by-index",
     .base = named_parts,
     .edit =
         [](Parts& p) {
             p.columns.param_key_counts.clear();
             p.columns.param_keys = {};
             p.columns.param_key_order.clear();
             p.columns.params[4] = 99;
             p.columns.states[2].index = 98;
         },
     .expected = "ok"},
};

}  // namespace

std::span<const Row> param_key_rows() {
    return kParamKeyRows;
}

}  // namespace milepost::golden

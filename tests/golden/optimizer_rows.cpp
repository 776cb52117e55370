#include "golden/rows.hpp"
#include "support/samples.hpp"

// Rules 39 to 41 of docs/format.md, section 6.5. In small(), group 0 has one hyperparameter, params and
// param_names; group 1 has params alone.
namespace milepost::golden {
namespace {

constexpr Row kOptimizerRows[] = {
    {.where = "rule 39",
     .name = "rule39-params-position",
     .edit = [](Parts& p) { p.columns.groups[0].params_position = 3; },
     .expected = "corrupt/group",
     .about = "The key `params` is at 3 among three keys."},
    {.where = "rule 39",
     .name = "rule39-names-position",
     .edit = [](Parts& p) { p.columns.groups[0].param_names_position = 3; },
     .expected = "corrupt/group"},
    {.where = "rule 39",
     .name = "rule39-same-position",
     .edit = [](Parts& p) { p.columns.groups[0].param_names_position = p.columns.groups[0].params_position; },
     .expected = "corrupt/group",
     .about = "The keys `params` and `param_names` have one position."},
    {.where = "rule 39",
     .name = "rule39-without-names",
     .edit = [](Parts& p) { p.columns.groups[1].params_position = 1; },
     .expected = "corrupt/group"},
    {.where = "rule 39",
     .name = "rule39-at-none",
     .edit = [](Parts& p) { p.columns.groups[1].params_position = format::kNoPosition; },
     .expected = "corrupt/group"},

    {.where = "rule 40",
     .name = "rule40-in-two-groups",
     .edit = [](Parts& p) { p.columns.params[2] = 0; },
     .expected = "corrupt/group",
     .about = "Parameter 0 is in both groups."},
    {.where = "rule 40",
     .name = "rule40-twice-in-one",
     .edit = [](Parts& p) { p.columns.params[1] = p.columns.params[0]; },
     .expected = "ok"},

    {.where = "rule 41",
     .name = "rule41-descending",
     .edit = [](Parts& p) { std::swap(p.columns.states[0].index, p.columns.states[1].index); },
     .expected = "corrupt/group",
     .about = "States of parameters 2 and 0, in this order."},
    {.where = "rule 41",
     .name = "rule41-twice",
     .edit = [](Parts& p) { p.columns.states[1].index = p.columns.states[0].index; },
     .expected = "corrupt/group"},
    // A state of a parameter that no group lists is allowed, and so is a parameter without state.
    {.where = "rule 41",
     .name = "rule41-unlisted",
     .edit = [](Parts& p) { p.columns.states[1].index = 99; },
     .expected = "ok"},
};

}  // namespace

std::span<const Row> optimizer_rows() {
    return kOptimizerRows;
}

}  // namespace milepost::golden

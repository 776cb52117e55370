#include <doctest/doctest.h>

#include <cstdint>
#include <initializer_list>
#include <string>
#include <utility>
#include <vector>

#include <milepost/checkpoint.hpp>
#include <milepost/options.hpp>
#include <milepost/text.hpp>
#include <milepost/value.hpp>

#include "convert/objects/checkpoint_of.hpp"
#include "support/same.hpp"
#include "support/samples.hpp"

namespace {

using namespace milepost;
using namespace milepost::testing;
using convert::objects::checkpoint_of;
using convert::objects::object_of;

using Models = std::vector<std::pair<std::string, std::string>>;

TensorView tensor() {
    return TensorView::of(six_floats(), {2, 3});
}

Dict named(std::initializer_list<std::pair<const char*, Value>> items,
           DictSubtype subtype = DictSubtype::dict) {
    Dict made;
    made.subtype = subtype;
    for (const auto& [name, value] : items)
        made.items.push_back({Value(name), value});
    return made;
}

Checkpoint good(Value object, const Models& models = {}) {
    auto made = checkpoint_of(std::move(object), models, {});
    REQUIRE(made);
    return *std::move(made);
}

std::string outcome(Value object, const Models& models) {
    const auto made = checkpoint_of(std::move(object), models, {});
    return made ? "good" : std::string(name(made.error().condition()));
}

/// The names of the models, optimizers and values of a checkpoint, and its order.
std::string shown(const Checkpoint& checkpoint) {
    std::string text;
    for (const auto& [name, model] : checkpoint.models())
        text += "model " + name + "; ";
    for (const auto& [name, optimizer] : checkpoint.optimizers())
        text += "optimizer " + name + "; ";
    for (const auto& [name, value] : checkpoint.values())
        text += name + " = " + to_string(value) + "; ";
    for (const std::string& name : checkpoint.order())
        text += " " + name;
    return text;
}

}  // namespace

TEST_CASE("objects: which parts become models, optimizers and values") {
    CHECK(shown(good(Dict{})) == "");
    CHECK(shown(good(3)) == "object = 3; milepost.python = {'root': 'object'};  object milepost.python");
    CHECK(shown(good(named({{"w", tensor()}}))) ==
          "model model; milepost.python = {'root': 'model'};  model milepost.python");
    CHECK(shown(good(named({{"m", named({{"w", tensor()}})}, {"e", 1}}))) == "model m; e = 1;  m e");
    CHECK(shown(good(named({{"m", named({{"w", tensor()}}, DictSubtype::ordered_dict)}, {"e", 1}}))) ==
          "model m; e = 1; milepost.python = {'ordered': ['m']};  m e milepost.python");
    CHECK(shown(good(named({{"m", named({{"w", tensor()}, {"x", 1}})}}))) ==
          "m = {'w': f32[2, 3], 'x': 1};  m");
    CHECK(shown(good(named({{"c", named({{"w", tensor()}}, DictSubtype::counter)}})))
              .starts_with("c = Counter"));
    Dict with_metadata = named({{"x", 1}}, DictSubtype::ordered_dict);
    with_metadata.attributes.push_back({"_metadata", Dict{}});
    CHECK(shown(good(named({{"m", with_metadata}}))) == "model m;  m");
    with_metadata.attributes.push_back({"more", 1});
    CHECK(shown(good(named({{"m", with_metadata}}))).starts_with("m = OrderedDict"));
    const Dict optimizer = named({{"state", Dict{}}, {"param_groups", List{}}});
    CHECK(shown(good(named({{"o", optimizer}}))) == "optimizer o;  o");
    CHECK(shown(good(optimizer)) ==
          "optimizer optimizer; milepost.python = {'root': 'optimizer'};  optimizer milepost.python");
    CHECK(outcome(named({{"milepost.python", 1}}), {}) == "feature");
}

TEST_CASE("objects: there and back again") {
    const auto same_tensor = [](const TensorView& a, const TensorView& b) {
        return same_form(a, b) && a.storage() == b.storage();
    };
    for (const Checkpoint& checkpoint : {several_optimizers(), small(), every_value()}) {
        Checkpoint expected = checkpoint;
        for (const auto& [name, optimizer] : expected.optimizers())
            const_cast<OptimizerState&>(optimizer).algorithm.clear();  // Python does not have it
        const Value object = object_of(expected);
        CHECK(same(good(object), expected, same_tensor));
        CHECK(same(object_of(good(object)), object, same_tensor));
    }
    for (const Value& object :
         {Value(3), Value(named({{"w", tensor()}})),
          Value(named({{"w", tensor()}}, DictSubtype::ordered_dict)),
          Value(named({{"state", Dict{}}, {"param_groups", List{}}, {"more", 1}})), Value(List{{1, 2}})})
        CHECK(same(object_of(good(object)), object, same_tensor));
}

TEST_CASE("objects: parameters with names are numbered as the groups list them") {
    const Checkpoint made = good(object_of(named_params()));
    const OptimizerState& named = made.optimizers()[1].second;
    CHECK(named.param_keys == std::vector<std::string>{"blocks.0/attention.weight", "fc.weight", "fc.bias"});
    CHECK(named.param_groups[0].params == std::vector<std::uint64_t>{0, 1, 0});
    CHECK(named.state.at(1).size() == 2);
    CHECK(named.state_extra.size() == 1);
    CHECK(to_string(object_of(good(object_of(made)))) == to_string(object_of(made)));
}

TEST_CASE("objects: positions of params and their names among the keys of a group") {
    const Dict group =
        named({{"params", List{{0, 1}}}, {"lr", 0.1}, {"param_names", List{{"a", "b"}}}, {"x", nullptr}});
    const Dict optimizer = named({{"state", Dict{}}, {"param_groups", List{{group}}}});
    const Checkpoint made = good(named({{"o", optimizer}}));
    REQUIRE(made.optimizers().size() == 1);
    const ParamGroup& found = made.optimizers()[0].second.param_groups[0];
    CHECK(found.params_position == 0);
    CHECK(found.param_names_position == 2);
    CHECK(found.hyperparameters.size() == 2);
    CHECK(to_string(object_of(made)) == to_string(Value(named({{"o", optimizer}}))));
}

TEST_CASE("objects: dicts at paths become models") {
    const Value object = named(
        {{"a",
          named({{"state_dict", named({{"w", tensor()}})}, {"b/c", named({{"w", tensor()}})}, {"n", 1}})},
         {"l", List{{named({{"d", named({{"w", 1}})}})}}}});
    CHECK(shown(good(object, {{"a/state_dict", "net"}})) ==
          "model net; a = {'b/c': {'w': f32[2, 3]}, 'n': 1}; l = [{'d': {'w': 1}}];  a l net");
    CHECK(shown(good(object, {{"a/b/c", "x"}, {"l/0/d", "y"}})) ==
          "model x; model y; a = {'state_dict': {'w': f32[2, 3]}, 'n': 1}; l = [{}];  a l x y");
    CHECK(outcome(object, {{"a/none", "x"}}) == "value");
    CHECK(outcome(object, {{"a/state_dict/w/x", "x"}}) == "value");
    CHECK(outcome(object, {{"l/1", "x"}}) == "value");
    CHECK(outcome(object, {{"l/x", "x"}}) == "value");
    CHECK(outcome(object, {{"", "x"}}) == "value");
    CHECK(outcome(object, {{"a/n", "x"}}) == "wrong_type");
    CHECK(outcome(object, {{"l/0", "x"}}) == "wrong_type");  // taken out of a list, it would move the others
    CHECK(outcome(object, {{"a/state_dict", "l"}}) == "save_name");
    CHECK(outcome(object, {{"a/state_dict", ""}}) == "save_name");
    CHECK(outcome(object, {{"a/state_dict", "milepost.python"}}) == "save_name");
    CHECK(outcome(object, {{"a/state_dict", "x"}, {"a/b/c", "x"}}) == "save_name");
}

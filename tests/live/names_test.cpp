#include <doctest/doctest.h>

#include <string>
#include <string_view>

#include "live/name_mapping.hpp"

// Prefixes, renaming, selection. Patterns alone: tests/core/pattern_test.cpp.
using namespace milepost;

namespace {

std::string live_name(std::string_view name, const LoadOptions& options) {
    return live::NameMapping(options).live_name(name);
}

bool is_selected(std::string_view name, const LoadOptions& options) {
    return live::NameMapping(options).is_selected(name);
}

}  // namespace

TEST_CASE("renaming: stars are filled in order, and one too many stays") {
    CHECK(live_name("a.1.b.2", {.rename = {{"a.*.b.*", "x*y*z*"}}}) == "x1y2z*");
    CHECK(live_name("a.1.b.2", {.rename = {{"a.*.b.*", "short"}}}) == "short");
    CHECK(live_name("other", {.rename = {{"a.*", "b.*"}}}) == "other");
}

TEST_CASE("renaming: prefixes come off first; an empty prefix does no harm") {
    CHECK(live_name("m.m.a", {.strip_prefixes = {"", "m."}, .rename = {{"a", "b"}}}) == "b");
    CHECK(live_name("m.", {.strip_prefixes = {"m."}}).empty());
}

TEST_CASE("renaming: patterns are those of milepost::matches") {
    const LoadOptions options = {.rename = {{"layers\\[*\\].[wb]*", "layers.*.?*"}}};
    CHECK(live_name("layers[3].weight", options) == "layers.3.?eight");
    CHECK(live_name("layers.3.weight", options) == "layers.3.weight");
}

TEST_CASE("selection: without patterns all names, else those that match one") {
    CHECK(is_selected("fc1.weight", {}));
    CHECK(is_selected("fc1.weight", {.only = {"conv*", "fc[12].*"}}));
    CHECK_FALSE(is_selected("fc3.weight", {.only = {"conv*", "fc[12].*"}}));
}

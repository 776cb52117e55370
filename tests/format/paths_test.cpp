#include <doctest/doctest.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <vector>

#include <milepost/milepost.hpp>

#include "format/paths.hpp"
#include "format/validate.hpp"
#include "support/memory.hpp"
#include "support/reseal.hpp"
#include "support/samples.hpp"

using namespace milepost;
using namespace milepost::format;

namespace {

/// The paths of all tensors, in the order of their numbers.
std::vector<std::string> tensor_paths(const Checkpoint& checkpoint) {
    const auto file = testing::save_bytes(checkpoint);
    REQUIRE(file);
    const auto parts = testing::take_apart(*file);
    REQUIRE(parts);
    const Index index = parts->columns.index();
    const std::uint64_t index_offset = testing::last_footer(*file)->placement.index_offset;
    const auto offsets = validate(index, {index_offset, parts->header.alignment}, Limits());
    REQUIRE(offsets);
    std::vector<std::string> paths;
    for (std::uint32_t tensor = 0; tensor < index.tensor_layouts.size(); ++tensor) {
        paths.push_back(tensor_path(index, *offsets, tensor));
        CHECK(value_path(index, *offsets, offsets->tensor_value[tensor]) == paths.back());
    }
    return paths;
}

TensorView tensor() {
    return TensorView::of(testing::six_floats(), {6});
}

}  // namespace

TEST_CASE("paths: of a model, an optimizer and values") {
    Checkpoint checkpoint;
    checkpoint.model("net")["conv.weight"] = tensor();
    OptimizerState& sgd = checkpoint.optimizer("sgd");
    sgd.param_groups.emplace_back().params = {0};
    sgd.param_groups.back().hyperparameters["lr"] = tensor();
    sgd.state[0]["momentum_buffer"] = tensor();
    checkpoint.values().add("list", List{{1, tensor(), List{{tensor()}}}});
    checkpoint.values().add("dict", testing::dict_of({{"key", tensor()}}));
    auto paths = tensor_paths(checkpoint);
    std::sort(paths.begin(), paths.end());
    const std::vector<std::string> expected = {"dict/key",
                                               "list/1",
                                               "list/2/0",
                                               "net/conv.weight",
                                               "sgd/param_groups/0/lr",
                                               "sgd/state/0/momentum_buffer"};
    REQUIRE(paths.size() == expected.size());
    for (std::size_t i = 0; i < paths.size(); ++i)
        CHECK(paths[i] == expected[i]);
}

TEST_CASE("paths: of every sample, each once, as the Reader has them") {
    for (const Checkpoint& checkpoint : {testing::small(), testing::every_value(), testing::several_models(),
                                         testing::several_optimizers()}) {
        const auto reader = testing::open_bytes(*testing::save_bytes(checkpoint));
        REQUIRE(reader);
        const auto paths = tensor_paths(checkpoint);
        for (const std::string& path : paths) {
            CAPTURE(path);
            CHECK(reader->tensor(path));
            CHECK(std::count(paths.begin(), paths.end(), path) == 1);
        }
    }
}

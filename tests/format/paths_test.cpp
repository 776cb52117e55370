#include <doctest/doctest.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <utility>
#include <vector>

#include <milepost/milepost.hpp>

#include "format/find_value.hpp"
#include "format/index.hpp"
#include "format/index_offsets.hpp"
#include "format/part_names.hpp"
#include "format/paths.hpp"
#include "format/validate.hpp"
#include "support/memory.hpp"
#include "support/reseal.hpp"
#include "support/samples.hpp"

using namespace milepost;
using namespace milepost::format;

namespace {

/// The index of a checkpoint that was saved.
struct SavedIndex {
    testing::Parts parts;
    Index index;
    IndexOffsets offsets;

    explicit SavedIndex(const Checkpoint& checkpoint) {
        const auto file = testing::save_bytes(checkpoint);
        REQUIRE(file);
        auto taken = testing::take_apart(*file);
        REQUIRE(taken);
        parts = *std::move(taken);
        index = parts.columns.index();
        const std::uint64_t index_offset = testing::last_footer(*file)->placement.index_offset;
        auto valid = validate(index, {index_offset, parts.header.alignment}, Limits());
        REQUIRE(valid);
        offsets = *std::move(valid);
    }
};

/// The paths of all tensors, in the order of their numbers.
std::vector<std::string> tensor_paths(const Checkpoint& checkpoint) {
    const SavedIndex saved(checkpoint);
    const Paths made(saved.index, saved.offsets);
    std::vector<std::string> paths;
    for (std::uint32_t tensor = 0; tensor < saved.index.tensor_layouts.size(); ++tensor) {
        paths.push_back(made.of_tensor(tensor));
        CHECK(paths.back().starts_with(made.beginning_of_tensor(tensor, 5).substr(0, 5)));
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

TEST_CASE("paths: of state keyed by names, in both directions") {
    const SavedIndex saved(testing::named_params());
    const PartNames parts(saved.index);
    const Paths paths(saved.index, saved.offsets);
    // A key may hold '/'. The last ones are of an optimizer whose parameters are keyed by their index.
    for (const char* path :
         {"named/state/fc.weight/exp_avg", "named/state/blocks.0/attention.weight/exp_avg"}) {
        CAPTURE(path);
        const auto tensor = find_tensor(saved.index, saved.offsets, parts, path);
        REQUIRE(tensor);
        CHECK(paths.of_tensor(*tensor) == path);
    }
    for (const char* path :
         {"named/state/0/step", "named/state/fc.bias/step", "named/state/fc.weight", "named/state/fc.weight/",
          "named/state/fc/weight/step", "named/state//step", "last/state/fc.weight/step"}) {
        CAPTURE(path);
        CHECK_FALSE(find_tensor(saved.index, saved.offsets, parts, path));
    }
}

TEST_CASE("paths: a key and a name that share a slash") {
    Checkpoint checkpoint;
    OptimizerState& optimizer = checkpoint.optimizer("o");
    optimizer.param_groups.emplace_back().params = {0, 1, 2};
    optimizer.param_keys = {"a", "a/b", "a/b/c"};
    optimizer.state[0]["x"] = tensor();
    optimizer.state[1]["c/x"] = tensor();
    optimizer.state[2]["y"] = tensor();
    const SavedIndex saved(checkpoint);
    const PartNames parts(saved.index);
    const Paths paths(saved.index, saved.offsets);
    CHECK(saved.index.entry_names.size() == 3);
    for (const char* path : {"o/state/a/x", "o/state/a/b/c/x", "o/state/a/b/c/y"}) {
        CAPTURE(path);
        const auto tensor = find_tensor(saved.index, saved.offsets, parts, path);
        REQUIRE(tensor);
        CHECK(paths.of_tensor(*tensor) == path);
    }
}

TEST_CASE("paths: of every sample, each once, as the Reader has them") {
    for (const Checkpoint& checkpoint : {testing::small(), testing::every_value(), testing::several_models(),
                                         testing::several_optimizers(), testing::named_params()}) {
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

#include <doctest/doctest.h>

#include <fstream>
#include <new>
#include <numeric>
#include <stdexcept>

#include "format/chunks.hpp"
#include "live.hpp"
#include "support/scratch.hpp"

// A load that fails changes no parameter, wherever the damage is and however the file is read.
namespace {

using namespace milepost;
using namespace milepost::testing;

constexpr std::size_t kParameters = 6;

std::vector<Live> parameters(float value) {
    std::vector<Live> made;
    for (std::size_t i = 0; i < kParameters; ++i)
        made.emplace_back("p" + std::to_string(i), Shape{i == 3 ? 300'000U : 50U}, value);
    if (value >= 0) {
        for (Live& parameter : made)
            std::iota(parameter.elements.begin(), parameter.elements.end(), value);
    }
    return made;
}

void write_file(const std::string& path, const testing::FileBytes& bytes) {
    std::ofstream file(path, std::ios::binary);
    file.write(reinterpret_cast<const char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
}

}  // namespace

TEST_CASE("load_into: a failing load leaves every parameter untouched") {
    const ScratchFolder folder;
    for (const Codec codec : {Codec::raw, Codec::zstd}) {
        Checkpoint checkpoint;
        const std::vector<Live> saved = parameters(0);
        for (const Live& parameter : saved)
            checkpoint.model("net")[parameter.name] = parameter.view();
        const testing::FileBytes whole = *save_bytes(checkpoint, {.codec = codec});
        const auto storages = open_bytes(whole)->storages();
        for (std::size_t damaged = 0; damaged < storages.size(); ++damaged) {
            testing::FileBytes broken = whole;
            broken[static_cast<std::size_t>(storages[damaged].offset + storages[damaged].stored_nbytes) -
                   1] ^= std::byte{0x10};
            write_file(folder / "file", broken);
            for (const Access access : {Access::mapped, Access::read}) {
                INFO("codec " << static_cast<int>(codec) << ", storage " << damaged);
                const auto file = Reader::open(folder / "file", {.access = access});
                REQUIRE(file);
                std::vector<Live> live = parameters(-1);
                const auto report = load_into(*file, "net", targets_of(live));
                REQUIRE_FALSE(report);
                CHECK(report.error().condition() == Condition::chunk_checksum);
                for (const Live& parameter : live)
                    CHECK(parameter.untouched());
                // Without the damaged one the same file loads.
                const auto rest =
                    load_into(*file, "net", targets_of(live),
                              {.strict = false, .rename = {{"p" + std::to_string(damaged), "damaged"}}});
                REQUIRE(rest);
                CHECK(rest->loaded.size() == kParameters - 1);
                CHECK(live[damaged].untouched());
            }
        }
    }
}

TEST_CASE("load_into: an optimizer whose last tensor is damaged changes nothing") {
    Checkpoint checkpoint;
    const Floats buffer = {1, 2};
    OptimizerState& sgd = checkpoint.optimizer("sgd");
    sgd.param_groups.emplace_back().hyperparameters["lr"] = 0.5;
    sgd.param_groups[0].params = {0, 1};
    const Floats second = {3, 4};
    sgd.state[0]["momentum_buffer"] = TensorView::of(std::span(buffer), {2});
    sgd.state[1]["momentum_buffer"] = TensorView::of(std::span(second), {2});
    testing::FileBytes bytes = *save_bytes(checkpoint);
    bytes[static_cast<std::size_t>(open_bytes(bytes)->storages()[1].offset)] ^= std::byte{1};
    const Reader file = *open_bytes(bytes);
    Live first{"momentum_buffer", {2}}, last{"momentum_buffer", {2}};
    Entries live_hyperparameters;
    live_hyperparameters["lr"] = 0.1;
    const OptimizerTarget target{
        {{{{"", {2}, {first.target()}}, {"", {2}, {last.target()}}}, &live_hyperparameters}}};
    CHECK(load_into(file, "sgd", target).error().condition() == Condition::chunk_checksum);
    CHECK(first.untouched());
    CHECK(*live_hyperparameters.find("lr")->as_double() == 0.1);
}

TEST_CASE("load_into: an adopt that throws is an error, before any tensor is written") {
    const Reader file = file_of({{"a", {4}, 1}, {"b", {4}, 2}, {"c", {4}, 3}});
    for (const bool memory : {true, false}) {
        std::vector<Live> live = {{"a", {4}}, {"b", {4}}, {"c", {4}}};
        ModelTarget target = targets_of(live);
        target.tensors[1].adopt = [&](const TensorView&) {
            if (memory) throw std::bad_alloc();
            throw std::runtime_error("no room");
        };
        const auto report = load_into(file, "net", target);
        REQUIRE_FALSE(report);
        CHECK(report.error().condition() == (memory ? Condition::out_of_memory : Condition::callback));
        CHECK(report.error().message() ==
              (memory ? "net/b: out of memory" : "net/b: Target::adopt threw an exception: no room"));
        for (const Live& parameter : live)
            CHECK(parameter.untouched());
    }
}

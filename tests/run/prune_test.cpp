#include <doctest/doctest.h>

#include <chrono>
#include <cmath>
#include <cstdint>
#include <filesystem>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include <sys/stat.h>
#include <unistd.h>

#include "folders.hpp"

using namespace milepost;
using namespace milepost::testing;
using Names = std::vector<std::string>;

namespace {

/// The steps of the checkpoints that are left, the newest first.
std::vector<std::uint64_t> steps(const Run& run) {
    std::vector<std::uint64_t> steps;
    for (const RunCheckpoint& checkpoint : run.checkpoints().value())
        steps.push_back(checkpoint.step);
    return steps;
}
using Steps = std::vector<std::uint64_t>;

/// Saves checkpoints of these losses, steps 1, 2, ..., and prunes. Returns the steps that are left.
Steps kept_of(const std::vector<Value>& losses, const RunOptions& options) {
    const ScratchFolder scratch;
    const Run run = Run::open(scratch.path(), options).value();
    std::uint64_t step = 0;
    for (const Value& loss : losses)
        save_quickly(run, ++step, loss);
    CHECK(run.prune()->empty());
    return steps(run);
}

}  // namespace

TEST_CASE(
    "prune: a durable save removes what is beyond the newest; one that is not durable removes nothing") {
    const ScratchFolder scratch;
    const Run run = Run::open(scratch.path(), {.keep = 2}).value();
    for (const std::uint64_t step : {400U, 300U, 200U})
        save_quickly(run, step);
    CHECK(steps(run) == Steps{200, 300, 400});
    const auto saved = run.save(100, checkpoint_of(100));
    REQUIRE(saved);
    CHECK(saved->warnings.empty());
    CHECK(steps(run) == Steps{100, 200});  // by the number, not by the step
    save_quickly(run, 90);
    CHECK(steps(run) == Steps{90, 100, 200});
}

TEST_CASE("prune: other names are never touched") {
    const ScratchFolder scratch;
    const Run run = Run::open(scratch.path(), {.keep = 1}).value();
    const Names others = {"0000002.step-1.milepost", "000002.step-1.milepost.prev", "2.step-1.milepost",
                          "notes.txt"};
    for (const std::string& name : others)
        write_file(scratch / name, "");
    save_quickly(run, 1);
    save_quickly(run, 2);
    CHECK(run.prune()->empty());
    Names expected = others;
    expected.insert(expected.begin() + 1, "000002.step-2.milepost");
    std::sort(expected.begin(), expected.end());
    CHECK(names_in(scratch.path()) == expected);
}

TEST_CASE("prune: the best by a value, besides the newest") {
    const double nan = std::nan("");
    const double infinity = std::numeric_limits<double>::infinity();
    const RunOptions smallest = {.keep = 1, .keep_best = {{.value = "loss"}}};
    const RunOptions largest = {.keep = 1, .keep_best = {{.value = "loss", .largest = true}}};
    const RunOptions two = {.keep = 1, .keep_best = {{.value = "loss", .count = 2}}};
    CHECK(kept_of({3.0, 1.0, 2.0, 4.0}, smallest) == Steps{4, 2});
    CHECK(kept_of({3.0, 1.0, 5.0, 4.0}, largest) == Steps{4, 3});
    CHECK(kept_of({3.0, 1.0, 2.0, 4.0}, two) == Steps{4, 3, 2});
    CHECK(kept_of({3.0, 2.0, 1.0}, smallest) == Steps{3});          // the newest is the best
    CHECK(kept_of({1.0, 1.0, 1.0, 4.0}, smallest) == Steps{4, 3});  // of equal ones the newer
    CHECK(kept_of({1, 2.0, 4.0}, smallest) == Steps{3, 1});         // an int is a number
    CHECK(kept_of({nan, 5.0, nan, 9.0}, smallest) == Steps{4, 2});  // NaN is never the best
    CHECK(kept_of({nan, 5.0, nan, 1.0}, largest) == Steps{4, 2});
    CHECK(kept_of({infinity, nan, 9.0}, largest) == Steps{3, 1});
    CHECK(kept_of({-infinity, 1.0, 9.0}, smallest) == Steps{3, 1});
    CHECK(kept_of({-0.0, 0.0, 9.0}, smallest) == Steps{3, 2});                // equal
    CHECK(kept_of({Value(), "0", true, 5.0, 9.0}, smallest) == Steps{5, 4});  // not there, or not a number
    CHECK(kept_of({nan, "x", Value()}, two) == Steps{3});
    const ScratchFolder scratch;  // a tensor is not a number, even of one element: its bytes are not read
    const Run run = Run::open(scratch.path(), smallest).value();
    save_quickly(run, 1, TensorView::of(six_floats().first(1), {}));
    save_quickly(run, 2, 2.0);
    save_quickly(run, 3, 3.0);
    CHECK(run.prune()->empty());
    CHECK(steps(run) == Steps{3, 2});
}

TEST_CASE("prune: damaged ones do not count among the newest, and are removed with a warning beyond them") {
    const ScratchFolder scratch;
    const Run run = Run::open(scratch.path(), {.keep = 2, .keep_best = {{.value = "loss"}}}).value();
    for (const std::uint64_t step : {1U, 2U, 3U, 4U, 5U})
        save_quickly(run, step);
    write_file(scratch / "000001.step-1.milepost", "");
    cut(scratch / "000002.step-2.milepost");
    cut(scratch / "000004.step-4.milepost");
    const auto warnings = run.prune();
    REQUIRE(warnings);
    CHECK(words(*warnings) == "empty cut");
    CHECK(warnings->back().message().find("removed: " + (scratch / "000002.step-2.milepost")) == 0);
    CHECK(steps(run) == Steps{5, 4, 3});
}

TEST_CASE("prune: nothing is removed before one is whole") {
    const ScratchFolder scratch;
    const Run run = Run::open(scratch.path(), {.keep = 1}).value();
    for (const std::uint64_t step : {1U, 2U, 3U})
        cut(save_quickly(run, step));
    CHECK(run.prune()->empty());
    CHECK(steps(run) == Steps{3, 2, 1});
}

TEST_CASE("prune: what cannot be opened for another reason does not count, and stays if it may be the best") {
    for (const bool by_value : {false, true}) {
        CAPTURE(by_value);
        const ScratchFolder scratch;
        RunOptions options = {.keep = 1};
        if (by_value) options.keep_best = {{.value = "loss"}};
        const Run run = Run::open(scratch.path(), options).value();
        for (const std::uint64_t step : {1U, 2U, 3U})
            save_quickly(run, step);
        Checkpoint large = checkpoint_of(4);
        large.values()[std::string(100, 'x')] = 1;
        REQUIRE(run.save(4, large, quick()));
        const Limits limits = {.max_name_bytes = 50};
        CHECK(words(run.prune(limits).value()) == "name_bytes");
        CHECK(steps(run) == Steps{4, 3});
        save_quickly(run, 5);
        CHECK(words(run.prune(limits).value()) == "name_bytes");
        CHECK(steps(run) == (by_value ? Steps{5, 4} : Steps{5}));
    }
}

TEST_CASE("prune: a save uses the limits of its own options") {
    const ScratchFolder scratch;
    const Run run = Run::open(scratch.path(), {.keep = 1}).value();
    Checkpoint large = checkpoint_of(1);
    large.values()[std::string(5000, 'x')] = 1;
    const SaveOptions options = {.limits = {.max_name_bytes = 8000}};
    REQUIRE(run.save(1, large, options));
    const auto saved = run.save(2, large, options);
    REQUIRE(saved);
    CHECK(saved->warnings.empty());
    CHECK(steps(run) == Steps{2});
}

TEST_CASE("prune: distributed checkpoints are kept, compared and removed as files are") {
    const ScratchFolder scratch;
    const Run run = Run::open(scratch.path(), {.keep = 2, .keep_best = {{.value = "loss"}}}).value();
    make_distributed(scratch / "000001.step-1", true, 5.0);
    make_distributed(scratch / "000002.step-2", true, 1.0);
    make_distributed(scratch / "000003.step-3", false);
    save_quickly(run, 4, 4.0);
    make_distributed(scratch / "000005.step-5", true, 3.0);
    make_distributed(scratch / "000006.step-6", false);
    CHECK(run.prune()->empty());
    CHECK(names_in(scratch.path()) == Names{"000002.step-2", "000003.step-3", "000004.step-4.milepost",
                                            "000005.step-5", "000006.step-6"});
}

TEST_CASE("prune: a folder with anything but files is left as it is, and links are not followed") {
    const ScratchFolder scratch;
    const ScratchFolder elsewhere;
    const Run run = Run::open(scratch.path(), {.keep = 1}).value();
    make_folder(make_distributed(scratch / "000001.step-1") + "/more");
    make_distributed(elsewhere / "target");
    std::filesystem::create_directory_symlink(elsewhere / "target", scratch / "000002.step-2");
    write_file(elsewhere / "precious", "");
    std::filesystem::create_symlink(elsewhere / "precious",
                                    make_distributed(scratch / "000003.step-3") + "/link");
    std::filesystem::create_symlink(elsewhere / "precious", scratch / "000004.step-4.milepost");
    save_quickly(run, 5);
    CHECK(words(run.prune().value()) == "write open write empty");
    CHECK(steps(run) == Steps{5, 3, 2, 1});
    CHECK(names_in(scratch / "000001.step-1").size() == 4);
    CHECK(names_in(scratch / "000003.step-3").size() == 4);
    CHECK(names_in(elsewhere / "target").size() == 3);
    CHECK(names_in(elsewhere.path()) == Names{"precious", "target"});
}

TEST_CASE("prune: what cannot be removed is a warning, and the save has succeeded") {
    const ScratchFolder scratch;
    const Run run = Run::open(scratch.path(), {.keep = 1}).value();
    make_folder(scratch / "000001.step-1.milepost");  // not a file, and unlink refuses it
    const auto saved = run.save(2, checkpoint_of(2));
    REQUIRE(saved);
    CHECK(words(saved->warnings) == "write");
    CHECK(steps(run) == Steps{2, 1});
}

TEST_CASE("prune: what killed saves have left is removed, whatever their number") {
    const ScratchFolder scratch;
    const Run run = Run::open(scratch.path(), {.keep = 1}).value();
    save_quickly(run, 1);
    const Names dead = {".000009.step-7.milepost.0123456789abcdef.tmp"};
    const Names alive = {".000009.step-7.milepost.0123456789abcdee.tmp"};
    const Names others = {".000009.step-7.0123456789abcdef.tmp",
                          ".000009.step-7.milepost.0123456789abcdeX.tmp",
                          ".000009.step-7.milepost0123456789abcdef.tmp",
                          ".9.step-7.milepost.0123456789abcdef.tmp",
                          ".notes.0123456789abcdef.tmp",
                          ".tmp"};
    for (const Names* names : {&dead, &alive, &others}) {
        for (const std::string& name : *names) {
            write_file(scratch / name, "half");
            if (names == &alive) continue;
            const auto before = std::filesystem::file_time_type::clock::now() - std::chrono::minutes(11);
            std::filesystem::last_write_time(scratch / name, before);
        }
    }
    CHECK(run.prune()->empty());
    Names expected = others;
    expected.push_back(alive.front());
    expected.push_back("000001.step-1.milepost");
    std::sort(expected.begin(), expected.end());
    CHECK(names_in(scratch.path()) == expected);
}

#include <doctest/doctest.h>

#include <filesystem>
#include <string>
#include <thread>
#include <vector>

#include "folders.hpp"

using namespace milepost;
using namespace milepost::testing;
using Names = std::vector<std::string>;

TEST_CASE("run: open makes the folder and those above it") {
    const ScratchFolder scratch;
    const auto run = Run::open(scratch / "a/b/run//");
    REQUIRE(run);
    CHECK(run->folder() == scratch / "a/b/run");
    CHECK(std::filesystem::is_directory(scratch / "a/b/run"));
    save_quickly(*run, 1);
    REQUIRE(Run::open(scratch / "a/b/run"));  // one that exists is left as it is
    CHECK(names_in(scratch / "a/b/run") == Names{"000001.step-1.milepost"});
}

TEST_CASE("run: options out of their ranges, and places where there is no folder") {
    const ScratchFolder scratch;
    const auto condition = [&](const std::string& folder, const RunOptions& options) {
        return Run::open(folder, options).error().condition();
    };
    CHECK(condition(scratch / "run", {.keep = 0}) == Condition::option);
    CHECK(condition(scratch / "run", {.keep_best = {{.value = ""}}}) == Condition::option);
    CHECK(condition(scratch / "run", {.keep_best = {{.value = "loss", .count = 0}}}) == Condition::option);
    CHECK(names_in(scratch.path()).empty());  // checked before anything is made
    write_file(scratch / "file", "text");
    CHECK(condition(scratch / "file", {}) == Condition::open);
    CHECK(condition(scratch / "file/run", {}) == Condition::open);
    CHECK(condition("", {}) == Condition::open);
    CHECK(condition(scratch / std::string("a\0b", 3), {}) == Condition::open);
}

TEST_CASE("run: a save counts up from the largest number, whatever has it") {
    const ScratchFolder scratch;
    const Run run = Run::open(scratch.path()).value();
    CHECK(run.next(5)->path == scratch / "000001.step-5.milepost");
    const auto saved = run.save(1500, checkpoint_of(1500));
    REQUIRE(saved);
    CHECK(saved->checkpoint.path == scratch / "000001.step-1500.milepost");
    CHECK(saved->checkpoint.number == 1);
    CHECK(saved->checkpoint.step == 1500);
    CHECK_FALSE(saved->checkpoint.is_folder);
    CHECK(saved->warnings.empty());
    CHECK(run.next(1)->number == 2);
    make_distributed(scratch / "000007.step-9", false);  // not complete, and still a number
    CHECK(run.next(1)->number == 8);
    write_file(scratch / "000009.step-1.milepost", "damaged");
    CHECK(run.next(1)->number == 10);
    write_file(scratch / "999.step-1.milepost", "another name");
    write_file(scratch / "0000999.step-1.milepost", "another name");
    CHECK(run.next(3)->path == scratch / "000010.step-3.milepost");
    write_file(scratch / "999999.step-1.milepost", "");
    CHECK(run.next(3)->path == scratch / "1000000.step-3.milepost");
    write_file(scratch / "18446744073709551614.step-1.milepost", "");
    CHECK(run.next(3)->number == UINT64_MAX);
    write_file(scratch / "18446744073709551615.step-1.milepost", "");
    CHECK(run.next(3).error().condition() == Condition::target);
    CHECK(run.save(3, checkpoint_of(3)).error().condition() == Condition::target);
}

TEST_CASE("run: the list has the newest first, by number, and only what is complete") {
    const ScratchFolder scratch;
    const Run run = Run::open(scratch.path()).value();
    CHECK(run.checkpoints()->empty());
    for (const char* name : {"000002.step-10.milepost", "000010.step-1.milepost", "000003.step-900.milepost",
                             "000003.step-20.milepost", "notes.txt", "3.step-1.milepost"})
        write_file(scratch / name, "not opened");
    make_distributed(scratch / "000011.step-2");
    make_distributed(scratch / "000012.step-2", false);
    write_file(scratch / "000013.step-2", "a file without the suffix");
    make_folder(scratch / "000014.step-2");
    make_folder(scratch / "000014.step-2/checkpoint.milepost");
    Names names;
    for (const RunCheckpoint& checkpoint : run.checkpoints().value()) {
        names.push_back(checkpoint.path.substr(scratch.path().size() + 1));
        CHECK(checkpoint.is_folder == (checkpoint.number == 11));
    }
    CHECK(names == Names{"000011.step-2", "000010.step-1.milepost", "000003.step-900.milepost",
                         "000003.step-20.milepost", "000002.step-10.milepost"});
}

TEST_CASE("run: a folder that may be complete is an error, and does not keep a save from its number") {
    const ScratchFolder scratch;
    const Run run = Run::open(scratch.path()).value();
    save_quickly(run, 1);
    std::filesystem::create_symlink("000002.step-2", scratch / "000002.step-2");  // cannot be looked into
    CHECK(run.checkpoints().error().condition() == Condition::open);
    CHECK(run.restore().error().condition() == Condition::open);
    const auto saved = run.save(3, checkpoint_of(3));
    REQUIRE(saved);
    CHECK(saved->checkpoint.number == 3);
    CHECK(words(saved->warnings) == "open");
}

TEST_CASE("run: a folder that is gone is an error, not an empty run") {
    const ScratchFolder scratch;
    const Run run = Run::open(scratch / "run").value();
    std::filesystem::remove(scratch / "run");
    CHECK(run.next(1).error().condition() == Condition::open);
    CHECK(run.checkpoints().error().condition() == Condition::open);
    CHECK(run.prune().error().condition() == Condition::open);
    CHECK(run.restore().error().condition() == Condition::open);
    CHECK(run.save(1, checkpoint_of(1)).error().condition() == Condition::open);
}

TEST_CASE("run: a save never replaces a file, whatever its options") {
    const ScratchFolder scratch;
    const Run run = Run::open(scratch.path()).value();
    make_folder(scratch / "000001.step-1.milepost.prev");  // which keep_previous would refuse
    const auto saved = run.save(1, checkpoint_of(1), {.keep_previous = true, .create_only = false});
    REQUIRE(saved);
    CHECK(names_in(scratch.path()) == Names{"000001.step-1.milepost", "000001.step-1.milepost.prev"});
}

TEST_CASE("run: a save that fails leaves the folder as it was") {
    const ScratchFolder scratch;
    const Run run = Run::open(scratch.path()).value();
    save_quickly(run, 1);
    Checkpoint checkpoint = checkpoint_of(2);
    checkpoint.values()[""] = 1;
    CHECK(run.save(2, checkpoint).error().condition() == Condition::save_name);
    CHECK(names_in(scratch.path()) == Names{"000001.step-1.milepost"});
}

TEST_CASE("run: saves of several threads at once all get files of their own") {
    const ScratchFolder scratch;
    const Run run = Run::open(scratch.path(), {.keep = 100}).value();
    constexpr int kThreads = 4, kSaves = 8;
    std::vector<std::thread> threads;
    for (int i = 0; i < kThreads; ++i) {
        threads.emplace_back([&] {
            for (int n = 0; n < kSaves; ++n)
                save_quickly(run, 7);  // one step, so that all want the same names
        });
    }
    for (std::thread& thread : threads)
        thread.join();
    const auto checkpoints = run.checkpoints().value();
    CHECK(checkpoints.size() == kThreads * kSaves);
    CHECK(checkpoints.front().number == kThreads * kSaves);
}

TEST_CASE("run: in the background, one save after the other") {
    const ScratchFolder scratch;
    const Run run = Run::open(scratch.path(), {.keep = 2}).value();
    AsyncSaver saver({.when_busy = AsyncOptions::WhenBusy::refuse});
    for (const std::uint64_t step :
         {30U, 20U, 10U}) {  // a number that is given twice would be seen in the list
        const auto pending = run.save_async(saver, step, checkpoint_of(1), {.durable = false});
        REQUIRE(pending);
        CHECK(pending->checkpoint.step == step);
    }
    REQUIRE(saver.wait());
    CHECK(names_in(scratch.path()) ==
          Names{"000001.step-30.milepost", "000002.step-20.milepost", "000003.step-10.milepost"});
    CHECK(run.prune()->empty());
    CHECK(names_in(scratch.path()) == Names{"000002.step-20.milepost", "000003.step-10.milepost"});
    std::filesystem::remove_all(scratch.path());
    CHECK(run.save_async(saver, 40, checkpoint_of(1)).error().condition() == Condition::open);
}

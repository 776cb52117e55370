#include <doctest/doctest.h>

#include <atomic>
#include <filesystem>
#include <string>
#include <thread>
#include <vector>

#include <sys/stat.h>
#include <unistd.h>

#include "folders.hpp"

using namespace milepost;
using namespace milepost::testing;

namespace {

std::int64_t step_of(const Result<RestoredCheckpoint>& restored) {
    return restored.value().reader.get<std::int64_t>("step").value();
}

/// The numbers of those that were skipped, and why: "3 cut, 2 chunk_checksum".
std::string skipped(const RestoredCheckpoint& restored) {
    std::string skipped;
    for (const SkippedCheckpoint& one : restored.skipped) {
        CHECK(one.error.message().find(one.checkpoint.path) != std::string::npos);
        skipped.append(skipped.empty() ? "" : ", ").append(std::to_string(one.checkpoint.number));
        skipped.append(" ").append(name(one.error.condition()));
    }
    return skipped;
}

}  // namespace

TEST_CASE("restore: there is none") {
    const ScratchFolder scratch;
    const Run run = Run::open(scratch.path()).value();
    CHECK(run.restore().error().condition() == Condition::file);
    write_file(scratch / "notes.txt", "");
    make_distributed(scratch / "000001.step-1", false);
    CHECK(run.restore().error().condition() == Condition::file);
}

TEST_CASE("restore: the largest number, not the largest step") {
    const ScratchFolder scratch;
    const Run run = Run::open(scratch.path()).value();
    save_quickly(run, 1500);
    save_quickly(run, 1000);
    const std::string path = save_quickly(run, 1100);
    const auto restored = run.restore();
    CHECK(step_of(restored) == 1100);
    CHECK(restored->checkpoint.path == path);
    CHECK(restored->checkpoint.number == 3);
    CHECK(restored->checkpoint.step == 1100);
    CHECK(restored->skipped.empty());
}

TEST_CASE("restore: every kind of damage is skipped, and listed") {
    const ScratchFolder scratch;
    const Run run = Run::open(scratch.path()).value();
    for (std::uint64_t step = 1; step <= 7; ++step)
        save_quickly(run, step);
    damage_tensor(scratch / "000002.step-2.milepost");
    cut(scratch / "000003.step-3.milepost");
    write_file(scratch / "000004.step-4.milepost", "");
    write_file(scratch / "000005.step-5.milepost", std::string(1000, '\0'));
    write_file(scratch / "000006.step-6.milepost",
               "some text that is not a checkpoint, of a hundred bytes or so; it "
               "only has the name of one, and more than 64 bytes");
    std::filesystem::remove(scratch / "000007.step-7.milepost");
    make_folder(scratch / "000007.step-7.milepost");
    make_distributed(scratch / "000008.step-8");
    for (const Access access : {Access::automatic, Access::mapped, Access::read}) {
        const auto restored = run.restore({.access = access, .check = Check::never});
        CHECK(step_of(restored) == 1);
        CHECK(skipped(*restored) ==
              "8 not_regular, 7 not_regular, 6 magic, 5 zero_header, 4 empty, 3 cut, 2 chunk_checksum");
    }
    CHECK(names_in(scratch.path()).size() == 8);  // nothing is removed
}

TEST_CASE("restore: a damaged copy of the index does not lose the checkpoint") {
    const ScratchFolder scratch;
    const Run run = Run::open(scratch.path()).value();
    save_quickly(run, 1);
    const std::string path = save_quickly(run, 2);
    std::string bytes = read_file(path);
    bytes[bytes.size() - 100] = static_cast<char>(bytes[bytes.size() - 100] ^ 1);  // in copy B
    write_file(path, bytes);
    const auto restored = run.restore();
    CHECK(step_of(restored) == 2);
    CHECK_FALSE(verify(restored->reader)->ok());
}

TEST_CASE("restore: if all are skipped, the error is that of the newest, not that there is none") {
    const ScratchFolder scratch;
    const Run run = Run::open(scratch.path()).value();
    cut(save_quickly(run, 1));
    damage_tensor(save_quickly(run, 2));
    const Error error = run.restore().error();
    CHECK(error.condition() == Condition::chunk_checksum);
    CHECK(error.message().find("none of 2 checkpoints can be used; the newest: ") != std::string::npos);
    make_distributed(scratch / "000003.step-3");
    CHECK(run.restore().error().condition() == Condition::not_regular);
}

TEST_CASE("restore: an error with a remedy ends the call, since an older checkpoint would lose work") {
    const ScratchFolder scratch;
    const Run run = Run::open(scratch.path()).value();
    save_quickly(run, 1);
    SUBCASE("limit_exceeded") {
        Checkpoint checkpoint = checkpoint_of(2);
        checkpoint.values()[std::string(100, 'x')] = 1;
        const auto saved = run.save(2, checkpoint, quick());
        const Error error = run.restore({.limits = {.max_name_bytes = 50}}).error();
        CHECK(error.condition() == Condition::name_bytes);
        CHECK(error.message().find(saved->checkpoint.path) != std::string::npos);
        CHECK(step_of(run.restore()) == 2);
    }
    SUBCASE("unsupported") {
        write_file(scratch / "000002.step-2.milepost",
                   read_file(std::string(MILEPOST_GOLDEN) + "/unsupported-version.milepost"));
        CHECK(run.restore().error().code() == Code::unsupported);
    }
    SUBCASE("not permitted") {
        const std::string path = save_quickly(run, 2);
        REQUIRE(::chmod(path.c_str(), 0) == 0);
        if (::geteuid() != 0) CHECK(run.restore().error().condition() == Condition::open);
    }
    SUBCASE("a link to nowhere: the place of the newest checkpoint is not mounted") {
        std::filesystem::create_symlink(scratch / "nowhere", scratch / "000002.step-2.milepost");
        CHECK(run.restore().error().condition() == Condition::open);
    }
}

TEST_CASE("restore: one that is removed meanwhile is passed over") {
    const ScratchFolder scratch;
    const Run run = Run::open(scratch.path(), {.keep = 1}).value();
    save_quickly(run, 1);
    std::atomic<bool> done = false;
    std::thread trainer([&] {  // each save removes the one before
        for (std::uint64_t step = 2; step <= 200; ++step) {
            save_quickly(run, step);
            static_cast<void>(run.prune());
        }
        done = true;
    });
    std::int64_t last = 0;
    while (!done) {
        const auto restored = run.restore();
        REQUIRE_MESSAGE(restored, restored.error().to_string());
        CHECK(restored->skipped.empty());
        CHECK(step_of(restored) >= last);
        last = step_of(restored);
    }
    trainer.join();
    CHECK(step_of(run.restore()) == 200);
}

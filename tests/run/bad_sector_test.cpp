// A disk that cannot read some bytes of a checkpoint. A program of its own, since it has a C library
// function.
#include <doctest/doctest.h>

#include <cerrno>
#include <cstdint>
#include <string>

#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <unistd.h>

#include "folders.hpp"

using namespace milepost;
using namespace milepost::testing;

namespace {

// The file with the bad bytes [bad_begin, bad_end); 0: none.
ino_t bad_file = 0;
off_t bad_begin = 0, bad_end = 0;

void break_file(const std::string& path, off_t begin, off_t end) {
    struct stat status {};
    REQUIRE(::stat(path.c_str(), &status) == 0);
    bad_file = status.st_ino;
    bad_begin = begin;
    bad_end = end;
}

}  // namespace

// The program's own function comes before the C library's.
extern "C" ssize_t pread64(int file, void* to, std::size_t nbytes, off_t offset) {
    struct stat status {};
    const bool is_bad = ::fstat(file, &status) == 0 && status.st_ino == bad_file && offset < bad_end &&
                        offset + static_cast<off_t>(nbytes) > bad_begin;
    if (!is_bad) return ::syscall(SYS_pread64, file, to, nbytes, offset);
    errno = EIO;
    return -1;
}

TEST_CASE("bad sector: restore passes over it, wherever it is, and however the file is then opened") {
    const ScratchFolder scratch;
    const Run run = Run::open(scratch.path()).value();
    save_quickly(run, 1);
    const std::string path = save_quickly(run, 2);
    for (const off_t begin : {off_t{0}, off_t{64}}) {  // the header; the tensor
        for (const Access access : {Access::automatic, Access::mapped, Access::read}) {
            break_file(path, begin, begin + 1);
            const auto restored = run.restore({.access = access});
            bad_file = 0;
            REQUIRE(restored);
            CHECK(restored->checkpoint.step == 1);
            REQUIRE(restored->skipped.size() == 1);
            CHECK(restored->skipped[0].error.condition() == Condition::read);
            CHECK(restored->skipped[0].error.message().find(path) != std::string::npos);
        }
    }
    CHECK(run.restore()->checkpoint.step == 2);
}

TEST_CASE("bad sector: prune does not count the file, and keeps it where it may be the best") {
    for (const bool by_value : {false, true}) {
        CAPTURE(by_value);
        const ScratchFolder scratch;
        RunOptions options = {.keep = 1};
        if (by_value) options.keep_best = {{.value = "loss"}};
        const Run run = Run::open(scratch.path(), options).value();
        const std::string path = save_quickly(run, 1, 1.0);
        save_quickly(run, 2, 2.0);
        break_file(path, 0, 1);
        const auto warnings = run.prune();
        bad_file = 0;
        REQUIRE(warnings);
        CHECK(words(*warnings) == "read");
        CHECK(warnings->front().message().find(by_value ? "kept, but not counted: " : "removed: ") == 0);
        CHECK(run.checkpoints()->size() == (by_value ? 2 : 1));
    }
}

// File systems and sandboxes that refuse calls: each save ends in success, or in an error at its beginning.
#include <cerrno>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "platform/open_folder.hpp"
#include "platform/replace.hpp"
#include "saving.hpp"
#include "support/scratch.hpp"

using milepost::Code;
using milepost::Condition;
using milepost::platform::make_folders;
using milepost::platform::OpenFolder;
using milepost::platform::ReplaceOptions;
using milepost::platform::ReplacingFile;
using namespace milepost::testing;
using Names = std::vector<std::string>;

namespace {

// What calls of the C library answer here instead of the system: an errno by the name of the call.
std::map<std::string_view, int> refused;
std::map<std::string_view, int> calls;

bool refuses(std::string_view call) {
    ++calls[call];
    const auto found = refused.find(call);
    if (found == refused.end()) return false;
    errno = found->second;
    return true;
}

bool is_folder(int file) {
    struct stat status {};
    return ::fstat(file, &status) == 0 && S_ISDIR(status.st_mode);
}

/// Refuses calls for one test.
class Refused {
public:
    explicit Refused(std::map<std::string_view, int> errors) {
        calls.clear();
        refused = std::move(errors);
    }
    Refused(const Refused&) = delete;
    Refused& operator=(const Refused&) = delete;
    ~Refused() { refused.clear(); }
};

}  // namespace

// The program's own functions come before the C library's.
extern "C" {
int linkat(int from_folder, const char* from, int to_folder, const char* to, int flags) {
    if (refuses("linkat")) return -1;
    return static_cast<int>(::syscall(SYS_linkat, from_folder, from, to_folder, to, flags));
}
int fsync(int file) {
    if (refuses(is_folder(file) ? "fsync folder" : "fsync file")) return -1;
    return static_cast<int>(::syscall(SYS_fsync, file));
}
int syncfs(int file) noexcept {
    if (refuses("syncfs")) return -1;
    return static_cast<int>(::syscall(SYS_syncfs, file));
}
int fchmod(int file, mode_t mode) noexcept {
    if (refuses("fchmod")) return -1;
    return static_cast<int>(::syscall(SYS_fchmod, file, mode));
}
int test_flock(int file, int operation) asm("flock");
int test_flock(int file, int operation) {
    if (refuses("flock")) return -1;
    return static_cast<int>(::syscall(SYS_flock, file, operation));
}
int test_ftruncate(int file, off_t size) asm("ftruncate");
int test_ftruncate(int file, off_t size) {
    if (refuses("ftruncate")) return -1;
    return static_cast<int>(::syscall(SYS_ftruncate, file, size));
}
int test_ftruncate64(int file, off_t size) asm("ftruncate64");
int test_ftruncate64(int file, off_t size) {
    return test_ftruncate(file, size);
}
int test_fallocate(int file, int mode, off_t offset, off_t size) asm("fallocate");
int test_fallocate(int file, int mode, off_t offset, off_t size) {
    if (refuses("fallocate")) return -1;
    return static_cast<int>(::syscall(SYS_fallocate, file, mode, offset, size));
}
int test_fallocate64(int file, int mode, off_t offset, off_t size) asm("fallocate64");
int test_fallocate64(int file, int mode, off_t offset, off_t size) {
    return test_fallocate(file, mode, offset, size);
}
}

TEST_CASE("refused: fsync of a folder is told from one that failed") {
    const ScratchFolder folder;
    for (const int error : {EINVAL, ENOSYS, EOPNOTSUPP}) {
        CAPTURE(error);
        const Refused set({{"fsync folder", error}});
        replace(folder / "file", "new");
        CHECK(calls["syncfs"] == 1);
        CHECK(calls["fsync file"] == 1);
    }
    for (const int error : {EIO, ENOSPC, EDQUOT}) {
        CAPTURE(error);
        const Refused set({{"fsync folder", error}});
        CHECK(try_replace(folder / "file", "newer").error().code() == Code::not_durable);
        CHECK(calls["syncfs"] == 0);
        CHECK(read_file(folder / "file") == "newer");
    }
    const Refused set({{"fsync folder", EINVAL}, {"syncfs", EIO}});
    CHECK(try_replace(folder / "file", "newest").error().code() == Code::not_durable);
}

TEST_CASE("refused: fsync of the file is told from one that failed") {
    const ScratchFolder folder;
    write_file(folder / "file", "old");
    for (const int error : {EIO, ENOSPC, EDQUOT}) {
        CAPTURE(error);
        const Refused set({{"fsync file", error}});
        CHECK(try_replace(folder / "file", "new").error().condition() == Condition::sync);
        CHECK(calls["fsync file"] == 1);  // a second one would report success
        CHECK(calls["syncfs"] == 0);
        CHECK(read_file(folder / "file") == "old");
    }
    {
        const Refused set({{"fsync file", EINVAL}, {"syncfs", EIO}});
        CHECK(try_replace(folder / "file", "new").error().condition() == Condition::sync);
    }
    const Refused set({{"fsync file", EINVAL}, {"fsync folder", EINVAL}});
    replace(folder / "file", "new");
    CHECK(calls["syncfs"] == 2);
    CHECK(read_file(folder / "file") == "new");
}

TEST_CASE("refused: nothing is synced unless that is asked for") {
    const ScratchFolder folder;
    const Refused set({{"fsync file", EIO}, {"fsync folder", EIO}, {"syncfs", EIO}});
    replace(folder / "file", "new", {.durable = false});
}

TEST_CASE("refused: links") {
    const ScratchFolder folder;
    for (const int error : {EPERM, EOPNOTSUPP, ENOSYS, EMLINK, EXDEV}) {
        CAPTURE(error);
        const Refused set({{"linkat", error}});
        replace(folder / "file", "1");
        replace(folder / "only", "1", {.create_only = true});
        CHECK(try_replace(folder / "only", "2", {.create_only = true}).error().condition() ==
              Condition::target);
        for (const std::string_view content : {"2", "3"}) {
            const std::string before = read_file(folder / "file");
            replace(folder / "file", content, {.keep_previous = true});
            CHECK(read_file(folder / "file") == content);
            CHECK(read_file(folder / "file.prev") == before);
        }
        CHECK(names_in(folder.path()) == Names{"file", "file.prev", "only"});
        ::unlink((folder / "only").c_str());
    }
}

TEST_CASE("refused: links, and the old file is replaced by another save meanwhile") {
    const ScratchFolder folder;
    const std::string path = folder / "file";
    replace(path, "1");
    const Refused set({{"linkat", EPERM}});
    auto slow = ReplacingFile::create(path, {.keep_previous = true});
    REQUIRE(slow->write(0, bytes_of("slow")));
    replace(path, "quick");
    REQUIRE(slow->commit(4));
    CHECK(read_file(path) == "slow");
    CHECK(read_file(path + ".prev") == "quick");
    CHECK(names_in(folder.path()) == Names{"file", "file.prev"});
}

TEST_CASE("refused: links, and the save is given up") {
    const ScratchFolder folder;
    replace(folder / "file", "1");
    const Refused set({{"linkat", EPERM}});
    {
        auto file = ReplacingFile::create(folder / "file", {.keep_previous = true});
        REQUIRE(file->write(0, bytes_of("new")));
    }
    CHECK(read_file(folder / "file") == "1");
    CHECK(names_in(folder.path()) == Names{"file"});
}

TEST_CASE("refused: links, and the copy of the old file would exceed the limit of file sizes") {
    const ScratchFolder folder;
    write_file(folder / "file", pattern(5'000, 1));
    const Refused set({{"linkat", EPERM}});
    CHECK(in_child([&] {
              const rlimit limit{4'000, 4'000};
              if (::setrlimit(RLIMIT_FSIZE, &limit) != 0) return 2;
              const auto file = ReplacingFile::create(folder / "file", {.keep_previous = true});
              return !file && file.error().condition() == Condition::file_size_limit ? 0 : 1;
          }) == 0);
    CHECK(names_in(folder.path()) == Names{"file"});
}

TEST_CASE("refused: ftruncate, fallocate, flock") {
    const ScratchFolder folder;
    for (const int error : {ENOSYS, EOPNOTSUPP, EPERM, EINVAL, ENODEV}) {
        CAPTURE(error);
        for (const std::string_view call : {"ftruncate", "fallocate", "flock"}) {
            CAPTURE(call);
            const Refused set({{call, error}});
            auto file = ReplacingFile::create(folder / "file", {});
            REQUIRE(file->reserve(1'000'000));
            REQUIRE(file->write(0, bytes_of("1234")));
            REQUIRE(file->commit(4));
            CHECK(read_file(folder / "file") == "1234");
        }
    }
}

TEST_CASE("refused: fchmod; the mode is as wide as it may be") {
    const ScratchFolder folder;
    const mode_t umask_before = ::umask(022);
    for (const int error : {ENOSYS, EOPNOTSUPP, EPERM}) {
        CAPTURE(error);
        {
            const Refused set({{"fchmod", error}});
            replace(folder / "file", "1");
            CHECK(mode_of(folder / "file") == 0644);
        }
        for (const mode_t mode : {0600U, 0640U, 0644U}) {
            REQUIRE(::chmod((folder / "file").c_str(), mode) == 0);
            const Refused set({{"fchmod", error}});
            replace(folder / "file", "2");
            CHECK((mode_of(folder / "file") & ~mode) == 0);
            CHECK((mode_of(folder / "file") & 0600U) == 0600);
        }
        ::unlink((folder / "file").c_str());
    }
    ::umask(umask_before);
}

TEST_CASE("refused: fsync; the names of new folders are put on the disk, each in the folder above it") {
    const ScratchFolder scratch;
    const std::string path = scratch / "a/b/c";
    {
        const Refused none({});
        REQUIRE(make_folders(path));
        CHECK(calls["fsync folder"] == 3);
        REQUIRE(make_folders(path));
        CHECK(calls["fsync folder"] == 3);  // they exist
    }
    {
        const Refused refused_sync({{"fsync folder", EINVAL}});  // a call that the file system does not have
        CHECK(make_folders(scratch / "d"));
        CHECK(calls["syncfs"] == 1);
    }
    const Refused failing({{"fsync folder", EIO}});
    CHECK(make_folders(scratch / "e").error().condition() == Condition::directory_sync);
    CHECK(names_in(scratch.path()) == Names{"a", "d", "e"});
}

TEST_CASE("refused: fsync; a folder loses its first file on the disk before it loses the others") {
    const ScratchFolder scratch;
    REQUIRE(make_folders(scratch / "folder"));
    for (const char* name : {"folder/a", "folder/first", "folder/z"})
        write_file(scratch / name, "");
    const auto folder = OpenFolder::open(scratch.path());
    REQUIRE(folder);
    {
        const Refused failing({{"fsync folder", EIO}});
        CHECK(folder->remove_folder("folder", "first").error().condition() == Condition::sync);
    }
    CHECK(names_in(scratch / "folder") == Names{"a", "z"});
    CHECK(folder->remove_folder("folder", "first"));
    CHECK(names_in(scratch.path()).empty());
    CHECK(folder->remove_folder("folder", "first"));  // it is gone, and so is the file
    CHECK(folder->remove_file("folder"));
}

#include "platform/file.hpp"

#include <cerrno>
#include <cstdint>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "saving.hpp"
#include "support/scratch.hpp"

using milepost::Code;
using milepost::Condition;
using milepost::platform::InputFile;
using milepost::platform::Mapping;
using namespace milepost::testing;

namespace {

// What the next calls of the C library do here; see below.
struct Faults {
    std::vector<int> read_errors;  // each for one pread, first one first; 0: as usual
    std::size_t read_at_most = SIZE_MAX;
    long file_system = 0;  // what fstatfs says, unless 0
};
Faults faults;

ssize_t faulty_pread(int file, void* to, std::size_t count, off_t offset) {
    if (!faults.read_errors.empty()) {
        const int error = faults.read_errors.front();
        faults.read_errors.erase(faults.read_errors.begin());
        if (error != 0) {
            errno = error;
            return -1;
        }
    }
    return ::syscall(SYS_pread64, file, to, std::min(count, faults.read_at_most), offset);
}

std::string read_range(const InputFile& file, std::uint64_t offset, std::size_t nbytes) {
    std::string text(nbytes, '\0');
    REQUIRE(file.read(offset, std::as_writable_bytes(std::span(text.data(), text.size()))));
    return text;
}

milepost::Result<void> try_read(const InputFile& file, std::uint64_t offset, std::size_t nbytes) {
    std::vector<std::byte> bytes(nbytes);
    return file.read(offset, bytes);
}

// Writes other bytes until the mtime shows it: the clock of file times has ticks.
void rewrite_in_place(const std::string& path, std::string_view content) {
    const auto before = std::filesystem::last_write_time(path);
    while (std::filesystem::last_write_time(path) == before) {
        const int file = ::open(path.c_str(), O_WRONLY);
        REQUIRE(::pwrite(file, content.data(), content.size(), 0) == static_cast<ssize_t>(content.size()));
        ::close(file);
    }
}

}  // namespace

// The program's own pread and fstatfs come before the C library's, under both names that headers give them.
extern "C" {
ssize_t test_pread(int file, void* to, std::size_t count, off_t offset) asm("pread");
ssize_t test_pread(int file, void* to, std::size_t count, off_t offset) {
    return faulty_pread(file, to, count, offset);
}
ssize_t test_pread64(int file, void* to, std::size_t count, off_t offset) asm("pread64");
ssize_t test_pread64(int file, void* to, std::size_t count, off_t offset) {
    return faulty_pread(file, to, count, offset);
}
int test_fstatfs(int file, struct statfs* system) asm("fstatfs");
int test_fstatfs(int file, struct statfs* system) {
    const long result = ::syscall(SYS_fstatfs, file, system);
    if (faults.file_system != 0) system->f_type = faults.file_system;
    return static_cast<int>(result);
}
int test_fstatfs64(int file, struct statfs* system) asm("fstatfs64");
int test_fstatfs64(int file, struct statfs* system) {
    return test_fstatfs(file, system);
}
}

TEST_CASE("open: no such file") {
    const ScratchFolder folder;
    write_file(folder / "file", "x");
    for (const std::string& path :
         {folder / "absent", folder / "absent/file", folder / "file/below", std::string()}) {
        CAPTURE(path);
        const auto file = InputFile::open(path);
        REQUIRE_FALSE(file);
        CHECK(file.error().code() == Code::not_found);
        CHECK(file.error().condition() == Condition::file);
        CHECK(file.error().message().starts_with(path + ": cannot open: "));
    }
}

TEST_CASE("open: a NUL in the path does not open its first half") {
    const ScratchFolder folder;
    write_file(folder / "file", "x");
    const auto file = InputFile::open((folder / "file") + std::string("\0.milepost", 10));
    REQUIRE_FALSE(file);
    CHECK(file.error().condition() == Condition::file);
}

TEST_CASE("open: no regular file, and no hang on a FIFO") {
    const ScratchFolder folder;
    REQUIRE(::mkfifo((folder / "fifo").c_str(), 0600) == 0);
    const int listener = ::socket(AF_UNIX, SOCK_STREAM, 0);
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    const std::string socket_path = folder / "socket";
    socket_path.copy(address.sun_path, sizeof address.sun_path - 1);
    REQUIRE(::bind(listener, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0);

    const auto check = [](const std::string& path, const char* kind) {
        CAPTURE(path);
        const auto file = InputFile::open(path);
        REQUIRE_FALSE(file);
        CHECK(file.error().condition() == Condition::not_regular);
        CHECK(file.error().message() == path + ": is " + kind + ", not a regular file");
    };
    check(folder.path(), "a folder");
    check(folder / "fifo", "a FIFO");
    check(socket_path, "a socket");
    check("/dev/null", "a device");
    ::close(listener);
}

TEST_CASE("open: a file that may not be read") {
    const ScratchFolder folder;
    write_file(folder / "file", "x");
    REQUIRE(::chmod((folder / "file").c_str(), 0) == 0);
    REQUIRE(::chmod(folder.path().c_str(), 0755) == 0);
    CHECK(in_child([&] {
              if (::geteuid() == 0 && ::seteuid(65534) != 0) return 2;
              const auto file = InputFile::open(folder / "file");
              return !file && file.error().condition() == Condition::open ? 0 : 1;
          }) == 0);
}

TEST_CASE("read: any range, through EINTR and short reads") {
    const ScratchFolder folder;
    const std::string content = pattern(10'000, 1);
    write_file(folder / "file", content);
    const auto file = InputFile::open(folder / "file");
    REQUIRE(file);
    CHECK(file->size() == content.size());
    CHECK(read_range(*file, 0, content.size()) == content);
    CHECK(read_range(*file, 9'999, 1) == content.substr(9'999));
    CHECK(read_range(*file, 10'000, 0).empty());

    faults = {.read_errors = {EINTR, 0, EINTR, EINTR}, .read_at_most = 7};
    CHECK(read_range(*file, 1'234, 5'678) == content.substr(1'234, 5'678));
    CHECK(faults.read_errors.empty());
    faults = {};
}

TEST_CASE("read: an error names path and offset") {
    const ScratchFolder folder;
    write_file(folder / "file", pattern(100, 1));
    const auto file = InputFile::open(folder / "file");
    REQUIRE(file);
    faults = {.read_errors = {0, EIO}, .read_at_most = 10};
    const auto done = try_read(*file, 20, 50);
    faults = {};
    REQUIRE_FALSE(done);
    CHECK(done.error().condition() == Condition::read);
    CHECK(done.error().message() == (folder / "file") + ": cannot read at 30: Input/output error");
}

TEST_CASE("read: past the end, by one byte and by all") {
    const ScratchFolder folder;
    write_file(folder / "file", pattern(100, 1));
    const auto file = InputFile::open(folder / "file");
    REQUIRE(file);
    CHECK(try_read(*file, 99, 1));
    CHECK(try_read(*file, 99, 2).error().condition() == Condition::changed);
    CHECK(try_read(*file, 100, 1).error().condition() == Condition::changed);
    CHECK(try_read(*file, INT64_MAX, 1).error().condition() == Condition::read);
    CHECK(try_read(*file, UINT64_MAX, 1).error().condition() == Condition::read);
}

TEST_CASE("read: a file cut after open says where it ends now") {
    const ScratchFolder folder;
    write_file(folder / "file", pattern(10'000, 1));
    const auto file = InputFile::open(folder / "file");
    REQUIRE(file);
    REQUIRE(::truncate((folder / "file").c_str(), 4096) == 0);
    const auto done = try_read(*file, 4'000, 1'000);
    REQUIRE_FALSE(done);
    CHECK(done.error().condition() == Condition::changed);
    CHECK(done.error().message() == (folder / "file") +
                                        ": cannot read 1000 bytes at 4000: the file now ends at 4096, "
                                        "at open it had 10000 bytes");
}

TEST_CASE("read: a stale handle is opened anew, once, if it is the same file") {
    const ScratchFolder folder;
    const std::string content = pattern(1'000, 1);
    write_file(folder / "file", content);
    const auto file = InputFile::open(folder / "file");
    REQUIRE(file);
    faults.read_errors = {ESTALE};
    CHECK(read_range(*file, 100, 800) == content.substr(100, 800));

    faults.read_errors = {ESTALE, ESTALE};
    CHECK(try_read(*file, 0, 10).error().condition() == Condition::changed);

    replace(folder / "file", pattern(1'000, 2));
    faults.read_errors = {ESTALE};
    CHECK(try_read(*file, 0, 10).error().condition() == Condition::changed);

    std::filesystem::remove(folder / "file");
    faults.read_errors = {ESTALE};
    CHECK(try_read(*file, 0, 10).error().condition() == Condition::changed);
    faults = {};
}

TEST_CASE("changed: grown, cut, rewritten in place") {
    const ScratchFolder folder;
    const std::string path = folder / "file";
    write_file(path, pattern(5'000, 1));
    SUBCASE("untouched") {
        const auto file = InputFile::open(path);
        CHECK(file->check_unchanged());
    }
    SUBCASE("grown") {
        const auto file = InputFile::open(path);
        REQUIRE(::truncate(path.c_str(), 5'001) == 0);
        CHECK(file->check_unchanged().error().message() == path + ": has 5001 bytes, at open it had 5000");
        CHECK(file->check_unchanged().error().condition() == Condition::changed);
    }
    SUBCASE("cut") {
        const auto file = InputFile::open(path);
        REQUIRE(::truncate(path.c_str(), 4'999) == 0);
        CHECK(file->check_unchanged().error().condition() == Condition::changed);
    }
    SUBCASE("another mtime") {
        const auto file = InputFile::open(path);
        std::filesystem::last_write_time(
            path, std::filesystem::file_time_type::clock::now() - std::chrono::hours(1));
        CHECK(file->check_unchanged().error().condition() == Condition::changed);
    }
    SUBCASE("rewritten in place") {
        const auto file = InputFile::open(path);
        rewrite_in_place(path, pattern(5'000, 2));
        CHECK(file->check_unchanged().error().condition() == Condition::changed);
    }
}

TEST_CASE("changed: not by a save that replaces the file, nor by names") {
    const ScratchFolder folder;
    const std::string path = folder / "file";
    const std::string content = pattern(5'000, 1);
    write_file(path, content);
    const auto file = InputFile::open(path);
    REQUIRE(file);
    SUBCASE("replaced") {
        replace(path, "new");
    }
    SUBCASE("replaced, kept as .prev, replaced again") {
        replace(path, "new", {.keep_previous = true});
        CHECK(file->check_unchanged());
        replace(path, "newer", {.keep_previous = true});
    }
    SUBCASE("linked") {
        std::filesystem::create_hard_link(path, folder / "second");
    }
    SUBCASE("renamed") {
        std::filesystem::rename(path, folder / "second");
    }
    SUBCASE("another mode") {
        REQUIRE(::chmod(path.c_str(), 0400) == 0);
    }
    SUBCASE("removed") {
        std::filesystem::remove(path);
    }
    CHECK(file->check_unchanged());
    CHECK(read_range(*file, 0, content.size()) == content);
}

TEST_CASE("is_local: file systems behind a network or a user's program are not") {
    const ScratchFolder folder;
    write_file(folder / "file", "x");
    const auto file = InputFile::open(folder / "file");
    REQUIRE(file);
    for (const long magic : {0x6969L, 0x517BL, 0xFF534D42L, 0xFE534D42L, 0x65735546L, 0x00C36400L,
                             0x01021997L, 0x5346414FL, 0x0BD00BD0L, 0x47504653L}) {
        CAPTURE(magic);
        faults.file_system = magic;
        CHECK_FALSE(file->is_local());
    }
    for (const long magic :
         {0xEF53L, 0x58465342L, 0x9123683EL, 0x01021994L, 0x794C7630L}) {  // ext4 xfs btrfs tmpfs overlay
        CAPTURE(magic);
        faults.file_system = magic;
        CHECK(file->is_local());
    }
    faults = {};
}

TEST_CASE("map: all of the file; nothing of an empty one") {
    const ScratchFolder folder;
    const std::string content = pattern(10'000, 1);
    write_file(folder / "file", content);
    write_file(folder / "empty", "");
    const auto mapping = InputFile::open(folder / "file")->map();  // outlives its file
    REQUIRE(mapping);
    CHECK(std::ranges::equal(mapping->bytes(), bytes_of(content)));
    const auto nothing = InputFile::open(folder / "empty")->map();
    REQUIRE(nothing);
    CHECK(nothing->bytes().empty());
}

TEST_CASE("map: what is written to a private mapping does not reach the file") {
    const ScratchFolder folder;
    write_file(folder / "file", "abcd");
    const auto file = InputFile::open(folder / "file");
    const auto shared = file->map();
    const auto mapping = file->map_private();
    REQUIRE(mapping);
    CHECK(std::ranges::equal(mapping->bytes(), bytes_of("abcd")));
    mapping->writable_bytes()[1] = std::byte{'x'};
    CHECK(std::ranges::equal(mapping->bytes(), bytes_of("axcd")));
    CHECK(std::ranges::equal(shared->bytes(), bytes_of("abcd")));
    CHECK(read_range(*file, 0, 4) == "abcd");
}

TEST_CASE("map: moved") {
    const ScratchFolder folder;
    write_file(folder / "a", "aaaa");
    write_file(folder / "b", "bb");
    Mapping a = *InputFile::open(folder / "a")->map();
    Mapping b = *InputFile::open(folder / "b")->map();
    a = std::move(b);
    CHECK(std::ranges::equal(a.bytes(), bytes_of("bb")));
    Mapping c(std::move(a));
    CHECK(std::ranges::equal(c.bytes(), bytes_of("bb")));
}

TEST_CASE("map: what cannot be mapped") {
    // Regular, of size 4096, and without a mmap of its own.
    const auto file = InputFile::open("/sys/kernel/uevent_seqnum");
    if (!file) {
        MESSAGE("skipped: no /sys here");
        return;
    }
    CHECK(file->map().error().condition() == Condition::map);
}

TEST_CASE("input file: moved") {
    const ScratchFolder folder;
    write_file(folder / "a", "aaaa");
    write_file(folder / "b", "bb");
    InputFile a = *InputFile::open(folder / "a");
    a = *InputFile::open(folder / "b");
    CHECK(a.size() == 2);
    CHECK(read_range(a, 0, 2) == "bb");
    const InputFile c(std::move(a));
    CHECK(read_range(c, 0, 2) == "bb");
}

// Row 18 of the fault matrix.
TEST_CASE("map: stays as it is while saves replace the file") {
    const ScratchFolder folder;
    const std::string old_content = pattern(50'000, 1);
    write_file(folder / "file", old_content);
    const auto file = InputFile::open(folder / "file");
    const auto mapping = file->map();
    for (const bool keep : {false, true}) {
        replace(folder / "file", pattern(30, keep ? 2 : 3), {.keep_previous = keep});
        CHECK(std::ranges::equal(mapping->bytes(), bytes_of(old_content)));
        CHECK(read_range(*file, 0, old_content.size()) == old_content);
    }
}

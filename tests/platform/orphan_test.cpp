#include <algorithm>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <cstdint>
#include <cstring>
#include <deque>
#include <filesystem>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "platform/file.hpp"
#include "platform/replace.hpp"
#include "saving.hpp"
#include "support/scratch.hpp"

using milepost::Condition;
using milepost::platform::InputFile;
using milepost::platform::ReplacingFile;
using namespace milepost::testing;
using Names = std::vector<std::string>;

namespace {

// What the next calls of getrandom answer, first one first; an empty queue: random bytes.
std::deque<std::uint64_t> random_answers;
bool random_missing = false;

// ".NAME.<digits>.tmp", the digits as the library writes `bits`: least significant first.
std::string temporary_name(std::string_view name, std::uint64_t bits) {
    std::string text = "." + std::string(name) + ".";
    for (int i = 0; i < 16; ++i, bits >>= 4U)
        text += "0123456789abcdef"[bits & 15U];
    return text + ".tmp";
}

void make_older(const std::string& path, std::chrono::seconds age) {
    std::filesystem::last_write_time(path, std::filesystem::file_time_type::clock::now() - age);
}

}  // namespace

extern "C" ssize_t getrandom(void* to, std::size_t nbytes, unsigned flags) {
    if (random_missing) {
        errno = ENOSYS;
        return -1;
    }
    if (random_answers.empty() || nbytes != sizeof(std::uint64_t))
        return ::syscall(SYS_getrandom, to, nbytes, flags);
    std::memcpy(to, &random_answers.front(), nbytes);
    random_answers.pop_front();
    return static_cast<ssize_t>(nbytes);
}

TEST_CASE("orphans: swept when old and unlocked") {
    const ScratchFolder folder;
    const std::string orphan = folder / temporary_name("file", 0x0123456789abcdef);
    write_file(orphan, "half a save");
    const auto kept = [&] {
        replace(folder / "file", "new");
        return std::filesystem::exists(orphan);
    };
    SUBCASE("old") {
        make_older(orphan, std::chrono::seconds(602));
        CHECK_FALSE(kept());
    }
    SUBCASE("old, read-only, as a file's mode may say") {
        make_older(orphan, std::chrono::hours(24 * 365));
        REQUIRE(::chmod(orphan.c_str(), 0444) == 0);
        REQUIRE(::chmod(folder.path().c_str(), 0777) == 0);
        CHECK(in_child([&] {  // root may write to what is read-only
                  if (::geteuid() == 0 && ::seteuid(65534) != 0) return 2;
                  return try_replace(folder / "file", "new") ? 0 : 1;
              }) == 0);
        CHECK_FALSE(std::filesystem::exists(orphan));
    }
    SUBCASE("young") {
        make_older(orphan, std::chrono::seconds(590));
        CHECK(kept());
    }
    SUBCASE("of the future, as after a jump of the clock") {
        make_older(orphan, -std::chrono::hours(24));
        CHECK(kept());
    }
    SUBCASE("old, but locked") {
        make_older(orphan, std::chrono::hours(1));
        const int owner = ::open(orphan.c_str(), O_RDONLY);
        REQUIRE(::flock(owner, LOCK_EX) == 0);
        CHECK(kept());
        ::close(owner);
        CHECK_FALSE(kept());
    }
}

TEST_CASE("orphans: nothing but what a save of this file has left") {
    const ScratchFolder folder;
    const std::string digits = temporary_name("file", 7);
    std::filesystem::create_directory(folder / temporary_name("file", 1));
    std::filesystem::create_symlink("other", folder / temporary_name("file", 2));
    const std::string fifo = folder / temporary_name("file", 3);
    REQUIRE(::mkfifo(fifo.c_str(), 0600) == 0);
    make_older(fifo, std::chrono::hours(1));
    for (const std::string& name :
         {temporary_name("other", 7), std::string(".file.mine.tmp"), std::string(".file..tmp"),
          std::string(".file.tmp"), digits + "x", "x" + digits, digits.substr(1),
          std::string(".file.0123456789abcdeX.tmp"), std::string(".file.0123456789abcdef0.tmp"),
          std::string(".file.0123456789abcdef.tmq"), temporary_name("file.file", 7), std::string("other")}) {
        write_file(folder / name, "mine");
        make_older(folder / name, std::chrono::hours(1));
    }
    Names expected = names_in(folder.path());
    replace(folder / "file", "new");
    expected.emplace_back("file");
    std::sort(expected.begin(), expected.end());
    CHECK(names_in(folder.path()) == expected);
}

TEST_CASE("orphans: a save that goes on is none, however long it takes") {
    const ScratchFolder folder;
    auto slow = ReplacingFile::create(folder / "file", {});
    REQUIRE(slow->write(0, bytes_of("slow")));
    for (const std::string& name : names_in(folder.path()))
        make_older(folder / name, std::chrono::hours(1));
    replace(folder / "file", "quick");
    REQUIRE(slow->commit(4));
    CHECK(read_file(folder / "file") == "slow");
    CHECK(names_in(folder.path()) == Names{"file"});
}

// Row 22 of the fault matrix.
TEST_CASE("temporary name: taken, taken again, always taken") {
    const ScratchFolder folder;
    const std::string path = folder / "file";
    write_file(path, "old");
    const std::string taken = folder / temporary_name("file", 42);
    write_file(taken, "another's");
    SUBCASE("once") {
        random_answers = {42};
        replace(path, "new");
        CHECK(read_file(path) == "new");
    }
    SUBCASE("twice") {
        random_answers = {42, 42, 43};
        replace(path, "new");
        CHECK(read_file(path) == "new");
    }
    SUBCASE("by the link that keeps the old file") {
        random_answers = {1, 42, 2};
        replace(path, "new", {.keep_previous = true});
        CHECK(read_file(path) == "new");
        CHECK(read_file(folder / "file.prev") == "old");
        std::filesystem::remove(folder / "file.prev");
    }
    SUBCASE("always") {
        random_answers.assign(100, 42);
        const auto done = try_replace(path, "new");
        REQUIRE_FALSE(done);
        CHECK((done.error().condition() == Condition::link || done.error().condition() == Condition::open));
        CHECK(read_file(path) == "old");
    }
    CHECK(random_answers.size() != 1);
    random_answers.clear();
    CHECK(read_file(taken) == "another's");
    CHECK(names_in(folder.path()).size() == 2);
}

TEST_CASE("temporary name: differs without random bytes too") {
    const ScratchFolder folder;
    random_missing = true;
    for (int i = 0; i < 20; ++i) {
        auto first = ReplacingFile::create(folder / "file", {});
        auto second = ReplacingFile::create(folder / "file", {});
        REQUIRE(first->write(0, bytes_of("1")));
        REQUIRE(second->write(0, bytes_of("2")));
        REQUIRE(first->commit(1));
        REQUIRE(second->commit(1));
        CHECK(read_file(folder / "file") == "2");
    }
    random_missing = false;
    CHECK(names_in(folder.path()) == Names{"file"});
}

// Row 16 of the fault matrix.
TEST_CASE("two processes save to one path: one of the two, complete") {
    const ScratchFolder folder;
    const std::string path = folder / "file";
    const std::string first = pattern(40'000, 1);
    const std::string second = pattern(60'000, 2);
    bool keep = false;
    SUBCASE("plain") {}
    SUBCASE("keep_previous") {
        keep = true;
    }
    write_file(path, first);
    for (int round = 0; round < 40; ++round) {
        const int failed = in_child([&] {
            const pid_t other = ::fork();
            const bool saved = bool(try_replace(path, other == 0 ? first : second, {.keep_previous = keep}));
            if (other == 0) ::_exit(saved ? 0 : 1);
            int status = 0;
            ::waitpid(other, &status, 0);
            return saved && status == 0 ? 0 : 1;
        });
        REQUIRE(failed == 0);
        const std::string content = read_file(path);
        REQUIRE((content == first || content == second));
        if (keep) {
            const std::string previous = read_file(folder / "file.prev");
            REQUIRE((previous == first || previous == second));
        }
        REQUIRE(names_in(folder.path()) == (keep ? Names{"file", "file.prev"} : Names{"file"}));
    }
}

// Row 17 of the fault matrix, for this room.
TEST_CASE("a reader during saves sees one file whole, and no error") {
    const ScratchFolder folder;
    const std::string path = folder / "file";
    const std::string first = pattern(30'000, 1);
    const std::string second = pattern(20'000, 2);
    write_file(path, first);
    std::atomic<bool> stop = false;
    std::atomic<int> bad = 0;
    std::atomic<int> reads = 0;
    std::thread reader([&] {
        while (!stop) {
            const auto file = InputFile::open(path);
            std::string content(file ? file->size() : 0, '\0');
            const bool whole =
                file && file->read(0, std::as_writable_bytes(std::span(content.data(), content.size()))) &&
                file->check_unchanged() && (content == first || content == second);
            if (!whole) ++bad;
            ++reads;
        }
    });
    for (int round = 0; round < 60; ++round) {
        replace(path, round % 2 == 0 ? second : first, {.durable = false, .keep_previous = round % 3 == 0});
    }
    while (reads == 0)
        std::this_thread::yield();
    stop = true;
    reader.join();
    CHECK(bad == 0);
}

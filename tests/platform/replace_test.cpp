#include "platform/replace.hpp"

#include <cstdint>
#include <filesystem>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include <doctest/doctest.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "saving.hpp"
#include "support/scratch.hpp"

using milepost::Condition;
using milepost::Result;
using milepost::platform::ReplacingFile;
using namespace milepost::testing;
using Names = std::vector<std::string>;

static_assert(!std::is_copy_constructible_v<ReplacingFile> &&
              std::is_nothrow_move_constructible_v<ReplacingFile>);

TEST_CASE("replace: an absent file, an old one, empty ones") {
    const ScratchFolder folder;
    const std::string path = folder / "file";
    for (const std::string& content : {pattern(10'000, 1), pattern(3, 2), std::string(), pattern(1, 3)}) {
        replace(path, content);
        CHECK(read_file(path) == content);
        CHECK(names_in(folder.path()) == Names{"file"});
    }
}

TEST_CASE("replace: not durable, the same file") {
    const ScratchFolder folder;
    replace(folder / "file", "old");
    replace(folder / "file", "new", {.durable = false});
    CHECK(read_file(folder / "file") == "new");
}

TEST_CASE("replace: nothing shows before commit") {
    const ScratchFolder folder;
    const std::string path = folder / "file";
    write_file(path, "old");
    auto file = ReplacingFile::create(path, {});
    REQUIRE(file);
    REQUIRE(file->write(0, bytes_of("new!")));
    CHECK(read_file(path) == "old");
    REQUIRE(file->commit(4));
    CHECK(read_file(path) == "new!");
}

TEST_CASE("replace: writes in any order; the size is what commit says") {
    const ScratchFolder folder;
    const std::string path = folder / "file";
    auto file = ReplacingFile::create(path, {});
    REQUIRE(file);
    std::string expected;
    SUBCASE("out of order") {
        REQUIRE(file->write(4, bytes_of("5678")));
        REQUIRE(file->write(0, bytes_of("1234")));
        expected = "12345678";
    }
    SUBCASE("cut by one") {
        REQUIRE(file->write(0, bytes_of("123456789")));
        expected = "12345678";
    }
    SUBCASE("zeros where nothing was written") {
        REQUIRE(file->write(0, bytes_of("123456")));
        expected = std::string("123456\0\0", 8);
    }
    SUBCASE("reserved too much") {
        REQUIRE(file->reserve(1'000'000));
        REQUIRE(file->write(0, bytes_of("12345678")));
        expected = "12345678";
    }
    SUBCASE("reserved too little, and twice") {
        REQUIRE(file->reserve(5));
        REQUIRE(file->reserve(0));
        REQUIRE(file->write(0, bytes_of("12345678")));
        REQUIRE(file->write(8, {}));
        expected = "12345678";
    }
    REQUIRE(file->commit(8));
    CHECK(read_file(path) == expected);
}

TEST_CASE("replace: surplus room is given back") {
    const ScratchFolder folder;
    auto file = ReplacingFile::create(folder / "file", {});
    REQUIRE(file->reserve(8U << 20U));
    REQUIRE(file->write(0, bytes_of("1234")));
    REQUIRE(file->commit(4));
    struct stat status {};
    REQUIRE(::stat((folder / "file").c_str(), &status) == 0);
    CHECK(status.st_blocks * 512 <= 65'536);
}

TEST_CASE("replace: the mode is that of the umask, or of the old file") {
    const ScratchFolder folder;
    const mode_t umask_before = ::umask(027);
    replace(folder / "new", "x");
    CHECK(mode_of(folder / "new") == 0640);
    for (const mode_t mode : {0600U, 0666U, 0444U, 0755U}) {
        REQUIRE(::chmod((folder / "new").c_str(), mode) == 0);
        replace(folder / "new", "y");
        CHECK(mode_of(folder / "new") == mode);
    }
    REQUIRE(::chmod((folder / "new").c_str(), 06755) == 0);
    replace(folder / "new", "z");
    CHECK(mode_of(folder / "new") == 0755);  // new content does not run as another user
    ::umask(umask_before);
}

TEST_CASE("replace: a path without a folder, below one, through dots and a linked folder") {
    const ScratchFolder folder;
    const std::filesystem::path before = std::filesystem::current_path();
    std::filesystem::create_directory(folder / "below");
    std::filesystem::create_directory_symlink("below", folder / "link");
    std::filesystem::current_path(folder.path());
    replace("file", "1");
    replace("below/file", "2");
    replace("./below/../second", "3");
    replace("link/third", "4");
    std::filesystem::current_path(before);
    CHECK(read_file(folder / "file") == "1");
    CHECK(read_file(folder / "below/file") == "2");
    CHECK(read_file(folder / "second") == "3");
    CHECK(read_file(folder / "below/third") == "4");
}

TEST_CASE("replace: a folder renamed meanwhile does not redirect the save") {
    const ScratchFolder folder;
    std::filesystem::create_directory(folder / "a");
    auto file = ReplacingFile::create(folder / "a/file", {});
    REQUIRE(file->write(0, bytes_of("new")));
    std::filesystem::rename(folder / "a", folder / "b");
    std::filesystem::create_directory(folder / "a");
    REQUIRE(file->commit(3));
    CHECK(names_in(folder / "a").empty());
    CHECK(read_file(folder / "b/file") == "new");
}

TEST_CASE("replace: names as long as a name may be") {
    const ScratchFolder folder;
    const std::string longest(255, 'n');
    std::string umlauts = "x";
    while (umlauts.size() < 255)
        umlauts += "\xC3\xBC";
    for (const std::string& name : {longest, umlauts, std::string(233, 'm'), std::string(234, 'k')}) {
        replace(folder / name, "content");
        CHECK(read_file(folder / name) == "content");
    }
    CHECK(names_in(folder.path()).size() == 4);
    CHECK(condition_of_create(folder / std::string(256, 'n')) == Condition::target);
    CHECK(condition_of_create(folder / std::string(251, 'n'), {.keep_previous = true}) == Condition::target);
    replace(folder / std::string(250, 'p'), "content", {.keep_previous = true});
    replace(folder / std::string(250, 'p'), "content", {.keep_previous = true});
}

TEST_CASE("destroyed before commit: nothing is left") {
    const ScratchFolder folder;
    const std::string path = folder / "file";
    write_file(path, "old");
    SUBCASE("at once") {
        auto file = ReplacingFile::create(path, {});
        REQUIRE(file);
    }
    SUBCASE("after writes") {
        auto file = ReplacingFile::create(path, {});
        REQUIRE(file->reserve(100'000));
        REQUIRE(file->write(0, bytes_of("new")));
    }
    SUBCASE("moved away") {
        auto file = ReplacingFile::create(path, {});
        ReplacingFile second(std::move(*file));
        REQUIRE(second.write(0, bytes_of("new")));
    }
    SUBCASE("by the next one") {
        auto file = ReplacingFile::create(path, {});
        auto second = ReplacingFile::create(folder / "second", {});
        *file = std::move(*second);
        CHECK(names_in(folder.path()).size() <= 2);  // old, and at most the second one's temporary
    }
    CHECK(names_in(folder.path()) == Names{"file"});
    CHECK(read_file(path) == "old");
}

TEST_CASE("after commit, or moved away: every call is refused") {
    const ScratchFolder folder;
    auto file = ReplacingFile::create(folder / "file", {});
    REQUIRE(file->write(0, bytes_of("new")));
    SUBCASE("committed") {
        REQUIRE(file->commit(3));
    }
    SUBCASE("moved away") {
        const ReplacingFile second(std::move(*file));
    }
    CHECK(file->write(0, bytes_of("x")).error().condition() == Condition::option);
    CHECK(file->reserve(1).error().condition() == Condition::option);
    CHECK(file->commit(1).error().condition() == Condition::option);
}

// Row 13 of the fault matrix.
TEST_CASE("file size limit: an error at −1, 0, +1, not a signal") {
    const ScratchFolder folder;
    const std::string path = folder / "file";
    write_file(path, "old");
    const std::string content = pattern(5'000, 1);
    enum : int { kNew = 0, kLimit = 1, kOther = 2 };
    const auto save_under = [&](rlim_t limit, bool reserve) {
        return in_child([&] {
            const rlimit both{limit, limit};
            if (::setrlimit(RLIMIT_FSIZE, &both) != 0) return static_cast<int>(kOther);
            auto file = ReplacingFile::create(path, {});
            if (!file) return static_cast<int>(kOther);
            Result<void> done = reserve ? file->reserve(content.size()) : Result<void>();
            if (done) done = file->write(0, bytes_of(std::string_view(content).substr(0, 4'000)));
            if (done) done = file->write(4'000, bytes_of(std::string_view(content).substr(4'000)));
            const Result<void> committed = file->commit(content.size());
            if (!done && committed) return static_cast<int>(kOther);  // what failed must not be committed
            if (!done)
                return static_cast<int>(done.error().condition() == Condition::file_size_limit ? kLimit
                                                                                               : kOther);
            return static_cast<int>(committed ? kNew : kOther);
        });
    };
    for (const bool reserve : {false, true}) {
        CHECK(save_under(4'999, reserve) == kLimit);
        CHECK(save_under(0, reserve) == kLimit);
        CHECK(read_file(path) == "old");
        CHECK(names_in(folder.path()) == Names{"file"});
        CHECK(save_under(5'000, reserve) == kNew);
        CHECK(save_under(5'001, reserve) == kNew);
        CHECK(read_file(path) == content);
        write_file(path, "old");
    }
}

TEST_CASE("file size limit: no file can be that large") {
    const ScratchFolder folder;
    auto file = ReplacingFile::create(folder / "file", {});
    SUBCASE("reserve") {
        CHECK(file->reserve(UINT64_MAX).error().condition() == Condition::file_size_limit);
    }
    SUBCASE("write") {
        CHECK(file->write(UINT64_MAX, bytes_of("x")).error().condition() == Condition::file_size_limit);
        CHECK(file->write(INT64_MAX, bytes_of("x")).error().condition() == Condition::file_size_limit);
    }
    SUBCASE("commit") {
        CHECK(file->commit(UINT64_MAX).error().condition() == Condition::file_size_limit);
    }
    CHECK_FALSE(file->commit(0));
    CHECK(names_in(folder.path()).empty());
}

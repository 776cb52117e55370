#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include <doctest/doctest.h>
#include <sys/stat.h>
#include <unistd.h>

#include "platform/replace.hpp"
#include "saving.hpp"
#include "support/scratch.hpp"

using milepost::Code;
using milepost::Condition;
using milepost::platform::ReplacingFile;
using namespace milepost::testing;
using Names = std::vector<std::string>;

// Row 19 of the fault matrix.
TEST_CASE("target: a link, a folder, a FIFO, no name") {
    const ScratchFolder folder;
    write_file(folder / "real", "old");
    std::filesystem::create_symlink("real", folder / "link");
    std::filesystem::create_symlink("nowhere", folder / "dangling");
    std::filesystem::create_directory(folder / "folder");
    REQUIRE(::mkfifo((folder / "fifo").c_str(), 0600) == 0);
    const Names before = names_in(folder.path());
    for (const char* name :
         {"link", "dangling", "folder", "fifo", "", ".", "..", "folder/", "real/", "new/"}) {
        CAPTURE(name);
        const Condition expected = std::string_view(name) == "real/" || std::string_view(name) == "new/"
                                       ? Condition::open  // no such folder
                                       : Condition::target;
        CHECK(condition_of_create(folder / name) == expected);
    }
    CHECK(condition_of_create("") == Condition::target);
    CHECK(ReplacingFile::create(folder / "link", {}).error().message() ==
          (folder / "link") + ": cannot be saved to: it is a symbolic link");
    CHECK(condition_of_create((folder / "real") + std::string("\0x", 2)) == Condition::target);
    CHECK(condition_of_create("/") == Condition::target);
    CHECK(names_in(folder.path()) == before);
    CHECK(read_file(folder / "real") == "old");
}

TEST_CASE("target: its folder is absent, or a file") {
    const ScratchFolder folder;
    write_file(folder / "file", "old");
    CHECK(condition_of_create(folder / "absent/file") == Condition::open);
    CHECK(condition_of_create(folder / "file/below") == Condition::open);
}

TEST_CASE("target: its folder may not be written") {
    const ScratchFolder folder;
    write_file(folder / "file", "old");
    REQUIRE(::chmod(folder.path().c_str(), 0555) == 0);
    CHECK(in_child([&] {
              if (::geteuid() == 0 && ::seteuid(65534) != 0) return 2;
              const auto file = ReplacingFile::create(folder / "file", {});
              return !file && file.error().condition() == Condition::open ? 0 : 1;
          }) == 0);
    CHECK(read_file(folder / "file") == "old");
    CHECK(names_in(folder.path()) == Names{"file"});
}

TEST_CASE("target: becomes a folder meanwhile") {
    const ScratchFolder folder;
    auto file = ReplacingFile::create(folder / "file", {});
    REQUIRE(file->write(0, bytes_of("new")));
    std::filesystem::create_directory(folder / "file");
    const auto done = file->commit(3);
    REQUIRE_FALSE(done);
    CHECK(done.error().condition() == Condition::rename);
    CHECK(names_in(folder.path()) == Names{"file"});
}

TEST_CASE("keep_previous: the old file, under NAME.prev") {
    const ScratchFolder folder;
    const std::string path = folder / "file";
    replace(path, "1", {.keep_previous = true});
    CHECK(names_in(folder.path()) == Names{"file"});
    for (const char* content : {"2", "3", "4"}) {
        const std::string old_content = read_file(path);
        replace(path, content, {.keep_previous = true});
        CHECK(read_file(path) == content);
        CHECK(read_file(folder / "file.prev") == old_content);
        CHECK(names_in(folder.path()) == Names{"file", "file.prev"});
    }
    replace(path, "5");
    CHECK(read_file(folder / "file.prev") == "3");
}

TEST_CASE("keep_previous: NAME.prev is the old file already, as after a save that failed in its last step") {
    const ScratchFolder folder;
    write_file(folder / "file", "old");
    std::filesystem::create_hard_link(folder / "file", folder / "file.prev");
    replace(folder / "file", "new", {.keep_previous = true});
    CHECK(read_file(folder / "file") == "new");
    CHECK(read_file(folder / "file.prev") == "old");
    CHECK(names_in(folder.path()) == Names{"file", "file.prev"});
}

TEST_CASE("keep_previous: NAME.prev is a folder, a link") {
    const ScratchFolder folder;
    write_file(folder / "file", "old");
    SUBCASE("folder") {
        std::filesystem::create_directory(folder / "file.prev");
    }
    SUBCASE("link") {
        std::filesystem::create_symlink("file", folder / "file.prev");
    }
    CHECK(condition_of_create(folder / "file", {.keep_previous = true}) == Condition::target);
    replace(folder / "file", "new");
}

TEST_CASE("keep_previous: NAME.prev becomes a folder meanwhile") {
    const ScratchFolder folder;
    write_file(folder / "file", "old");
    auto file = ReplacingFile::create(folder / "file", {.keep_previous = true});
    std::filesystem::create_directory(folder / "file.prev");
    CHECK(file->commit(0).error().condition() == Condition::link);
    CHECK(read_file(folder / "file") == "old");
    CHECK(names_in(folder.path()) == Names{"file", "file.prev"});
}

TEST_CASE("create_only: a free path, a taken one, one taken meanwhile") {
    const ScratchFolder folder;
    const std::string path = folder / "file";
    SUBCASE("free") {
        replace(path, "new", {.create_only = true});
        CHECK(read_file(path) == "new");
    }
    SUBCASE("taken") {
        write_file(path, "old");
        CHECK(condition_of_create(path, {.create_only = true}) == Condition::target);
        CHECK(read_file(path) == "old");
    }
    SUBCASE("taken meanwhile") {
        auto file = ReplacingFile::create(path, {.create_only = true});
        REQUIRE(file->write(0, bytes_of("new")));
        write_file(path, "old");
        const auto done = file->commit(3);
        REQUIRE_FALSE(done);
        CHECK(done.error().code() == Code::invalid_argument);
        CHECK(done.error().condition() == Condition::target);
        CHECK(read_file(path) == "old");
    }
    SUBCASE("with keep_previous") {
        replace(path, "new", {.keep_previous = true, .create_only = true});
    }
    CHECK(names_in(folder.path()) == Names{"file"});
}

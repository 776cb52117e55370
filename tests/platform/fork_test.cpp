// A process that forks while it saves: the child has a copy of the objects, and the files are the parent's.
#include <algorithm>
#include <chrono>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

#include "platform/file.hpp"
#include "platform/replace.hpp"
#include "saving.hpp"
#include "support/scratch.hpp"

using milepost::Condition;
using milepost::platform::InputFile;
using milepost::platform::ReplacingFile;
using namespace milepost::testing;
using Names = std::vector<std::string>;

TEST_CASE("fork: a child that destroys the file only closes it") {
    const ScratchFolder folder;
    const std::string path = folder / "file";
    write_file(path, "old");
    std::optional<ReplacingFile> file;
    {
        auto created = ReplacingFile::create(path, {});
        REQUIRE(created);
        file.emplace(*std::move(created));
    }
    REQUIRE(file->write(0, bytes_of("ne")));
    const Names before = names_in(folder.path());
    CHECK(in_child([&] {
              file.reset();
              return names_in(folder.path()) == before ? 0 : 1;
          }) == 0);
    REQUIRE(file->write(2, bytes_of("w")));
    REQUIRE(file->commit(3));
    CHECK(read_file(path) == "new");
    CHECK(names_in(folder.path()) == Names{"file"});
}

TEST_CASE("fork: a child cannot go on with the save, and does not harm it by trying") {
    const ScratchFolder folder;
    const std::string path = folder / "file";
    write_file(path, "old");
    auto file = ReplacingFile::create(path, {.keep_previous = true});
    REQUIRE(file->write(0, bytes_of("new")));
    const Names before = names_in(folder.path());
    CHECK(in_child([&] {
              const auto is_refused = [](const milepost::Result<void>& done) {
                  return !done && done.error().condition() == Condition::option;
              };
              if (!is_refused(file->write(0, bytes_of("xxx")))) return 1;
              if (!is_refused(file->reserve(1'000))) return 2;
              if (!is_refused(file->commit(1))) return 3;
              if (!is_refused(file->commit(1))) return 4;
              return names_in(folder.path()) == before && read_file(path) == "old" ? 0 : 5;
          }) == 0);
    REQUIRE(file->commit(3));
    CHECK(read_file(path) == "new");
    CHECK(read_file(path + ".prev") == "old");
}

TEST_CASE("fork: a child that replaces the object, or moves it, leaves the parent's file") {
    const ScratchFolder folder;
    auto file = ReplacingFile::create(folder / "file", {});
    REQUIRE(file->write(0, bytes_of("new")));
    CHECK(in_child([&] {
              auto own = ReplacingFile::create(folder / "child", {});
              if (!own) return 1;
              *file = *std::move(own);
              if (!file->write(0, bytes_of("x"))) return 2;
              return file->commit(1) ? 0 : 3;
          }) == 0);
    REQUIRE(file->commit(3));
    CHECK(read_file(folder / "file") == "new");
    CHECK(read_file(folder / "child") == "x");
    CHECK(names_in(folder.path()) == Names{"child", "file"});
}

TEST_CASE("fork: the lock of the new file outlives the child") {
    const ScratchFolder folder;
    auto slow = ReplacingFile::create(folder / "file", {});
    REQUIRE(slow->write(0, bytes_of("slow")));
    CHECK(in_child([&] {
              const ReplacingFile gone(*std::move(slow));
              return 0;
          }) == 0);
    for (const std::string& name : names_in(folder.path())) {
        const auto hour = std::chrono::hours(1);
        std::filesystem::last_write_time(folder / name, std::filesystem::file_time_type::clock::now() - hour);
    }
    replace(folder / "file", "quick");  // sweeps what is old and not locked
    REQUIRE(slow->commit(4));
    CHECK(read_file(folder / "file") == "slow");
}

TEST_CASE("fork: a file that is open can be read in the child too") {
    const ScratchFolder folder;
    const std::string content = pattern(10'000, 1);
    write_file(folder / "file", content);
    const auto file = InputFile::open(folder / "file");
    REQUIRE(file);
    const auto mapping = file->map();
    REQUIRE(mapping);
    const auto is_whole = [&] {
        std::string text(content.size(), '\0');
        return file->read(0, std::as_writable_bytes(std::span(text.data(), text.size()))) &&
               text == content &&
               std::equal(mapping->bytes().begin(), mapping->bytes().end(), bytes_of(content).begin());
    };
    CHECK(in_child([&] { return is_whole() ? 0 : 1; }) == 0);
    CHECK(is_whole());
}

// What needs file systems of its own: mounted in a mount namespace that ends with this process, as root or,
// where users may have namespaces, as anyone. Exit status 77 where neither works.
#define DOCTEST_CONFIG_IMPLEMENT
#include <cstdio>
#include <filesystem>
#include <string>
#include <vector>

#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "platform/replace.hpp"
#include "support/mount_namespace.hpp"
#include "support/scratch.hpp"

using milepost::Condition;
using milepost::Result;
using milepost::platform::ReplacingFile;
using namespace milepost::testing;
using Names = std::vector<std::string>;

namespace {

constexpr std::size_t kPage = 4096;

/// A tmpfs on a folder, of so many pages; 0: as many as it likes.
class Mounted {
public:
    Mounted(std::string folder, std::size_t pages) : folder_(std::move(folder)) {
        const std::string size = pages == 0 ? "" : "size=" + std::to_string(pages * kPage);
        if (::mount("none", folder_.c_str(), "tmpfs", 0, size.c_str()) != 0)
            throw std::runtime_error("no tmpfs");
    }
    Mounted(const Mounted&) = delete;
    Mounted& operator=(const Mounted&) = delete;
    ~Mounted() { ::umount2(folder_.c_str(), MNT_DETACH); }

private:
    std::string folder_;
};

Result<void> save(const std::string& path, std::string_view content, std::size_t step, bool reserve) {
    auto file = ReplacingFile::create(path, {});
    if (!file) return file.error();
    if (reserve) {
        if (auto done = file->reserve(content.size() + 5'000); !done) return done;
    }
    for (std::size_t at = 0; at < content.size(); at += step) {
        if (auto done = file->write(at, bytes_of(content.substr(at, step))); !done) return done;
    }
    return file->commit(content.size());
}

bool can_mount() {
    const ScratchFolder folder;
    if (::mount("none", folder.path().c_str(), "tmpfs", 0, "") != 0) return false;
    ::umount2(folder.path().c_str(), MNT_DETACH);
    return true;
}

}  // namespace

int main(int argc, char** argv) {
    if (!enter_namespace() || !can_mount()) {
        std::puts("skipped: cannot mount a tmpfs here (neither root nor user namespaces)");
        return 77;
    }
    return doctest::Context(argc, argv).run();
}

// Row 11 of the fault matrix.
TEST_CASE("disk full: at every size OLD, or NEW where it fits; no litter") {
    const ScratchFolder folder;
    const std::string path = folder / "file";
    const std::string old_content = pattern(3 * kPage + 17, 1);
    const std::string new_content = pattern(24 * kPage + 5, 2);
    int saved = 0;
    int refused = 0;
    for (const bool reserve : {false, true}) {
        for (const std::size_t step : {new_content.size(), std::size_t{10'000}, std::size_t{1'000}}) {
            for (std::size_t pages = 5; pages <= 36; ++pages) {
                CAPTURE(pages);
                const Mounted disk(folder.path(), pages);
                write_file(path, old_content);
                const Result<void> done = save(path, new_content, step, reserve);
                ++(done ? saved : refused);
                if (!done) REQUIRE(done.error().condition() == Condition::no_space);
                REQUIRE(read_file(path) == (done ? new_content : old_content));
                REQUIRE(names_in(folder.path()) == Names{"file"});
            }
        }
    }
    MESSAGE(saved << " saved, " << refused << " refused");
    CHECK(saved > 30);
    CHECK(refused > 100);
}

TEST_CASE("disk full: reserving tells before the first write, with path and size") {
    const ScratchFolder folder;
    const Mounted disk(folder.path(), 10);
    auto file = ReplacingFile::create(folder / "file", {});
    REQUIRE(file);
    const Result<void> done = file->reserve(11 * kPage);
    REQUIRE_FALSE(done);
    CHECK(done.error().condition() == Condition::no_space);
    CHECK(done.error().message() == (folder / "file") +
                                        ": cannot reserve room for a file that ends at 45056: No space "
                                        "left on device");
}

TEST_CASE("disk full: an error names path and offset") {
    const ScratchFolder folder;
    const Mounted disk(folder.path(), 10);
    const Result<void> done = save(folder / "file", pattern(20 * kPage, 1), 20 * kPage, false);
    REQUIRE_FALSE(done);
    CHECK(done.error().message() == (folder / "file") + ": cannot write at 40960: No space left on device");
}

// Row 19 of the fault matrix.
TEST_CASE("target: on a read-only file system") {
    const ScratchFolder folder;
    const Mounted disk(folder.path(), 0);
    write_file(folder / "file", "old");
    REQUIRE(::mount("none", folder.path().c_str(), nullptr, MS_REMOUNT | MS_RDONLY, nullptr) == 0);
    const Result<void> done = save(folder / "file", "new", 3, false);
    REQUIRE_FALSE(done);
    CHECK(done.error().condition() == Condition::open);
    CHECK(read_file(folder / "file") == "old");
}

TEST_CASE("target: another file system is mounted on the very file, which is found out at the beginning") {
    const ScratchFolder folder;
    write_file(folder / "file", "old");
    write_file(folder / "other", "other");
    REQUIRE(::mount((folder / "other").c_str(), (folder / "file").c_str(), nullptr, MS_BIND, nullptr) == 0);
    const auto file = ReplacingFile::create(folder / "file", {});
    REQUIRE(::umount((folder / "file").c_str()) == 0);
    REQUIRE_FALSE(file);
    CHECK(file.error().condition() == Condition::rename);
    CHECK(file.error().message() ==
          (folder / "file") + ": cannot be replaced: another file system is mounted on it");
    CHECK(read_file(folder / "file") == "old");
    CHECK(read_file(folder / "other") == "other");
    CHECK(names_in(folder.path()) == Names{"file", "other"});
}

TEST_CASE("target: another file system is mounted on its folder") {
    const ScratchFolder folder;
    std::filesystem::create_directory(folder / "below");
    const Mounted disk(folder / "below", 0);
    REQUIRE(save(folder / "below/file", "new", 3, false));
    CHECK(read_file(folder / "below/file") == "new");
    CHECK(names_in(folder / "below") == Names{"file"});
}

TEST_CASE("replace: without /proc, under a name") {
    const ScratchFolder folder;
    write_file(folder / "file", "old");
    Result<void> done;
    {
        const Mounted empty("/proc", 0);
        auto file = ReplacingFile::create(folder / "file", {});
        REQUIRE(file);
        CHECK(names_in(folder.path()).size() == 2);
        REQUIRE(file->write(0, bytes_of("new")));
        done = file->commit(3);
    }
    REQUIRE(done);
    CHECK(read_file(folder / "file") == "new");
    CHECK(names_in(folder.path()) == Names{"file"});
}

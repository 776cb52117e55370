// Saving to, and loading from, file systems that lack what local ones have: a FUSE file system of our own
// that passes calls on, except those that it refuses. It is mounted in a mount namespace that ends with this
// process. Exit status 77 where FUSE does not work.
#define DOCTEST_CONFIG_IMPLEMENT
#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <doctest/doctest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <milepost/milepost.hpp>

#include "pass_through.hpp"
#include "support/memory.hpp"
#include "support/mount_namespace.hpp"
#include "support/samples.hpp"
#include "support/scratch.hpp"
#include "support/verdict.hpp"

namespace {

using namespace milepost;
using namespace milepost::testing;
using Names = std::vector<std::string>;

constexpr PassThroughOptions kFileSystems[] = {
    {.name = "with every call"},
    {.name = "without links", .link = EPERM},
    {.name = "without links, as a missing call", .link = ENOSYS},
    {.name = "without renames that must not replace", .rename_flags = EINVAL},
    {.name = "without fsync of folders", .sync_folder = EINVAL},
    {.name = "without fsync of folders, as a missing call", .sync_folder = ENOSYS},
    {.name = "without fsync", .sync_folder = EOPNOTSUPP, .sync_file = EINVAL},
    {.name = "with direct_io", .direct_io = true},
    {.name = "with direct_io and short writes", .direct_io = true, .write_at_most = 10'000},
    {.name = "without chmod and chown", .chmod = ENOSYS, .chown = ENOSYS},
    {.name = "without truncate and fallocate", .truncate = ENOSYS, .allocate = ENOSYS},
    {.name = "without extended attributes", .attributes = EOPNOTSUPP},
    {.name = "without anything",
     .link = ENOSYS,
     .sync_folder = EINVAL,
     .chmod = EPERM,
     .chown = EPERM,
     .truncate = EPERM,
     .allocate = EOPNOTSUPP,
     .attributes = ENOSYS,
     .direct_io = true},
};

/// One of the file systems, mounted on a folder of its own.
class Mounted {
public:
    explicit Mounted(const PassThroughOptions& options)
        : file_system_(source_.path(), folder_.path(), options) {
        REQUIRE(file_system_);
    }

    [[nodiscard]] const std::string& path() const { return folder_.path(); }
    [[nodiscard]] std::string operator/(std::string_view name) const { return folder_ / name; }

private:
    ScratchFolder source_, folder_;
    PassThrough file_system_;
};

bool works() {
    const ScratchFolder source, folder;
    write_file(source / "file", "x");
    const PassThrough file_system(source.path(), folder.path(), {});
    return file_system && read_file(folder / "file") == "x";
}

const std::vector<std::byte>& weights() {
    static const std::vector<std::byte> bytes = make_bytes((std::size_t{1} << 20U) + 12'345, 3);
    return bytes;
}

Checkpoint checkpoint_with(int epoch) {
    Checkpoint checkpoint;
    checkpoint.model("net")["weight"] =
        TensorView(*find_dtype(Dtype::u8), {weights().size()}, StorageView(weights()));
    checkpoint.values()["epoch"] = epoch;
    return checkpoint;
}

/// The whole content of a file in every way that the library has.
void check_loads(const std::string& path, int epoch) {
    const FileBytes expected = *save_bytes(checkpoint_with(epoch));
    for (const Access access : {Access::automatic, Access::mapped, Access::read}) {
        CAPTURE(static_cast<int>(access));
        const auto file = Reader::open(path, {.access = access});
        CHECK(verdict_of(file, 2) == "ok");
        if (!file) continue;
        const auto tensor = file->tensor("net", "weight");
        REQUIRE(tensor);
        const auto bytes = tensor->bytes();
        REQUIRE(bytes);
        CHECK(std::equal(bytes->begin(), bytes->end(), weights().begin(), weights().end()));
        std::vector<std::uint8_t> live(weights().size());
        const ModelTarget target{{{"weight", TensorSpan::of(std::span(live), {live.size()})}}};
        REQUIRE(load_into(*file, "net", target));
        CHECK(std::equal(live.begin(), live.end(), weights().begin(), weights().end(),
                         [](std::uint8_t a, std::byte b) { return std::byte{a} == b; }));
        CHECK(*save_bytes(file->checkpoint().value()) == expected);
    }
}

void check_saves(const std::string& path, int epoch, const SaveOptions& options = {}) {
    const auto saved = save(path, checkpoint_with(epoch), options);
    const std::string text = saved ? "" : saved.error().to_string();
    CHECK_MESSAGE(saved, text);
    check_loads(path, epoch);
}

mode_t mode_of(const std::string& path) {
    struct stat status {};
    REQUIRE(::stat(path.c_str(), &status) == 0);
    return status.st_mode & 07777U;
}

/// Runs `body` on each file system.
template <class Body>
void on_each(Body body) {
    for (const PassThroughOptions& options : kFileSystems) {
        const std::string name = options.name;
        CAPTURE(name);
        const Mounted folder(options);
        body(folder, options);
    }
}

}  // namespace

int main(int argc, char** argv) {
    if (!enter_namespace() || !works()) {
        std::puts("skipped: cannot mount a FUSE file system here (/dev/fuse, and root or user namespaces)");
        return 77;
    }
    return doctest::Context(argc, argv).run();
}

TEST_CASE("fuse: a new file, and one that replaces another") {
    on_each([](const Mounted& folder, const PassThroughOptions&) {
        check_saves(folder / "file", 1);
        check_saves(folder / "file", 2);
        check_saves(folder / "file", 3, {.durable = false});
        CHECK(names_in(folder.path()) == Names{"file"});
    });
}

TEST_CASE("fuse: compressed, and with threads") {
    on_each([](const Mounted& folder, const PassThroughOptions&) {
        check_saves(folder / "file", 1, {.codec = Codec::zstd, .threads = 3});
        check_saves(folder / "file", 2, {.codec = Codec::automatic, .threads = 1});
        CHECK(names_in(folder.path()) == Names{"file"});
    });
}

TEST_CASE("fuse: create_only") {
    on_each([](const Mounted& folder, const PassThroughOptions&) {
        check_saves(folder / "file", 1, {.create_only = true});
        const auto refused = save(folder / "file", checkpoint_with(2), {.create_only = true});
        REQUIRE_FALSE(refused);
        CHECK(refused.error().condition() == Condition::target);
        auto late = Writer::create(folder / "late", {.create_only = true});
        REQUIRE(late);
        check_saves(folder / "late", 3);
        CHECK(late->commit(checkpoint_with(4)).error().condition() == Condition::target);
        check_loads(folder / "file", 1);
        check_loads(folder / "late", 3);
        CHECK(names_in(folder.path()) == Names{"file", "late"});
    });
}

TEST_CASE("fuse: create_only with neither links nor such a rename is refused before anything is written") {
    const Mounted folder({.link = EPERM, .rename_flags = EINVAL});
    const auto writer = Writer::create(folder / "file", {.create_only = true});
    REQUIRE_FALSE(writer);
    CHECK(writer.error().condition() == Condition::link);
    CHECK(writer.error().message() == (folder / "file") +
                                          ": cannot take a name beside it without replacing a file, as "
                                          "create_only requires: Operation not permitted");
    CHECK(names_in(folder.path()).empty());
    check_saves(folder / "file", 1, {.keep_previous = true});
    check_saves(folder / "file", 2, {.keep_previous = true});
    check_loads(folder / "file.prev", 1);
}

TEST_CASE("fuse: keep_previous") {
    on_each([](const Mounted& folder, const PassThroughOptions&) {
        check_saves(folder / "file", 1, {.keep_previous = true});
        CHECK(names_in(folder.path()) == Names{"file"});
        for (const int epoch : {2, 3}) {
            check_saves(folder / "file", epoch, {.keep_previous = true});
            check_loads(folder / "file.prev", epoch - 1);
        }
        CHECK(names_in(folder.path()) == Names{"file", "file.prev"});
    });
}

TEST_CASE("fuse: tensors streamed and added by a Writer") {
    on_each([](const Mounted& folder, const PassThroughOptions&) {
        for (const bool streamed : {true, false}) {
            auto writer = Writer::create(folder / "file");
            REQUIRE(writer);
            Checkpoint checkpoint = checkpoint_with(7);
            if (streamed) {
                REQUIRE(writer->begin_tensor(Dtype::u8, {weights().size()}));
                const std::span<const std::byte> bytes(weights());
                for (std::size_t at = 0; at < bytes.size(); at += 300'000)
                    REQUIRE(
                        writer->append(bytes.subspan(at, std::min<std::size_t>(300'000, bytes.size() - at))));
                const auto ended = writer->end_tensor();
                REQUIRE(ended);
                checkpoint.model("net")["weight"] = *ended;
            } else {
                const auto added = writer->add(
                    TensorView(*find_dtype(Dtype::u8), {weights().size()}, StorageView(weights())));
                REQUIRE(added);
                checkpoint.model("net")["weight"] = *added;
            }
            REQUIRE(writer->commit(checkpoint));
            check_loads(folder / "file", 7);
        }
        CHECK(names_in(folder.path()) == Names{"file"});
    });
}

TEST_CASE("fuse: a Writer that is destroyed leaves nothing, and the old file") {
    on_each([](const Mounted& folder, const PassThroughOptions&) {
        check_saves(folder / "file", 1);
        {
            auto writer = Writer::create(folder / "file", {.keep_previous = true});
            REQUIRE(writer);
            REQUIRE(
                writer->add(TensorView(*find_dtype(Dtype::u8), {weights().size()}, StorageView(weights()))));
        }
        check_loads(folder / "file", 1);
        CHECK(names_in(folder.path()) == Names{"file"});
    });
}

TEST_CASE("fuse: a file that is open keeps its bytes while it is replaced") {
    for (PassThroughOptions options : {PassThroughOptions{}, PassThroughOptions{.direct_io = true}}) {
        options.hide_removed = true;  // libfuse knows no other way to read a file without a name
        const Mounted folder(options);
        check_saves(folder / "file", 1);
        for (const Access access : {Access::mapped, Access::read}) {
            const auto old = Reader::open(folder / "file", {.access = access});
            REQUIRE(old);
            check_saves(folder / "file", 2);
            CHECK(verdict_of(old, 1) == "ok");
            check_saves(folder / "file", 1);
        }
    }
}

TEST_CASE("fuse: the mode is that of the old file, or narrower") {
    on_each([](const Mounted& folder, const PassThroughOptions& options) {
        const mode_t umask_before = ::umask(022);
        check_saves(folder / "file", 1);
        CHECK(mode_of(folder / "file") == 0644);
        write_file(folder / "private", "old");
        if (::chmod((folder / "private").c_str(), 0600) == 0) {
            check_saves(folder / "private", 2);
            CHECK(mode_of(folder / "private") == 0600);
        }
        if (options.chmod == 0) {
            REQUIRE(::chmod((folder / "file").c_str(), 0664) == 0);
            check_saves(folder / "file", 3);
            CHECK(mode_of(folder / "file") == 0664);
        }
        ::umask(umask_before);
    });
}

TEST_CASE("fuse: names of at most 143 bytes, as where names are encrypted") {
    const Mounted folder({.max_name = 143});
    const std::string name(143, 'n');
    check_saves(folder / name, 1);
    CHECK(save(folder / (name + "n"), checkpoint_with(1)).error().condition() == Condition::target);
    const std::string previous = name.substr(5);
    check_saves(folder / previous, 1, {.keep_previous = true});
    check_saves(folder / previous, 2, {.keep_previous = true});
    CHECK(names_in(folder.path()) == Names{previous, previous + ".prev", name});
}

TEST_CASE("fuse: an fsync that fails is not one that is refused") {
    const Mounted folder({.sync_folder = EIO});
    const auto saved = save(folder / "file", checkpoint_with(1));
    REQUIRE_FALSE(saved);
    CHECK(saved.error().code() == Code::not_durable);
    check_loads(folder / "file", 1);
    const Mounted other({.sync_file = EIO});
    CHECK(save(other / "file", checkpoint_with(1)).error().condition() == Condition::sync);
    CHECK(names_in(other.path()).empty());
}

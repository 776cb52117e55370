#include <doctest/doctest.h>
#include <sys/stat.h>

#include <atomic>
#include <filesystem>
#include <thread>

#include "support/memory.hpp"
#include "support/samples.hpp"
#include "support/scratch.hpp"
#include "support/sizes.hpp"
#include "support/verdict.hpp"

// Where a file goes, and who looks at it meanwhile.
namespace {

namespace fs = std::filesystem;
using namespace milepost;
using namespace milepost::testing;
using milepost::testing::ScratchFolder;

Checkpoint version(std::vector<std::byte>& bytes, unsigned number) {
    std::fill(bytes.begin(), bytes.end(), static_cast<std::byte>(number));
    Checkpoint checkpoint;
    checkpoint.model("model")["weight"] =
        TensorView(*find_dtype(Dtype::u8), {bytes.size()}, StorageView(bytes));
    checkpoint.values()["number"] = number;
    return checkpoint;
}

/// Whether the file is whole and of one version.
bool is_whole(const std::string& path, Access access) {
    const auto file = Reader::open(path, {.access = access, .threads = 2});
    if (!file) return false;
    const auto number = file->value("number");
    const auto weight = file->tensor("model", "weight");
    const auto bytes = weight ? weight->bytes() : Result<std::span<const std::byte>>(weight.error());
    if (!number || !bytes) return false;
    const auto expected = static_cast<std::byte>(*number->as_int());
    return std::all_of(bytes->begin(), bytes->end(), [&](std::byte byte) { return byte == expected; });
}

}  // namespace

TEST_CASE("target: what is not a file is not replaced") {
    const ScratchFolder folder;
    fs::create_directory(folder / "folder");
    fs::create_symlink("folder", folder / "link to a folder");
    testing::write_file(folder / "file", "x");
    fs::create_symlink("file", folder / "link");
    fs::create_symlink("nowhere", folder / "dangling");
    REQUIRE(::mkfifo((folder / "fifo").c_str(), 0600) == 0);
    for (const char* name : {"folder", "link to a folder", "link", "dangling", "fifo"}) {
        INFO(name);
        const auto saved = save(folder / name, small());
        REQUIRE_FALSE(saved);
        CHECK(saved.error().condition() == Condition::target);
    }
    CHECK(testing::read_file(folder / "file") == "x");
    CHECK(testing::names_in(folder.path()).size() == 6);
}

TEST_CASE("target: a folder that is not there") {
    const ScratchFolder folder;
    const auto saved = save(folder / "no/file", small());
    REQUIRE_FALSE(saved);
    CHECK(saved.error().condition() == Condition::open);
}

TEST_CASE("target: create_only") {
    const ScratchFolder folder;
    CHECK(save(folder / "file", small(), {.create_only = true}));
    CHECK(save(folder / "file", {}, {.create_only = true}).error().condition() == Condition::target);
    CHECK(verdict_of(Reader::open(folder / "file"), 1) == "ok");
}

TEST_CASE("target: keep_previous") {
    const ScratchFolder folder;
    REQUIRE(save(folder / "file", one_value(1)));
    REQUIRE(save(folder / "file", one_value(2), {.keep_previous = true}));
    CHECK(*Reader::open(folder / "file")->value("v")->as_int() == 2);
    CHECK(*Reader::open(folder / "file.prev")->value("v")->as_int() == 1);
}

TEST_CASE("target: a file that is open keeps its bytes while it is replaced") {
    const ScratchFolder folder;
    std::vector<std::byte> bytes(3 * kMib + 5);
    for (const Access access : {Access::mapped, Access::read}) {
        for (const Codec codec : {Codec::raw, Codec::zstd}) {
            INFO("access " << static_cast<int>(access) << ", codec " << static_cast<int>(codec));
            REQUIRE(save(folder / "file", version(bytes, 1), {.codec = codec, .durable = false}));
            const auto old = Reader::open(folder / "file", {.access = access});
            REQUIRE(old);
            const auto before = old->tensor("model", "weight")->bytes();
            REQUIRE(before);
            REQUIRE(save(folder / "file", version(bytes, 2), {.codec = codec, .durable = false}));
            CHECK(std::all_of(before->begin(), before->end(),
                              [](std::byte byte) { return byte == std::byte{1}; }));
            std::vector<std::byte> copy(bytes.size());
            REQUIRE(old->tensor("model", "weight")->copy_to(copy));
            CHECK(copy.back() == std::byte{1});
            CHECK(verdict_of(old, 2) == "ok");
            CHECK(*Reader::open(folder / "file")->value("number")->as_int() == 2);
        }
    }
}

TEST_CASE("target: a checkpoint is saved over the file that its tensors are mapped from") {
    const ScratchFolder folder;
    REQUIRE(save(folder / "file", several_models()));
    const std::string before = testing::read_file(folder / "file");
    const auto file = Reader::open(folder / "file", {.access = Access::mapped});
    REQUIRE(file);
    REQUIRE(save(folder / "file", *file->checkpoint()));
    CHECK(testing::read_file(folder / "file") == before);
}

TEST_CASE("target: readers during saves see one version or the other") {
    const ScratchFolder folder;
    std::vector<std::byte> bytes(2 * kMib + 9);
    REQUIRE(save(folder / "file", version(bytes, 0), {.durable = false}));
    std::atomic<bool> done{false};
    std::atomic<unsigned> seen{0}, torn{0};
    std::vector<std::thread> readers;
    for (const Access access : {Access::mapped, Access::read, Access::mapped}) {
        readers.emplace_back([&, access] {
            while (!done) {
                if (!is_whole(folder / "file", access)) ++torn;
                ++seen;
            }
        });
    }
    unsigned number = 0;
    while (number < 20 || seen < 20) {
        ++number;
        const Codec codec = number % 2 == 0 ? Codec::raw : Codec::zstd;
        CHECK(save(folder / "file", version(bytes, number % 200),
                   {.codec = codec, .threads = 2, .durable = false}));
    }
    done = true;
    for (std::thread& reader : readers)
        reader.join();
    CHECK(torn == 0);
}

TEST_CASE("target: several threads use one reader") {
    const auto file = open_bytes(*save_bytes(many_chunks(), {.codec = Codec::zstd}));
    REQUIRE(file);
    std::atomic<unsigned> wrong{0};
    std::vector<std::thread> threads;
    for (unsigned i = 0; i < 4; ++i) {
        threads.emplace_back([&] {
            const auto ramp = file->tensor("model", "ramp");
            const auto bytes = ramp->bytes();
            if (!bytes || (*bytes)[8192] != std::byte{2}) ++wrong;
            std::vector<std::byte> copy(static_cast<std::size_t>(ramp->nbytes()));
            if (!ramp->copy_to(copy) || copy.back() != bytes->back()) ++wrong;
        });
    }
    for (std::thread& thread : threads)
        thread.join();
    CHECK(wrong == 0);
}

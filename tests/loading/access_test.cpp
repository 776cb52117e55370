#include <doctest/doctest.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "support/memory.hpp"
#include "support/reseal.hpp"
#include "support/samples.hpp"
#include "support/scratch.hpp"

// When checksums are compared, and the error of a damaged chunk: docs/format.md, section 8.
namespace {

using namespace milepost;
using namespace milepost::testing;

/// many_chunks(), with one byte of a chunk of "ramp" damaged, as a file in `folder`.
struct Damaged {
    std::string path;
    std::uint64_t at;     ///< the byte
    std::uint64_t begin;  ///< of its chunk
    std::uint64_t end;
};

Damaged damage(const testing::ScratchFolder& folder, Codec codec, std::uint64_t chunk) {
    FileBytes file = *save_bytes(many_chunks(), {.codec = codec});
    Parts parts = take_apart(file).value();
    Columns& columns = parts.columns;
    columns.say_storage_nbytes();
    std::uint64_t begin = parts.begin_of(0), stored = 0;
    for (std::uint64_t i = 0; i <= chunk; ++i) {
        begin += (stored + 63) / 64 * 64;
        stored = codec == Codec::raw
                     ? std::min<std::uint64_t>(1U << 20U, columns.storage_nbytes[0] - (i << 20U))
                     : columns.stored_nbytes[static_cast<std::size_t>(i)];
    }
    const Damaged damaged{folder / "file", begin + stored / 2, begin, begin + stored};
    file[static_cast<std::size_t>(damaged.at)] ^= std::byte{0x10};
    testing::write_file(damaged.path, {reinterpret_cast<const char*>(file.data()), file.size()});
    return damaged;
}

void check_error(const Error& error, const Damaged& damaged, std::uint64_t chunk) {
    const std::string range = "bytes " + std::to_string(damaged.begin) + ".." + std::to_string(damaged.end);
    CHECK(error.condition() == Condition::chunk_checksum);
    for (const std::string& part : {std::string("model/ramp"), "chunk " + std::to_string(chunk), range}) {
        CHECK_MESSAGE(error.message().find(part) != std::string::npos, error.message(), " lacks ", part);
    }
}

void check_first_access(const Reader& file, const Damaged& damaged, std::uint64_t chunk) {
    const auto ramp = file.tensor("model", "ramp");
    REQUIRE(ramp);
    std::vector<std::byte> copy(static_cast<std::size_t>(ramp->nbytes()));
    for (int attempt = 0; attempt < 2; ++attempt) {
        check_error(ramp->copy_to(copy).error(), damaged, chunk);
        check_error(ramp->bytes().error(), damaged, chunk);
        check_error(ramp->as<std::uint8_t>().error(), damaged, chunk);
        check_error(ramp->load().error(), damaged, chunk);
    }
    CHECK(file.tensor("model", "one chunk")->bytes());  // others are whole
    const TensorView behind(ramp->dtype(), {100}, ramp->storage(), chunk == 0 ? 1U << 20U : 0);
    if (file.access() == Access::mapped && file.storages()[0].codec == Codec::raw) CHECK(behind.bytes());
    std::vector<std::byte> some(100);
    CHECK(behind.copy_to(some));  // of the same tensor, from a whole chunk
}

}  // namespace

TEST_CASE("access: a damaged chunk fails at its first use, and at each one after") {
    const testing::ScratchFolder folder;
    for (const Codec codec : {Codec::raw, Codec::zstd}) {
        for (const std::uint64_t chunk : {0U, 1U, 2U}) {
            const Damaged damaged = damage(folder, codec, chunk);
            for (const Access access : {Access::mapped, Access::read}) {
                INFO("codec " << static_cast<int>(codec) << ", chunk " << chunk << ", access "
                              << static_cast<int>(access));
                const auto file = Reader::open(damaged.path, {.access = access, .threads = 3});
                REQUIRE(file);
                check_first_access(*file, damaged, chunk);
            }
        }
    }
}

TEST_CASE("access: with Check::at_open, opening finds it") {
    const testing::ScratchFolder folder;
    for (const Codec codec : {Codec::raw, Codec::zstd}) {
        const Damaged damaged = damage(folder, codec, 1);
        for (const Access access : {Access::mapped, Access::read}) {
            const auto file =
                Reader::open(damaged.path, {.access = access, .check = Check::at_open, .threads = 3});
            REQUIRE_FALSE(file);
            check_error(file.error(), damaged, 1);
        }
    }
    CHECK(open_bytes(*save_bytes(many_chunks(), {.codec = Codec::zstd}), {.check = Check::at_open}));
}

TEST_CASE("access: with Check::never, bytes are given out as they are, and verifying still finds it") {
    const testing::ScratchFolder folder;
    const Damaged damaged = damage(folder, Codec::raw, 1);
    for (const Access access : {Access::mapped, Access::read}) {
        const auto file = Reader::open(damaged.path, {.access = access, .check = Check::never});
        REQUIRE(file);
        const auto bytes = file->tensor("model", "ramp")->bytes();
        REQUIRE(bytes);
        // In the middle of the second chunk the ramp is 384, of which a byte holds 128.
        CHECK((*bytes)[static_cast<std::size_t>(damaged.at - file->storages()[0].offset)] ==
              std::byte{128 ^ 0x10});
        CHECK_FALSE(verify(*file)->ok());
    }
    const Damaged frame = damage(folder, Codec::zstd, 1);
    const auto file = Reader::open(frame.path, {.check = Check::never});
    CHECK_FALSE(verify(*file)->ok());
}

TEST_CASE("access: a tied tensor is named with how many share its chunk") {
    FileBytes file = *save_bytes(several_models());
    file[64 + 12] ^= std::byte{1};
    const auto reader = open_bytes(file);
    const auto error = reader->tensor("teacher", "weight")->bytes().error();
    CHECK_MESSAGE(error.message().find("teacher/weight and ") != std::string::npos, error.message());
    const auto report = verify(*reader);
    CHECK(report->damage.at(0).tensors.size() >= 3);
}

TEST_CASE("access: views of an open file have the right type, or none") {
    const auto file = open_bytes(*save_bytes(every_shape()));
    REQUIRE(file);
    const auto weight = file->tensor("shapes", "rank 2, a parameter");
    CHECK(weight->as<float>()->size() == 6);
    CHECK(weight->as<double>().error().condition() == Condition::wrong_type);
    CHECK(weight->as<std::int32_t>().error().condition() == Condition::wrong_type);
    const auto turned = file->tensor("shapes", "transposed");
    CHECK(turned->as<float>().error().condition() == Condition::layout);
    CHECK(turned->bytes().error().condition() == Condition::layout);
    const auto copy = turned->load();
    REQUIRE(copy);
    CHECK(copy->view().as<float>().value()[1] == 3.0F);
    std::vector<std::byte> wrong(23);
    CHECK(weight->copy_to(wrong).error().condition() == Condition::layout);
    CHECK(weight->load(23).error().condition() == Condition::total_bytes);
}

TEST_CASE("access: mapped and raw, no byte is copied") {
    const testing::ScratchFolder folder;
    REQUIRE(save(folder / "file", several_models()));
    const auto file =
        Reader::open(folder / "file", {.access = Access::mapped, .limits = {.max_total_bytes = 0}});
    REQUIRE(file);
    const auto first = file->tensor("teacher", "weight")->bytes();
    const auto second = file->tensor("student", "weight")->bytes();
    REQUIRE(first);
    CHECK(first->data() == second->data());
    CHECK(reinterpret_cast<std::uintptr_t>(first->data()) % 64 == 0);
}

TEST_CASE("access: is_mapped() is true of storages that are mapped and stored raw") {
    const testing::ScratchFolder folder;
    for (const Codec codec : {Codec::raw, Codec::zstd}) {
        const std::string path = folder / (codec == Codec::raw ? "raw" : "zstd");
        REQUIRE(save(path, many_chunks(), {.codec = codec}));
        for (const Access access : {Access::mapped, Access::read}) {
            INFO("codec " << static_cast<int>(codec) << ", access " << static_cast<int>(access));
            const auto file = Reader::open(path, {.access = access});
            REQUIRE(file);
            const auto ramp = file->tensor("model", "ramp");
            REQUIRE(ramp);
            const bool expected = access == Access::mapped && codec == Codec::raw;
            CHECK(ramp->is_mapped() == expected);
            CHECK(ramp->storage().is_mapped() == expected);
            const auto part = ramp->slice({{100, 200, 2}});
            REQUIRE(part);
            CHECK(part->is_mapped() == expected);
            const auto copy = ramp->load();
            REQUIRE(copy);
            CHECK_FALSE(copy->view().is_mapped());
        }
    }
}

TEST_CASE("access: what a Reader gave out stays valid when it is moved") {
    auto opened = open_bytes(*save_bytes(several_models()));
    REQUIRE(opened);
    const auto weight = *opened->tensor("teacher", "weight");
    const auto before = *weight.as<float>();
    const Reader moved = *std::move(opened);
    CHECK(before[5] == 5.0F);
    CHECK(weight.as<float>()->data() == before.data());
    CHECK(weight.name() == "weight");
    CHECK(moved.models().size() == 3);
}

TEST_CASE("access: private bytes are those of the file, and writes to them stay in the process") {
    const testing::ScratchFolder folder;
    REQUIRE(save(folder / "file", many_chunks()));
    const auto file = Reader::open(folder / "file", {.access = Access::mapped});
    REQUIRE(file);
    const auto ramp = file->tensor("model", "ramp");
    REQUIRE(ramp);
    const std::uint64_t nbytes = ramp->storage().nbytes();
    const auto before = ramp->load();
    const auto bytes = ramp->storage().private_bytes(0, nbytes);
    REQUIRE(bytes);
    REQUIRE(before);
    CHECK(std::ranges::equal(*bytes, before->bytes()));

    std::ranges::fill(*bytes, std::byte{0x5a});
    const auto again = ramp->storage().private_bytes(3, nbytes);
    REQUIRE(again);
    CHECK(again->data() == bytes->data() + 3);  // one mapping
    CHECK(std::ranges::equal(*ramp->bytes(), before->bytes()));
    const auto after = ramp->load();
    REQUIRE(after);
    CHECK(std::ranges::equal(after->bytes(), before->bytes()));
    CHECK(verify(*file)->ok());
    CHECK(Reader::open(folder / "file", {.check = Check::at_open}));
}

TEST_CASE("access: private bytes outlive the Reader, and are checked") {
    const testing::ScratchFolder folder;
    REQUIRE(save(folder / "file", many_chunks()));
    std::optional<StorageView> storage;
    {
        const auto file = Reader::open(folder / "file", {.access = Access::mapped});
        storage = file->tensor("model", "ramp")->storage();
    }
    const auto bytes = storage->private_bytes(0, 10);
    REQUIRE(bytes);
    bytes->front() = std::byte{1};
    CHECK(storage->private_bytes(5, 5)->empty());

    const Damaged damaged = damage(folder, Codec::raw, 1);
    const auto file = Reader::open(damaged.path, {.access = Access::mapped});
    const auto ramp = file->tensor("model", "ramp");
    const std::uint64_t nbytes = ramp->storage().nbytes();
    CHECK(ramp->storage().private_bytes(0, 1U << 20U));
    check_error(ramp->storage().private_bytes(0, nbytes).error(), damaged, 1);
    const auto unchecked = Reader::open(damaged.path, {.access = Access::mapped, .check = Check::never});
    CHECK(unchecked->tensor("model", "ramp")->storage().private_bytes(0, nbytes));
}

TEST_CASE("access: there are no private bytes where nothing is mapped, or out of the storage") {
    const testing::ScratchFolder folder;
    REQUIRE(save(folder / "packed", many_chunks(), {.codec = Codec::zstd}));
    REQUIRE(save(folder / "raw", many_chunks()));
    const std::vector<float> memory(4);
    const auto packed = Reader::open(folder / "packed", {.access = Access::mapped});
    const auto read = Reader::open(folder / "raw", {.access = Access::read});
    const auto mapped = Reader::open(folder / "raw", {.access = Access::mapped});
    for (const auto& [storage, end] : {
             std::pair(packed->tensor("model", "ramp")->storage(), std::uint64_t{1}),
             std::pair(read->tensor("model", "ramp")->storage(), std::uint64_t{1}),
             std::pair(StorageView(std::as_bytes(std::span(memory))), std::uint64_t{1}),
             std::pair(mapped->tensor("model", "ramp")->storage(),
                       mapped->tensor("model", "ramp")->storage().nbytes() + 1),
         }) {
        const auto refused = storage.private_bytes(0, end);
        REQUIRE_FALSE(refused);
        CHECK(refused.error().condition() == Condition::layout);
    }
}

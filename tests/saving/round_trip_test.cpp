#include <doctest/doctest.h>

#include <algorithm>
#include <array>

#include "support/memory.hpp"
#include "support/samples.hpp"
#include "support/scratch.hpp"
#include "support/sizes.hpp"
#include "support/verdict.hpp"

// What is saved is what is loaded: every dtype, rank and number of chunks, in every codec, with any number of
// threads.
namespace {

using namespace milepost;
using namespace milepost::testing;

constexpr Codec kEachCodec[] = {Codec::raw, Codec::zstd, Codec::automatic};

std::vector<DtypeInfo> all_dtypes() {
    std::vector<DtypeInfo> dtypes;
    for (unsigned code = 0; code < 256; ++code) {
        if (const auto dtype = find_dtype(static_cast<Dtype>(code))) dtypes.push_back(*dtype);
    }
    return dtypes;
}

/// Half of it compresses, half of it does not.
std::span<const std::byte> content() {
    static const std::vector<std::byte> bytes = [] {
        std::vector<std::byte> made = make_bytes(3 * kMib, 0);
        const std::vector<std::byte> noise = make_bytes(3 * kMib, 77);
        made.insert(made.end(), noise.begin(), noise.end());
        return made;
    }();
    return bytes;
}

/// A tensor of that shape on a storage of its own: no two begin at one place.
TensorView tensor_of(const DtypeInfo& dtype, Shape shape, std::size_t number) {
    const std::uint64_t nbytes = TensorView(dtype, shape, StorageView()).nbytes();
    const std::size_t half = number % 2 == 0 ? 0 : static_cast<std::size_t>(3 * kMib);
    return TensorView(dtype, std::move(shape),
                      StorageView(content().subspan(half + 64 * number, static_cast<std::size_t>(nbytes))));
}

/// Elements of the dtype that take `nbytes` bytes, or as many fewer as make a multiple of 8.
std::uint64_t elements_of(const DtypeInfo& dtype, std::uint64_t nbytes) {
    return nbytes * 8 / dtype.bits / 8 * 8;
}

Checkpoint small_tensors() {
    Checkpoint checkpoint;
    std::size_t number = 0;
    for (const DtypeInfo& dtype : all_dtypes()) {
        StateDict& model = checkpoint.model(dtype.name);
        if (dtype.bits >= 8) model["rank 0"] = tensor_of(dtype, {}, ++number);
        model["rank 1"] = tensor_of(dtype, {8}, ++number);
        model["rank 4"] = tensor_of(dtype, {2, 1, 4, 3}, ++number);
        model["empty"] = tensor_of(dtype, {0}, ++number);
        model["empty of rank 3"] = tensor_of(dtype, {2, 0, 5}, ++number);
    }
    return checkpoint;
}

Checkpoint large_tensors(const DtypeInfo& dtype) {
    Checkpoint checkpoint;
    StateDict& model = checkpoint.model("model");
    model["one chunk"] = tensor_of(dtype, {elements_of(dtype, kMib)}, 2);
    model["a little more, noise"] = tensor_of(dtype, {elements_of(dtype, kMib) + 8}, 3);
    model["a little more"] = tensor_of(dtype, {elements_of(dtype, kMib) + 8}, 4);
    model["three chunks, rank 2"] = tensor_of(dtype, {2, elements_of(dtype, kMib) + 16}, 6);
    return checkpoint;
}

std::vector<std::byte> copy_of(const TensorView& tensor) {
    std::vector<std::byte> bytes(static_cast<std::size_t>(tensor.nbytes()));
    REQUIRE(tensor.copy_to(bytes));
    return bytes;
}

void check_same_tensor(const TensorView& saved, const TensorView& loaded) {
    CHECK(loaded.dtype() == saved.dtype());
    CHECK(loaded.shape() == saved.shape());
    CHECK(loaded.strides() == saved.strides());
    CHECK(loaded.role() == saved.role());
    CHECK(loaded.requires_grad() == saved.requires_grad());
    const auto expected = copy_of(saved);
    CHECK(copy_of(loaded) == expected);
    if (!loaded.is_contiguous()) return;
    const auto viewed = loaded.bytes();
    REQUIRE(viewed);
    CHECK(std::equal(viewed->begin(), viewed->end(), expected.begin(), expected.end()));
}

void check_same_models(const Checkpoint& checkpoint, const Reader& file) {
    for (const auto& model : checkpoint.models()) {
        for (const auto& entry : model.second) {
            INFO(model.first << "/" << entry.first);
            const auto loaded = file.tensor(model.first, entry.first);
            REQUIRE(loaded);
            check_same_tensor(*entry.second.get_if<TensorView>(), *loaded);
        }
    }
}

void check_round_trip(const Checkpoint& checkpoint, Codec codec, unsigned threads, const std::string& path) {
    SaveOptions options;
    options.codec = codec;
    options.threads = threads;
    options.durable = false;
    REQUIRE(save(path, checkpoint, options));
    for (const Access access : {Access::mapped, Access::read}) {
        const auto file = Reader::open(path, {.access = access, .threads = threads});
        REQUIRE(file);
        CHECK(file->access() == access);
        check_same_models(checkpoint, *file);
        CHECK(verdict_of(file, threads) == "ok");
        CHECK(*save_bytes(*file->checkpoint(), options) == *save_bytes(checkpoint, options));
    }
}

}  // namespace

TEST_CASE("round trip: every dtype, rank 0 to 4, empty and not") {
    const testing::ScratchFolder folder;
    for (const Codec codec : kEachCodec) {
        INFO("codec " << static_cast<int>(codec));
        check_round_trip(small_tensors(), codec, 3, folder / "file");
    }
}

TEST_CASE("round trip: every dtype, one and many chunks") {
    const testing::ScratchFolder folder;
    unsigned threads = 0;
    for (const DtypeInfo& dtype : all_dtypes()) {
        for (const Codec codec : kEachCodec) {
            INFO(dtype.name << ", codec " << static_cast<int>(codec));
            check_round_trip(large_tensors(dtype), codec, threads++ % 4 + 1, folder / "file");
        }
    }
}

TEST_CASE("round trip: what is known of chunks and codecs") {
    for (const Codec codec : kEachCodec) {
        const auto file = open_bytes(*save_bytes(many_chunks(), {.codec = codec}));
        REQUIRE(file);
        const auto storages = file->storages();
        REQUIRE(storages.size() == 3);
        CHECK(storages[0].chunks == 3);
        CHECK(storages[1].chunks == 1);
        CHECK((storages[0].stored_nbytes < storages[0].nbytes) == (codec != Codec::raw));
        CHECK(storages[2].stored_nbytes == storages[2].nbytes);
        CHECK(storages[2].codec == (codec == Codec::automatic ? Codec::raw : codec));
    }
}

TEST_CASE("round trip: the content hash does not depend on the codec") {
    std::vector<Checksum128> hashes;
    for (const Codec codec : kEachCodec) {
        const auto file = open_bytes(*save_bytes(many_chunks(), {.codec = codec}));
        for (const StorageInfo& storage : file->storages())
            hashes.push_back(storage.content_hash);
    }
    REQUIRE(hashes.size() == 9);
    for (std::size_t i = 3; i < hashes.size(); ++i)
        CHECK(hashes[i] == hashes[i % 3]);
}

TEST_CASE("round trip: every zstd level and alignment") {
    for (int level = 1; level <= 19; level += 6) {
        const auto file = open_bytes(*save_bytes(small(), {.codec = Codec::zstd, .zstd_level = level}));
        CHECK(verdict_of(file, 1) == "ok");
        check_same_models(small(), *file);
    }
    for (std::uint32_t alignment = 64; alignment <= 2 * kMib; alignment *= 2) {
        INFO("alignment " << alignment);
        const auto file = open_bytes(*save_bytes(two_storages(), {.alignment = alignment}));
        REQUIRE(file);
        CHECK(file->alignment() == alignment);
        for (const StorageInfo& storage : file->storages())
            CHECK(storage.offset % alignment == 0);
        CHECK(verdict_of(file, 1) == "ok");
    }
}

TEST_CASE("round trip: tied tensors share one storage, and stay tied") {
    const auto file = open_bytes(*save_bytes(several_models()));
    REQUIRE(file);
    CHECK(file->storages().size() == 1);
    CHECK(file->tensor("teacher", "weight")->storage() == file->tensor("student", "weight")->storage());
    CHECK(open_bytes(*save_bytes(*file->checkpoint()))->storages().size() == 1);
}

TEST_CASE("round trip: a checkpoint of another codec, straight from its reader") {
    const auto packed = open_bytes(*save_bytes(many_chunks(), {.codec = Codec::zstd}));
    REQUIRE(packed);
    CHECK(*save_bytes(*packed->checkpoint(), {.codec = Codec::raw}) ==
          *save_bytes(many_chunks(), {.codec = Codec::raw}));
}

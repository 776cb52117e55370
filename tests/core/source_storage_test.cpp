#include <doctest/doctest.h>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <mutex>
#include <span>
#include <stdexcept>
#include <utility>
#include <vector>

#include <milepost/checkpoint.hpp>
#include <milepost/error.hpp>
#include <milepost/io.hpp>
#include <milepost/reader.hpp>
#include <milepost/tensor.hpp>
#include <milepost/writer.hpp>

#include "support/samples.hpp"
#include "support/scratch.hpp"

// StorageView::from: storages whose bytes a Source gives.
namespace {

using namespace milepost;
using namespace milepost::testing;

/// Memory that counts what is read.
class CountingSource final : public Source {
public:
    explicit CountingSource(std::vector<std::byte> bytes) : bytes_(std::move(bytes)) {}
    Result<std::uint64_t> size() const override { return bytes_.size(); }
    Result<void> read(std::uint64_t offset, std::span<std::byte> to) const override {
        if (fails) throw std::runtime_error("the wire is cut");
        REQUIRE(offset + to.size() <= bytes_.size());
        std::memcpy(to.data(), bytes_.data() + offset, to.size());
        read_nbytes += to.size();
        std::uint64_t most = largest;
        while (to.size() > most && !largest.compare_exchange_weak(most, to.size())) {
        }
        return {};
    }
    [[nodiscard]] const std::vector<std::byte>& bytes() const { return bytes_; }

    mutable std::atomic<std::uint64_t> read_nbytes = 0;
    mutable std::atomic<std::uint64_t> largest = 0;  ///< of one read
    bool fails = false;

private:
    std::vector<std::byte> bytes_;
};

const DtypeInfo kU8 = *find_dtype(Dtype::u8);
const DtypeInfo kF32 = *find_dtype(Dtype::f32);

}  // namespace

TEST_CASE("source storage: ranges are read when they are used, and bytes() keeps them") {
    const auto source = std::make_shared<CountingSource>(make_bytes(10'000, 3));
    auto storage = StorageView::from(source, 100, 4'000);
    REQUIRE(storage);
    CHECK(source->read_nbytes == 0);
    CHECK(storage->nbytes() == 4'000);
    CHECK(!storage->index());
    CHECK(!storage->is_mapped());

    std::vector<std::byte> part(50);
    REQUIRE(storage->read(10, part));
    CHECK(std::memcmp(part.data(), source->bytes().data() + 110, 50) == 0);
    CHECK(source->read_nbytes == 50);
    const auto later = storage->part(1'000, 2'000);
    REQUIRE(later);
    const auto bytes = later->bytes(5, 10);
    REQUIRE(bytes);
    CHECK(std::memcmp(bytes->data(), source->bytes().data() + 1'105, 5) == 0);
    REQUIRE(storage->bytes(0, 4'000));
    CHECK(source->read_nbytes == 4'050);  // all of it, once
    CHECK(storage->read(3'999, part).error().condition() == Condition::layout);
    CHECK(storage->private_bytes(0, 1).error().condition() == Condition::layout);
    CHECK(StorageView::from(nullptr, 0, 0).error().condition() == Condition::option);
}

TEST_CASE(
    "source storage: strided tensors are gathered in blocks, and blocks without elements are not read") {
    constexpr std::uint64_t kRows = 3'000, kColumns = 1'000;
    const auto source = std::make_shared<CountingSource>(make_bytes(kRows * kColumns * 4 + 64, 5));
    const auto storage = StorageView::from(source, 64, kRows * kColumns * 4);
    REQUIRE(storage);
    const TensorView memory(kF32, {kRows, kColumns}, StorageView(std::span(source->bytes()).subspan(64)));
    const TensorView lazy(kF32, {kRows, kColumns}, *storage);
    const std::vector<TensorView> pairs[] = {
        {TensorView(kF32, {kColumns, kRows}, memory.storage(), 0, {1, kColumns}),
         TensorView(kF32, {kColumns, kRows}, *storage, 0, {1, kColumns})},
        {*memory.slice({{1, 2'999, 7}, {3, 900, 11}}), *lazy.slice({{1, 2'999, 7}, {3, 900, 11}})},
        // Rows that interleave: not nested.
        {TensorView(kF32, {500, 700}, memory.storage(), 8, {3, 2}),
         TensorView(kF32, {500, 700}, *storage, 8, {3, 2})},
        {TensorView(kF32, {4, 5}, memory.storage(), 16, {0, 1}),
         TensorView(kF32, {4, 5}, *storage, 16, {0, 1})},
    };
    for (const std::vector<TensorView>& pair : pairs) {
        source->largest = 0;
        const auto expected = pair[0].load();
        const auto found = pair[1].load();
        REQUIRE(expected);
        REQUIRE(found);
        CHECK(std::memcmp(expected->bytes().data(), found->bytes().data(), expected->bytes().size()) == 0);
    }
    const auto fresh = StorageView::from(source, 64, kRows * kColumns * 4);
    source->read_nbytes = 0;
    source->largest = 0;
    REQUIRE(TensorView(kF32, {2}, *fresh, 0, {kRows * kColumns - 1}).load());
    CHECK(source->read_nbytes < (3U << 20U));  // the first and the last block of twelve
    CHECK(source->largest <= (1U << 20U));
}

TEST_CASE("source storage: a save reads it in chunks, ties stay, and it is written as memory is") {
    const auto source = std::make_shared<CountingSource>(make_bytes((5U << 20U) + 77, 9));
    const std::uint64_t nbytes = source->bytes().size() - 13;
    const auto storage = StorageView::from(source, 13, nbytes);
    const StorageView memory(std::span(source->bytes()).subspan(13));
    const ScratchFolder folder;
    for (const Codec codec : {Codec::raw, Codec::zstd, Codec::planes}) {
        for (const auto& [view, path] :
             {std::pair(*storage, folder / "a"), std::pair(memory, folder / "b")}) {
            Checkpoint checkpoint;
            checkpoint.model("m")["whole"] = TensorView(kU8, {nbytes}, view);
            checkpoint.model("m")["part"] = TensorView(kU8, {100}, view, 1'000);
            SaveOptions options;
            options.codec = codec;
            options.threads = 4;
            options.durable = false;
            REQUIRE(save(path, checkpoint, options));
        }
        CHECK(read_file(folder / "a") == read_file(folder / "b"));
    }
    CHECK(source->largest <= (1U << 20U));
    const auto reader = Reader::open(folder / "a");
    REQUIRE(reader);
    CHECK(reader->storages().size() == 1);
}

TEST_CASE("source storage: what a source throws is the error of the call") {
    const auto source = std::make_shared<CountingSource>(make_bytes(1'000, 1));
    const auto storage = StorageView::from(source, 0, 1'000);
    source->fails = true;
    std::vector<std::byte> to(10);
    CHECK(storage->read(0, to).error().condition() == Condition::read);
    CHECK(storage->bytes(0, 10).error().condition() == Condition::read);
    Checkpoint checkpoint;
    checkpoint.model("m")["t"] = TensorView(kU8, {1'000}, *storage);
    const ScratchFolder folder;
    const auto saved = save(folder / "x", checkpoint);
    REQUIRE(!saved);
    CHECK(saved.error().condition() == Condition::read);
    CHECK(saved.error().message().find("the wire is cut") != std::string::npos);
    CHECK(names_in(folder.path()).empty());
    source->fails = false;
    CHECK(storage->bytes(0, 10));
}

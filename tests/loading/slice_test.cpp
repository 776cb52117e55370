#include <doctest/doctest.h>

#include <cstdint>
#include <fstream>
#include <mutex>
#include <numeric>
#include <vector>

#include "codec/codec.hpp"
#include "support/memory.hpp"
#include "support/scratch.hpp"

// Slices: the elements that plain indexing finds, and only the chunks that hold them.
namespace {

using namespace milepost;
using namespace milepost::testing;

/// Counts what is read after the index was opened.
class MeteredSource final : public Source {
public:
    explicit MeteredSource(FileBytes bytes) : inner_(std::move(bytes)) {}
    Result<std::uint64_t> size() const override { return inner_.size(); }
    Result<void> read(std::uint64_t offset, std::span<std::byte> to) const override {
        const std::lock_guard lock(mutex_);
        nbytes_ += to.size();
        return inner_.read(offset, to);
    }
    std::uint64_t take() const {
        const std::lock_guard lock(mutex_);
        return std::exchange(nbytes_, 0);
    }

private:
    MemorySource inner_;
    mutable std::mutex mutex_;
    mutable std::uint64_t nbytes_ = 0;
};

using Words = std::vector<std::uint32_t>;

Words counted(std::size_t count) {
    Words words(count);
    std::iota(words.begin(), words.end(), 0U);
    return words;
}

/// The elements of a part of a counted, contiguous tensor, one index after the other.
Words expected_of(const Shape& shape, const std::vector<Range>& ranges) {
    Words found;
    std::vector<std::uint64_t> index(shape.size());
    auto range_of = [&](std::size_t i) { return i < ranges.size() ? ranges[i] : Range{}; };
    auto walk = [&](auto& self, std::size_t dimension, std::uint64_t at) -> void {
        if (dimension == shape.size()) {
            found.push_back(static_cast<std::uint32_t>(at));
            return;
        }
        const Range range = range_of(dimension);
        for (std::uint64_t i = range.begin; i < std::min(range.end, shape[dimension]); i += range.step) {
            self(self, dimension + 1, at * shape[dimension] + i);
            if (range.step > shape[dimension]) break;
        }
    };
    walk(walk, 0, 0);
    return found;
}

Words load_words(const TensorView& view) {
    auto tensor = view.load();
    REQUIRE_MESSAGE(tensor, tensor.error().message());
    const auto elements = *tensor->as<std::uint32_t>();
    return {elements.begin(), elements.end()};
}

struct SliceCase {
    Shape shape;
    std::vector<Range> ranges;
};

const std::vector<SliceCase>& cases() {
    static const std::vector<SliceCase> all = {
        {{1024, 1024}, {}},
        {{1024, 1024}, {{10, 20}}},
        {{1024, 1024}, {{0, UINT64_MAX, 100}}},
        {{1024, 1024}, {{0, 1024}, {7, 9}}},
        {{1024, 1024}, {{1000, 1024, 7}, {1, 1000, 333}}},
        {{1024, 1024}, {{5, 5}}},
        {{1024, 1024}, {{1024, 1024}, {3, 4}}},
        {{3, 7, 11, 13}, {{1, 2}, {}, {2, 9, 3}, {12, 13}}},
        {{3, 600'001}, {{0, 3, 2}, {300'000, 600'001, 150'000}}},
        {{800'000}, {{262'143, 262'146}}},
        {{6, 6, 6}, {{1, 5, UINT64_MAX - 1}, {2, 6, 3}}},
        {{}, {}},
        {{4, 0, 2}, {{1, 2}}},
    };
    return all;
}

Checkpoint one_tensor(const TensorView& tensor) {
    Checkpoint checkpoint;
    checkpoint.model("net")["w"] = tensor;
    return checkpoint;
}

}  // namespace

TEST_CASE("slice: the elements that indexing finds, from memory, mapped, read and compressed") {
    const testing::ScratchFolder folder;
    for (const SliceCase& one : cases()) {
        const std::size_t count =
            std::accumulate(one.shape.begin(), one.shape.end(), std::size_t{1},
                            [](auto a, auto b) { return a * static_cast<std::size_t>(b); });
        const Words words = counted(count);
        const TensorView whole = TensorView::of(std::span(words), one.shape);
        const Words expected = expected_of(one.shape, one.ranges);
        CHECK(load_words(*whole.slice(one.ranges)) == expected);
        for (const Codec codec : {Codec::raw, Codec::zstd}) {
            REQUIRE(save(folder / "file", one_tensor(whole), {.codec = codec, .durable = false}));
            for (const Access access : {Access::mapped, Access::read}) {
                const auto file = Reader::open(folder / "file", {.access = access, .threads = 2});
                const TensorView part = *file->tensor("net", "w")->slice(one.ranges);
                CHECK(part.name() == "w");
                CHECK(load_words(part) == expected);
            }
        }
    }
}

TEST_CASE("slice: of a slice, of a transposed and of an expanded tensor") {
    const Words words = counted(600 * 500);
    const StorageView storage(std::as_bytes(std::span(words)));
    const DtypeInfo u32 = *find_dtype(Dtype::u32);
    Checkpoint checkpoint;
    StateDict& net = checkpoint.model("net");
    net["transposed"] = TensorView(u32, {500, 600}, storage, 0, {1, 500});
    net["expanded"] = TensorView(u32, {3, 500}, storage, 400, {0, 1});
    net["overlapping"] = TensorView(u32, {1000, 200'000}, storage, 0, {1, 1});
    for (const Codec codec : {Codec::raw, Codec::zstd}) {
        const auto file = open_bytes(*save_bytes(checkpoint, {.codec = codec}));
        const TensorView transposed = *file->tensor("net", "transposed");
        const TensorView part = *transposed.slice({{100, 200, 10}, {599, 600}})->slice({{3, 5}});
        CHECK(load_words(part) == Words{599 * 500 + 130, 599 * 500 + 140});
        CHECK(load_words(*file->tensor("net", "expanded")->slice({{1, 3}, {7, 9}})) ==
              Words{107, 108, 107, 108});
        CHECK(load_words(*file->tensor("net", "overlapping")->slice({{998, 1000}, {199'998, 200'000}})) ==
              Words{200'996, 200'997, 200'997, 200'998});
    }
}

TEST_CASE("slice: ranges that do not fit are refused") {
    const Words words = counted(12);
    const TensorView whole = TensorView::of(std::span(words), {3, 4});
    const std::vector<std::vector<Range>> bad = {{{0, 4}}, {{2, 1}},     {{0, 3, 0}},
                                                 {{4}},    {{}, {}, {}}, {{}, {0, 5}}};
    for (const auto& ranges : bad) {
        const auto part = whole.slice(ranges);
        REQUIRE_FALSE(part);
        CHECK(part.error().condition() == Condition::layout);
    }
    CHECK(whole.slice({{3}})->shape() == Shape{0, 4});
}

TEST_CASE("slice: elements below 8 bits, where they are whole bytes in one run") {
    const std::vector<std::uint8_t> bytes = {0x10, 0x32, 0x54, 0x76, 0x98, 0xBA};
    const TensorView nibbles(*find_dtype(Dtype::f4_e2m1fn), {3, 4},
                             StorageView(std::as_bytes(std::span(bytes))));
    const auto row = nibbles.slice({{1, 2}});
    REQUIRE(row);
    const auto row_bytes = row->bytes();
    CHECK((*row_bytes)[0] == std::byte{0x54});
    CHECK(row_bytes->size() == 2);
    CHECK((*nibbles.slice({{1, 2}, {2, 4}})->bytes())[0] == std::byte{0x76});
    CHECK(nibbles.slice({{1, 2}, {1, 3}}).error().condition() == Condition::layout);
    CHECK(nibbles.slice({{0, 1}, {0, 3}}).error().condition() == Condition::layout);
    CHECK(nibbles.slice({{0, 3}, {0, 2}}).error().condition() == Condition::layout);
}

TEST_CASE("slice: no chunk is read that holds none of its elements") {
    // 12 rows of 1.5 chunks.
    const Words words = counted(12 * 393'216);
    for (const Codec codec : {Codec::raw, Codec::zstd}) {
        const FileBytes bytes =
            *save_bytes(one_tensor(TensorView::of(std::span(words), {12, 393'216})), {.codec = codec});
        const auto source = std::make_shared<MeteredSource>(bytes);
        const auto file = Reader::open(source);
        const TensorView whole = *file->tensor("net", "w");
        (void)source->take();
        const std::uint64_t chunk = file->storages()[0].stored_nbytes / 18 + 4096;
        auto chunks_read = [&](const std::vector<Range>& ranges) {
            CHECK(load_words(*whole.slice(ranges)) == expected_of(whole.shape(), ranges));
            return (source->take() + chunk - 1) / chunk;
        };
        CHECK(chunks_read({{2, 3}}) == 2);              // half of the second one
        CHECK(chunks_read({{0, 12, 4}, {0, 1}}) == 3);  // rows 0, 4, 8 begin in chunks 0, 6, 12
        CHECK(chunks_read({{3, 4}, {100'000, 262'144}}) == 2);
        CHECK(chunks_read({{3, 4}, {262'144, 393'216}}) == 1);
        CHECK(chunks_read({{3, 4}, {200'000, 393'216, 3}}) == 1);  // many blocks in one
        CHECK(chunks_read({{5, 5}}) == 0);
    }
}

TEST_CASE("slice: a damaged chunk fails those that need it, and no other") {
    const Words words = counted(4 * 262'144);
    FileBytes bytes = *save_bytes(one_tensor(TensorView::of(std::span(words), {4, 262'144})));
    const auto offset = static_cast<std::size_t>(open_bytes(bytes)->storages()[0].offset);
    bytes[offset + 2 * codec::kChunkNbytes] ^= std::byte{1};
    const testing::ScratchFolder folder;
    std::ofstream(folder / "file", std::ios::binary)
        .write(reinterpret_cast<const char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
    for (const Access access : {Access::mapped, Access::read}) {
        const auto file = Reader::open(folder / "file", {.access = access});
        const TensorView whole = *file->tensor("net", "w");
        CHECK(whole.slice({{0, 2}})->load());
        CHECK(whole.slice({{1, 4, 2}, {0, 1000, 10}})->load());
        const auto part = whole.slice({{0, 4, 2}, {5, 7}})->load();
        REQUIRE_FALSE(part);
        CHECK(part.error().condition() == Condition::chunk_checksum);
        CHECK(part.error().message().find("chunk 2") != std::string::npos);
    }
}

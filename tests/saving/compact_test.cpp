#include <doctest/doctest.h>

#include <numeric>
#include <vector>

#include "support/memory.hpp"

// SaveOptions::compact: a small view of a large storage, whole or packed.
namespace {

using namespace milepost;
using namespace milepost::testing;

using Words = std::vector<std::uint32_t>;

const SaveOptions kCompacted{.compact = true};

/// A matrix of 100 x 50, counted.
const Words& words() {
    static const Words counted = [] {
        Words made(5000);
        std::iota(made.begin(), made.end(), 0U);
        return made;
    }();
    return counted;
}

StorageView storage() {
    return StorageView(std::as_bytes(std::span(words())));
}

TensorView view(Shape shape, std::uint64_t first, Strides strides = {}) {
    return TensorView(*find_dtype(Dtype::u32), std::move(shape), storage(), 4 * first, std::move(strides));
}

Words load_words(const TensorView& tensor) {
    auto loaded = tensor.load();
    REQUIRE(loaded);
    const auto elements = *loaded->as<std::uint32_t>();
    return {elements.begin(), elements.end()};
}

Reader saved(const Checkpoint& checkpoint, const SaveOptions& options) {
    return *open_bytes(*save_bytes(checkpoint, options));
}

}  // namespace

TEST_CASE("compact: one row of a matrix, whole by default, alone when packed") {
    Checkpoint checkpoint;
    checkpoint.model("net")["row"] = view({50}, 150).with_role(Role::buffer);
    const Reader whole = saved(checkpoint, {});
    CHECK(whole.storages()[0].nbytes == 20'000);
    CHECK(whole.tensor("net", "row")->offset() == 600);
    const Reader packed = saved(checkpoint, kCompacted);
    CHECK(packed.storages()[0].nbytes == 200 + 600 % 64);
    const TensorView row = *packed.tensor("net", "row");
    CHECK(row.role() == Role::buffer);
    CHECK(load_words(row) == load_words(view({50}, 150)));
}

TEST_CASE("compact: one column becomes contiguous, and as small as it is") {
    Checkpoint checkpoint;
    checkpoint.model("net")["column"] = view({100}, 7, {50});
    const Reader whole = saved(checkpoint, {});
    CHECK(whole.tensor("net", "column")->strides() == Strides{50});
    const Reader packed = saved(checkpoint, kCompacted);
    const TensorView column = *packed.tensor("net", "column");
    CHECK(packed.storages()[0].nbytes == 400);
    CHECK(column.is_contiguous());
    CHECK(load_words(column) == load_words(view({100}, 7, {50})));
}

TEST_CASE("compact: tied tensors stay tied, and keep their strides") {
    Checkpoint checkpoint;
    StateDict& net = checkpoint.model("net");
    net["a"] = view({2, 3}, 1000, {50, 1});
    net["b"] = view({10}, 1040);
    net["none"] = view({0}, 4999);
    const Reader packed = saved(checkpoint, kCompacted);
    REQUIRE(packed.storages().size() == 1);
    const TensorView a = *packed.tensor("net", "a"), b = *packed.tensor("net", "b");
    CHECK(packed.storages()[0].nbytes == 4 * 1053 - 4000 / 64 * 64);
    CHECK(a.storage() == b.storage());
    CHECK(a.strides() == Strides{50, 1});
    CHECK(b.offset() - a.offset() == 160);
    CHECK(load_words(a) == Words{1000, 1001, 1002, 1050, 1051, 1052});
    CHECK(load_words(b).front() == 1040);
}

TEST_CASE("compact: a tensor without elements, alone on a storage") {
    Checkpoint checkpoint;
    checkpoint.model("net")["none"] = view({3, 0}, 100);
    const Reader packed = saved(checkpoint, kCompacted);
    CHECK(packed.storages()[0].nbytes == 0);
    CHECK(packed.tensor("net", "none")->shape() == Shape{3, 0});
}

TEST_CASE("compact: views of an open file, mapped or not") {
    Checkpoint checkpoint;
    checkpoint.model("net")["w"] = view({100, 50}, 0);
    for (const Codec codec : {Codec::raw, Codec::zstd}) {
        const Reader file = saved(checkpoint, {.codec = codec});
        const TensorView whole = *file.tensor("net", "w");
        Checkpoint parts;
        parts.model("net")["rows"] = *whole.slice({{20, 30}});
        parts.model("net")["tied"] = *whole.slice({{25, 35}, {0, 10}});
        const Reader packed = saved(parts, kCompacted);
        CHECK(load_words(*packed.tensor("net", "rows")) == load_words(view({10, 50}, 1000)));
        CHECK(load_words(*packed.tensor("net", "tied")) == load_words(view({10, 10}, 1250, {50, 1})));
        CHECK(packed.storages().size() == 1);
        CHECK(packed.storages()[0].nbytes < 3200);
    }
}

TEST_CASE("compact: Writer::add writes the tensor alone") {
    MemorySink sink;
    auto writer = Writer::create(sink, kCompacted);
    Checkpoint checkpoint;
    checkpoint.model("net")["column"] = *writer->add(view({100}, 7, {50}));
    checkpoint.model("net")["row"] = *writer->add(view({50}, 160));
    REQUIRE(writer->commit(checkpoint));
    const auto file = open_bytes(sink.bytes());
    CHECK(file->storages()[0].nbytes == 400);
    CHECK(file->storages()[1].nbytes == 200);
    CHECK(load_words(*file->tensor("net", "column")) == load_words(view({100}, 7, {50})));
    CHECK(load_words(*file->tensor("net", "row")) == load_words(view({50}, 160)));
}

TEST_CASE("compact: what is whole is the same file as without") {
    Checkpoint checkpoint;
    checkpoint.model("net")["w"] = view({100, 50}, 0);
    CHECK(*save_bytes(checkpoint, kCompacted) == *save_bytes(checkpoint));
}

TEST_CASE("compact: a part of a storage of an open file, read along its strides") {
    Checkpoint checkpoint;
    checkpoint.model("net")["w"] = view({100, 50}, 0);
    const Reader file = saved(checkpoint, {});
    const StorageView part = file.tensor("net", "w")->storage().part(400, 20'000).value();
    const TensorView column(*find_dtype(Dtype::u32), {3}, part, 8, {50});
    CHECK(load_words(column) == Words{102, 152, 202});
    CHECK(*part.part(0, 4) == *file.tensor("net", "w")->storage().part(400, 404));
    CHECK(*part.part(0, 4) != *file.tensor("net", "w")->storage().part(0, 4));
}

TEST_CASE("compact: a transposed tensor keeps its strides: contiguous, it would not be smaller") {
    for (const std::uint64_t first : {0U, 7U}) {
        Checkpoint checkpoint;
        checkpoint.model("net")["transposed"] = view({20, 50}, first, {1, 20});
        const Reader packed = saved(checkpoint, kCompacted);
        CHECK(packed.tensor("net", "transposed")->strides() == Strides{1, 20});
        CHECK(load_words(*packed.tensor("net", "transposed")) == load_words(view({20, 50}, first, {1, 20})));
    }
}

TEST_CASE("compact: an expanded tensor stays as it is: contiguous, it would be larger than its storage") {
    Checkpoint checkpoint;
    checkpoint.model("net")["expanded"] = view({5000, 5000}, 3, {0, 0});
    const Reader packed = saved(checkpoint, kCompacted);
    CHECK(packed.storages()[0].nbytes <= 64);
    CHECK(packed.tensor("net", "expanded")->strides() == Strides{0, 0});
    CHECK(load_words(*packed.tensor("net", "expanded")->slice({{7, 8}, {0, 2}})) == Words{3, 3});
}

TEST_CASE("compact: elements whose size is not a power of two stay aligned") {
    const std::vector<std::byte> bytes(std::size_t{1} << 17U);
    for (const int nbits : {24, 96, 1016, 1680, 65528}) {
        const auto bits = static_cast<std::uint16_t>(nbits);
        const std::uint64_t nbytes = bits / 8U;
        const DtypeInfo odd{static_cast<Dtype>(100), bits, "odd"};
        Checkpoint checkpoint;
        checkpoint.model("net")["w"] = TensorView(odd, {2}, StorageView(bytes), 7 * nbytes);
        const auto file = save_bytes(checkpoint, kCompacted);
        REQUIRE_MESSAGE(file, file.error().message());
        CHECK(open_bytes(*file)->storages()[0].nbytes <= 9 * nbytes);
    }
}

#include <doctest/doctest.h>

#include <algorithm>
#include <vector>

#include "support/memory.hpp"
#include "support/samples.hpp"
#include "support/sizes.hpp"

// Tensors that a Writer is given in pieces.
namespace {

using namespace milepost;
using namespace milepost::testing;

/// The file of one u8 tensor, its bytes cut at every `cut`.
Result<FileBytes> save_in_pieces(std::span<const std::byte> bytes, std::size_t cut,
                                 const SaveOptions& options) {
    MemorySink sink;
    auto writer = Writer::create(sink, options);
    if (auto begun = writer->begin_tensor(Dtype::u8, {bytes.size()}); !begun) return std::move(begun).error();
    for (std::size_t at = 0; at < bytes.size(); at += cut) {
        const std::vector<std::byte> piece(
            bytes.begin() + static_cast<std::ptrdiff_t>(at),
            bytes.begin() + static_cast<std::ptrdiff_t>(std::min(at + cut, bytes.size())));
        if (auto appended = writer->append(piece); !appended) return std::move(appended).error();
    }
    auto tensor = writer->end_tensor();
    if (!tensor) return std::move(tensor).error();
    Checkpoint checkpoint;
    checkpoint.model("net")["w"] = *tensor;
    if (auto committed = writer->commit(checkpoint); !committed) return std::move(committed).error();
    return sink.bytes();
}

Checkpoint whole(std::span<const std::byte> bytes) {
    Checkpoint checkpoint;
    checkpoint.model("net")["w"] = TensorView(*find_dtype(Dtype::u8), {bytes.size()}, StorageView(bytes));
    return checkpoint;
}

/// Half of it noise, half not.
std::vector<std::byte> content(std::size_t nbytes) {
    std::vector<std::byte> bytes = make_bytes(nbytes, 5);
    for (std::size_t i = 0; i < nbytes; i += 3)
        bytes[i] = std::byte{7};
    return bytes;
}

Writer writer_into(MemorySink& sink) {
    return *Writer::create(sink);
}

}  // namespace

TEST_CASE("pieces: the file is the same however the bytes are cut, and as when added whole") {
    const std::vector<std::byte> bytes = content(10 * kMib + 77);
    for (const Codec codec : {Codec::raw, Codec::zstd, Codec::automatic}) {
        for (const unsigned threads : {1U, 2U}) {
            const SaveOptions options{.codec = codec, .threads = threads};
            const FileBytes expected = *save_bytes(whole(bytes), options);
            for (const std::size_t cut : {bytes.size(), 8 * kMib + 1, 3 * kMib, std::size_t{70'001}}) {
                const auto file = save_in_pieces(bytes, cut, options);
                REQUIRE(file);
                CHECK_MESSAGE(*file == expected, "codec " << static_cast<int>(codec) << ", cut " << cut);
            }
        }
    }
}

TEST_CASE("pieces: the first 8 MiB decide an automatic codec, however they are cut") {
    std::vector<std::byte> bytes = make_bytes(8 * kMib, 5);  // noise
    bytes.resize(32 * kMib);
    const SaveOptions options{.codec = Codec::automatic};
    const FileBytes expected = *save_in_pieces(bytes, kMib, options);
    CHECK(open_bytes(expected)->storages()[0].codec == Codec::raw);
    CHECK(*save_in_pieces(bytes, bytes.size(), options) == expected);
    CHECK(*save_in_pieces(bytes, 9 * kMib, options) == expected);
}

TEST_CASE("pieces: of every size around a run and a chunk") {
    for (const std::size_t nbytes : {std::size_t{0}, std::size_t{1}, kMib - 1, kMib, kMib + 1, 8 * kMib - 1,
                                     8 * kMib, 8 * kMib + 1, 9 * kMib}) {
        const std::vector<std::byte> bytes = content(nbytes);
        const FileBytes expected = *save_bytes(whole(bytes));
        for (const std::size_t cut : {std::size_t{kMib}, std::size_t{16 * kMib}})
            CHECK(*save_in_pieces(bytes, cut, {}) == expected);
    }
}

TEST_CASE("pieces: between other tensors, each in its storage") {
    MemorySink sink;
    Writer writer = writer_into(sink);
    const std::vector<std::byte> bytes = content(2 * kMib + 5);
    const std::vector<float> before = {1, 2}, after = {3};
    Checkpoint checkpoint;
    StateDict& net = checkpoint.model("net");
    net["before"] = *writer.add(TensorView::of(std::span(before), {2}));
    REQUIRE(writer.begin_tensor(Dtype::u8, {5, bytes.size() / 5}));
    REQUIRE(writer.append(std::span(bytes).first(kMib + 1)));
    REQUIRE(writer.append({}));
    REQUIRE(writer.append(std::span(bytes).subspan(kMib + 1, bytes.size() / 5 * 5 - kMib - 1)));
    net["pieces"] = writer.end_tensor()->with_role(Role::parameter, true);
    net["after"] = TensorView::of(std::span(after), {1});
    REQUIRE(writer.commit(checkpoint));
    const auto file = open_bytes(sink.bytes());
    REQUIRE(file);
    CHECK(verify(*file)->ok());
    const TensorView tensor = *file->tensor("net", "pieces");
    CHECK(tensor.shape() == Shape{5, bytes.size() / 5});
    CHECK(tensor.requires_grad());
    const auto found = *tensor.bytes();
    CHECK(std::equal(found.begin(), found.end(), bytes.begin()));
    CHECK((*file->tensor("net", "after")->as<float>())[0] == 3);
}

TEST_CASE("pieces: more or fewer bytes than the tensor has") {
    const std::vector<std::byte> bytes(100);
    MemorySink sink;
    SUBCASE("more") {
        Writer writer = writer_into(sink);
        REQUIRE(writer.begin_tensor(Dtype::f32, {24}));
        REQUIRE(writer.append(std::span(bytes).first(96)));
        const auto appended = writer.append(std::span(bytes).first(1));
        REQUIRE_FALSE(appended);
        CHECK(appended.error().condition() == Condition::layout);
        CHECK(appended.error().message() == "streamed tensor [24]: expected 96 bytes, found 97");
        CHECK_FALSE(writer.commit({}));
    }
    SUBCASE("fewer") {
        Writer writer = writer_into(sink);
        REQUIRE(writer.begin_tensor(Dtype::f32, {26}));
        REQUIRE(writer.append(bytes));
        const auto ended = writer.end_tensor();
        REQUIRE_FALSE(ended);
        CHECK(ended.error().message() == "streamed tensor [26]: expected 104 bytes, found 100");
    }
}

TEST_CASE("pieces: calls in another order are refused") {
    const std::vector<float> one = {1};
    const TensorView tensor = TensorView::of(std::span(one), {1});
    auto begun = [](MemorySink& sink) {
        Writer writer = writer_into(sink);
        REQUIRE(writer.begin_tensor(Dtype::f32, {1}));
        return writer;
    };
    MemorySink a, b, c, d, e;
    CHECK(writer_into(a).append({}).error().condition() == Condition::option);
    CHECK(writer_into(a).end_tensor().error().condition() == Condition::option);
    CHECK(begun(b).add(tensor).error().condition() == Condition::option);
    CHECK(begun(c).commit({}).error().condition() == Condition::option);
    CHECK(begun(d).begin_tensor(Dtype::f32, {1}).error().condition() == Condition::option);
    CHECK(writer_into(e).begin_tensor(static_cast<Dtype>(99), {1}).error().condition() == Condition::dtype);
}

TEST_CASE("pieces: a shape that cannot be, and elements that do not fill bytes") {
    MemorySink a, b, c;
    CHECK(writer_into(c).begin_tensor(Dtype::u8, Shape(65, 1)).error().condition() == Condition::rank);
    CHECK(writer_into(a).begin_tensor(Dtype::f64, {1ULL << 62U}).error().condition() == Condition::layout);
    CHECK(writer_into(b).begin_tensor(Dtype::f4_e2m1fn, {3}).error().condition() == Condition::layout);
}

TEST_CASE("pieces: an error of the sink ends the writer") {
    MemorySink sink(0);
    Writer writer = writer_into(sink);
    REQUIRE(writer.begin_tensor(Dtype::u8, {40 * kMib}));
    const std::vector<std::byte> bytes(8 * kMib);
    Result<void> appended;
    for (int i = 0; i < 5 && appended; ++i)
        appended = writer.append(bytes);
    REQUIRE_FALSE(appended);
    CHECK(appended.error().condition() == Condition::write);
    CHECK(writer.end_tensor().error().condition() == Condition::write);
}

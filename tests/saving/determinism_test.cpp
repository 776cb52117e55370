#include <doctest/doctest.h>

#include "support/memory.hpp"
#include "support/samples.hpp"

// Same input, same bytes: docs/format.md, section 10.
namespace {

using namespace milepost;
using namespace milepost::testing;

/// 40 chunks in storages of all sizes, empty ones among them.
Checkpoint many_storages() {
    static const std::vector<std::byte> ramp = make_bytes(std::size_t{21} << 20U, 0);
    static const std::vector<std::byte> noise = make_bytes(std::size_t{15} << 20U, 3);
    const auto u8 = *find_dtype(Dtype::u8);
    Checkpoint checkpoint;
    StateDict& model = checkpoint.model("model");
    for (std::size_t i = 0; i < 12; ++i) {
        const auto& from = i % 3 == 0 ? noise : ramp;
        const std::size_t nbytes = i % 4 == 1 ? 0 : i * i * 60'000 + i;
        const StorageView storage{std::span(from).subspan(i, nbytes)};
        model["tensor " + std::to_string(i)] = TensorView(u8, {nbytes}, storage);
    }
    model["large"] = TensorView(u8, {ramp.size()}, StorageView(ramp));
    return checkpoint;
}

}  // namespace

TEST_CASE("determinism: the bytes do not depend on the number of threads") {
    const Checkpoint checkpoint = many_storages();
    for (const Codec codec : {Codec::raw, Codec::zstd, Codec::automatic}) {
        const auto expected = save_bytes(checkpoint, {.codec = codec, .threads = 1});
        REQUIRE(expected);
        for (const unsigned threads : {2U, 5U, 16U}) {
            INFO("codec " << static_cast<int>(codec) << ", threads " << threads);
            const auto found = save_bytes(checkpoint, {.codec = codec, .threads = threads});
            REQUIRE(found);
            CHECK((*found == *expected));
        }
    }
}

TEST_CASE("determinism: two saves give the same bytes") {
    for (const Checkpoint& checkpoint :
         {every_value(), every_dtype(), several_optimizers(), named_params(), several_models()}) {
        CHECK((*save_bytes(checkpoint) == *save_bytes(checkpoint)));
    }
}

TEST_CASE("determinism: a set is saved in one order, whatever the order of its items") {
    const Checkpoint forward = one_value(Set{{1, 2, "a", nullptr, 0.5}});
    const Checkpoint backward = one_value(Set{{0.5, nullptr, "a", 2, 1}});
    CHECK((*save_bytes(forward) == *save_bytes(backward)));
}

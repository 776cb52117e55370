#include <doctest/doctest.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <random>
#include <span>
#include <vector>

#include "support/memory.hpp"

// What the automatic choice of a codec makes of Adam's state, whose exp_avg_sq is never negative and has
// scales that differ from row to row: docs/design.md, section 6.
namespace {

using namespace milepost;
using namespace milepost::testing;

constexpr std::size_t kRows = 256, kColumns = 1024, kSteps = 60;

struct Moments {
    std::vector<float> exp_avg = std::vector<float>(kRows * kColumns);
    std::vector<float> exp_avg_sq = std::vector<float>(kRows * kColumns);
};

/// As after `kSteps` of AdamW with gradients that are normal, of a scale for each row and a milder one for
/// each column. A row of `unused` ones of 16 never had a gradient, as in an embedding.
Moments trained(unsigned unused, unsigned seed) {
    std::mt19937 random(seed);
    std::normal_distribution<float> normal;
    std::vector<float> columns(kColumns);
    for (float& column : columns)
        column = std::exp(0.5F * normal(random));
    Moments moments;
    for (std::size_t row = 0; row < kRows; ++row) {
        const float scale = row % 16 < unused ? 0 : 1e-3F * std::exp(2 * normal(random));
        for (std::size_t i = row * kColumns; i < (row + 1) * kColumns; ++i) {
            for (std::size_t step = 0; step < kSteps && scale != 0; ++step) {
                const float gradient = scale * columns[i % kColumns] * normal(random);
                moments.exp_avg[i] += 0.1F * (gradient - moments.exp_avg[i]);
                moments.exp_avg_sq[i] += 0.001F * (gradient * gradient - moments.exp_avg_sq[i]);
            }
        }
    }
    return moments;
}

std::vector<std::uint16_t> to_bf16(const std::vector<float>& numbers) {
    std::vector<std::uint16_t> halves;
    for (const float number : numbers)
        halves.push_back(static_cast<std::uint16_t>((std::bit_cast<std::uint32_t>(number) + 0x8000U) >> 16U));
    return halves;
}

std::uint64_t stored_nbytes(Dtype dtype, std::span<const std::byte> bytes, const SaveOptions& options) {
    Checkpoint checkpoint;
    const auto info = *find_dtype(dtype);
    checkpoint.model("model")["tensor"] =
        TensorView(info, {bytes.size() * 8 / info.bits}, StorageView(bytes));
    const auto file = open_bytes(*save_bytes(checkpoint, options));
    REQUIRE(file);
    return file->storages().front().stored_nbytes;
}

void check_choice(Dtype dtype, std::span<const std::byte> bytes, double least_ratio) {
    const std::uint64_t by_zstd = stored_nbytes(dtype, bytes, {.codec = Codec::zstd, .zstd_level = 1});
    const std::uint64_t automatic = stored_nbytes(dtype, bytes, {.codec = Codec::automatic, .zstd_level = 1});
    const std::uint64_t smallest = stored_nbytes(dtype, bytes, {.codec = Codec::smallest, .zstd_level = 1});
    CHECK(automatic <= bytes.size());
    CHECK(automatic <= by_zstd);
    CHECK(smallest <= automatic);
    CHECK(static_cast<double>(bytes.size()) / static_cast<double>(automatic) >= least_ratio);
}

}  // namespace

TEST_CASE("automatic codec: Adam's state does not lose against zstd or raw") {
    for (const unsigned unused : {0U, 1U, 8U}) {
        CAPTURE(unused);
        const Moments moments = trained(unused, 3 + unused);
        const auto check = [&](const std::vector<float>& numbers, double f32_ratio, double bf16_ratio) {
            check_choice(Dtype::f32, std::as_bytes(std::span(numbers)), f32_ratio);
            const std::vector<std::uint16_t> halves = to_bf16(numbers);
            check_choice(Dtype::bf16, std::as_bytes(std::span(halves)), bf16_ratio);
        };
        check(moments.exp_avg, 1.14, 1.25);
        check(moments.exp_avg_sq, 1.14, 1.25);
    }
}

TEST_CASE("automatic codec: the sample begins with whole words, whatever the size") {
    // Among these counts, parts at a third of the storage would begin within a word.
    std::mt19937 random(1);
    std::vector<std::uint16_t> halves(200'000);
    for (std::uint16_t& half : halves)
        half = static_cast<std::uint16_t>((0x3000U + random() % 0x0A00U) ^ (random() & 0x83FFU));
    // A third of some of these sizes is within a word.
    for (std::size_t count = halves.size() - 6; count < halves.size(); ++count) {
        CAPTURE(count);
        const auto bytes = std::as_bytes(std::span(halves).first(count));
        const std::uint64_t planes = stored_nbytes(Dtype::f16, bytes, {.codec = Codec::planes});
        const std::uint64_t zstd = stored_nbytes(Dtype::f16, bytes, {.codec = Codec::zstd});
        CHECK(stored_nbytes(Dtype::f16, bytes, {.codec = Codec::smallest}) <= std::min(planes, zstd));
    }
}

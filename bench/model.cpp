#include "model.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <numbers>
#include <random>
#include <span>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include <milepost/checkpoint.hpp>
#include <milepost/dtype.hpp>
#include <milepost/tensor.hpp>

#include "parallel.hpp"

namespace bench {

namespace {

constexpr float kDeviation = 0.02F;
constexpr std::size_t kBlock = std::size_t{1} << 20U;  // values of one sequence of random numbers

std::uint16_t bf16_of(float value) {
    const auto bits = std::bit_cast<std::uint32_t>(value);
    return static_cast<std::uint16_t>((bits + 0x7FFFU + ((bits >> 16U) & 1U)) >> 16U);
}

/// Rounds to nearest, ties to even. Requires: less than 1 in magnitude, as weights are.
std::uint16_t f16_of(float value) {
    const auto sign = static_cast<std::uint32_t>(std::signbit(value)) << 15U;
    const float magnitude = std::fabs(value);
    // Below 2^-14 the steps of f16 are 2^-24 wide; adding a number whose steps are as wide rounds to them.
    if (magnitude < 0x1p-14F) {
        const float rounded = magnitude + 0.5F;
        return static_cast<std::uint16_t>(
            sign | (std::bit_cast<std::uint32_t>(rounded) - std::bit_cast<std::uint32_t>(0.5F)));
    }
    const auto bits = std::bit_cast<std::uint32_t>(magnitude) - (112U << 23U);
    return static_cast<std::uint16_t>(sign | ((bits + 0xFFFU + ((bits >> 13U) & 1U)) >> 13U));
}

template <class Store>
void fill_values(std::uint64_t seed, std::size_t count, Store store) {
    const std::size_t threads = std::thread::hardware_concurrency();
    in_parallel(threads, [&](std::size_t thread) {
        for (std::size_t block = thread; block * kBlock < count; block += threads) {
            std::mt19937_64 random(seed * 1'000'003 + block);
            const std::size_t end = std::min(count, (block + 1) * kBlock);
            for (std::size_t i = block * kBlock; i < end; i += 2) {
                // Box and Muller: two uniform numbers give two normal ones.
                const std::uint64_t bits = random();
                const float radius =
                    kDeviation *
                    std::sqrt(-2.0F * std::log((static_cast<float>(bits >> 40U) + 1.0F) * 0x1p-24F));
                const float angle = 2.0F * std::numbers::pi_v<float> *
                                    static_cast<float>((bits >> 16U) & 0xFFFFFFU) * 0x1p-24F;
                store(i, radius * std::cos(angle));
                if (i + 1 < end) store(i + 1, radius * std::sin(angle));
            }
        }
    });
}

struct LayerPart {
    const char* name;
    milepost::Shape shape;
};

const std::vector<LayerPart>& parts_of_layer() {
    static const std::vector<LayerPart> kParts = {
        {"attention.query.weight", {1024, 1024}},
        {"attention.key.weight", {1024, 1024}},
        {"attention.value.weight", {1024, 1024}},
        {"attention.output.weight", {1024, 1024}},
        {"mlp.up.weight", {4096, 1024}},
        {"mlp.down.weight", {1024, 4096}},
        {"norm.weight", {1024}},
        {"norm.bias", {1024}},
    };
    return kParts;
}

}  // namespace

void fill_normal(milepost::Dtype dtype, std::span<std::byte> to, std::uint64_t seed) {
    auto* const words = reinterpret_cast<std::uint16_t*>(to.data());
    auto* const floats = reinterpret_cast<float*>(to.data());
    switch (dtype) {
        case milepost::Dtype::f32:
            return fill_values(seed, to.size() / 4, [=](std::size_t i, float value) { floats[i] = value; });
        case milepost::Dtype::bf16:
            return fill_values(seed, to.size() / 2,
                               [=](std::size_t i, float value) { words[i] = bf16_of(value); });
        case milepost::Dtype::f16:
            return fill_values(seed, to.size() / 2,
                               [=](std::size_t i, float value) { words[i] = f16_of(value); });
        default:
            throw std::invalid_argument("weights are f32, bf16 or f16");
    }
}

Model::Model(milepost::Dtype dtype, std::size_t nbytes, std::uint64_t seed) : dtype_(dtype), arena_(nbytes) {
    const std::size_t width = milepost::find_dtype(dtype)->bits / 8;
    for (std::size_t layer = 0;; ++layer) {
        for (const LayerPart& part : parts_of_layer()) {
            std::size_t size = width;
            for (const std::uint64_t dim : part.shape)
                size *= dim;
            if (nbytes_ + size > nbytes) {
                fill_normal(dtype, bytes(), seed);
                return;
            }
            entries_.push_back(
                {"layers." + std::to_string(layer) + "." + part.name, part.shape, nbytes_, size});
            nbytes_ += size;
        }
    }
}

milepost::Checkpoint Model::checkpoint_in(std::span<const std::byte> memory) const {
    milepost::Checkpoint checkpoint;
    milepost::StateDict& model = checkpoint.model("model");
    for (const Entry& entry : entries_) {
        model[entry.name] =
            milepost::TensorView(*milepost::find_dtype(dtype_), entry.shape,
                                 milepost::StorageView(memory.subspan(entry.offset, entry.nbytes)));
    }
    return checkpoint;
}

}  // namespace bench

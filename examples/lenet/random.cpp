#include "random.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <numeric>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "failure.hpp"

namespace lenet {
namespace {

// Where PyTorch keeps what, in bytes. All numbers are little-endian.
constexpr std::size_t kSeedAt = 0;       // u64
constexpr std::size_t kLeftAt = 8;       // i32
constexpr std::size_t kSeededAt = 12;    // i32, 1
constexpr std::size_t kNextAt = 16;      // u64
constexpr std::size_t kWordsAt = 24;     // 624 times u64, each holding 32 bits
constexpr std::size_t kNormalAt = 5016;  // 40 bytes

constexpr std::uint32_t kWords = 624;
constexpr std::uint32_t kShift = 397;

void put(std::span<std::byte> to, std::uint64_t number) {
    for (std::byte& byte : to) {
        byte = static_cast<std::byte>(number & 0xFFU);
        number >>= 8U;
    }
}

std::uint64_t get(std::span<const std::byte> from) {
    std::uint64_t number = 0;
    for (std::size_t i = from.size(); i-- > 0;)
        number = number << 8U | std::to_integer<std::uint64_t>(from[i]);
    return number;
}

}  // namespace

Generator::Generator(std::uint64_t seed) : seed_(seed) {
    words_[0] = static_cast<std::uint32_t>(seed);
    for (std::uint32_t i = 1; i < kWords; ++i) {
        words_[i] = 1812433253U * (words_[i - 1] ^ words_[i - 1] >> 30U) + i;
    }
}

void Generator::refill() {
    for (std::uint32_t i = 0; i < kWords; ++i) {
        const std::uint32_t mixed = (words_[i] & 0x80000000U) | (words_[(i + 1) % kWords] & 0x7FFFFFFFU);
        const std::uint32_t twist = (mixed & 1U) != 0 ? 0x9908B0DFU : 0U;
        words_[i] = words_[(i + kShift) % kWords] ^ mixed >> 1U ^ twist;
    }
    left_ = kWords;
    next_ = 0;
}

std::uint32_t Generator::draw() {
    if (--left_ == 0) refill();
    std::uint32_t word = words_[next_++];
    word ^= word >> 11U;
    word ^= word << 7U & 0x9D2C5680U;
    word ^= word << 15U & 0xEFC60000U;
    return word ^ word >> 18U;
}

std::int64_t Generator::draw_i64() {
    const std::uint64_t high = draw();
    const std::uint64_t low = draw();
    return static_cast<std::int64_t>((high << 32U | low) & 0x7FFFFFFFFFFFFFFFU);
}

float Generator::draw_uniform(double low, double high) {
    const auto from = static_cast<float>(low);
    const float width = static_cast<float>(high) - from;
    const float unit = static_cast<float>(draw() & 0xFFFFFFU) * 0x1p-24F;
    return std::fma(unit, width, from);
}

Generator::State Generator::encode() const {
    State state = {};
    const std::span<std::byte> bytes(state);
    put(bytes.subspan(kSeedAt, 8), seed_);
    put(bytes.subspan(kLeftAt, 4), left_);
    put(bytes.subspan(kSeededAt, 4), 1);
    put(bytes.subspan(kNextAt, 8), next_);
    for (std::size_t i = 0; i < kWords; ++i)
        put(bytes.subspan(kWordsAt + 8 * i, 8), words_[i]);
    std::copy(normal_cache_.begin(), normal_cache_.end(), bytes.subspan(kNormalAt).begin());
    return state;
}

Generator Generator::decode(std::span<const std::byte> state) {
    if (state.size() != kStateNbytes) {
        throw Failure("random state: expected " + std::to_string(kStateNbytes) + " bytes, found " +
                      std::to_string(state.size()));
    }
    Generator generator(get(state.subspan(kSeedAt, 8)));
    const std::uint64_t left = get(state.subspan(kLeftAt, 4));
    const std::uint64_t next = get(state.subspan(kNextAt, 8));
    // Either just seeded, or `left` falls as `next` rises.
    const bool fresh = left == 1 && next == 0;
    const bool running = left >= 1 && left <= kWords && next == kWords + 1 - left;
    if (get(state.subspan(kSeededAt, 4)) != 1 || !(fresh || running)) {
        throw Failure("random state: expected a seeded generator, found left " + std::to_string(left) +
                      ", next " + std::to_string(next));
    }
    generator.left_ = static_cast<std::uint32_t>(left);
    generator.next_ = static_cast<std::uint32_t>(next);
    for (std::size_t i = 0; i < kWords; ++i) {
        generator.words_[i] = static_cast<std::uint32_t>(get(state.subspan(kWordsAt + 8 * i, 8)));
    }
    std::copy(state.begin() + kNormalAt, state.end(), generator.normal_cache_.begin());
    return generator;
}

std::vector<std::int64_t> random_permutation(std::size_t n, Generator& generator) {
    std::vector<std::int64_t> numbers(n);
    std::iota(numbers.begin(), numbers.end(), 0);
    for (std::size_t i = 0; i + 1 < n; ++i) {
        std::swap(numbers[i], numbers[i + generator.draw() % (n - i)]);
    }
    return numbers;
}

}  // namespace lenet

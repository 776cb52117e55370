#include "format/name_order.hpp"

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstring>
#include <string_view>

#ifdef __x86_64__
#include <immintrin.h>
#endif

namespace milepost::format {
namespace {

/// Names share long beginnings, so they are compared this many bytes at a time.
constexpr std::size_t kBlock = 32;

#ifdef __x86_64__
namespace avx2 {

#define MILEPOST_TARGET __attribute__((target("avx2,bmi")))

using Block = __m256i;

MILEPOST_TARGET inline Block load(const char* from) noexcept {
    return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(from));
}

/// kBlock if there is none.
MILEPOST_TARGET inline std::size_t first_difference(Block a, Block b) noexcept {
    const auto equal = static_cast<std::uint32_t>(_mm256_movemask_epi8(_mm256_cmpeq_epi8(a, b)));
    return _tzcnt_u32(~equal);
}

#include "format/name_order_pass.inc"
#undef MILEPOST_TARGET

}  // namespace avx2
#endif

namespace portable {

#define MILEPOST_TARGET

struct Block {
    std::uint64_t words[kBlock / sizeof(std::uint64_t)];
};

Block load(const char* from) noexcept {
    Block block;
    std::memcpy(&block, from, sizeof block);
    return block;
}

std::size_t first_difference(const Block& a, const Block& b) noexcept {
    std::size_t at = 0;
    for (const std::uint64_t word : {a.words[0] ^ b.words[0], a.words[1] ^ b.words[1],
                                     a.words[2] ^ b.words[2], a.words[3] ^ b.words[3]}) {
        if (word != 0) return at + static_cast<std::size_t>(std::countr_zero(word)) / 8;
        at += sizeof word;
    }
    return at;
}

#include "format/name_order_pass.inc"
#undef MILEPOST_TARGET

}  // namespace portable

bool all_below(std::span<const std::uint32_t> numbers, std::size_t count) noexcept {
    std::uint32_t greatest = 0;
    for (const std::uint32_t number : numbers)
        greatest = std::max(greatest, number);
    return numbers.empty() || greatest < count;
}

}  // namespace

bool names_strictly_ascend(const StringTable& names, std::span<const std::uint32_t> order,
                           std::uint32_t first) noexcept {
#ifdef __x86_64__
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("bmi"))
        return all_below(order, order.size()) && avx2::pass(names, order, first);
#endif
    return names_strictly_ascend_portable(names, order, first);
}

bool names_strictly_ascend_portable(const StringTable& names, std::span<const std::uint32_t> order,
                                    std::uint32_t first) noexcept {
    return all_below(order, order.size()) && portable::pass(names, order, first);
}

}  // namespace milepost::format

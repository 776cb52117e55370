#include "base/stream_copy.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>

#ifdef __SSE2__
#include <emmintrin.h>
#endif

namespace milepost::base {
namespace {

void copy(const std::byte* from, std::byte* to, std::size_t nbytes) noexcept {
    if (nbytes != 0) std::memcpy(to, from, nbytes);
}

#ifdef __SSE2__
constexpr std::size_t kLineNbytes = 64;

/// Requires: `to` is at a multiple of kLineNbytes.
void stream_line(const std::byte* from, std::byte* to) noexcept {
    constexpr std::size_t kVectors = kLineNbytes / sizeof(__m128i);
    __m128i line[kVectors];
    for (std::size_t i = 0; i < kVectors; ++i)
        line[i] = _mm_loadu_si128(reinterpret_cast<const __m128i*>(from) + i);
    for (std::size_t i = 0; i < kVectors; ++i)
        _mm_stream_si128(reinterpret_cast<__m128i*>(to) + i, line[i]);
}
#endif

}  // namespace

void stream_copy(std::span<const std::byte> from, std::span<std::byte> to) noexcept {
    std::size_t at = 0;
#ifdef __SSE2__
    const std::size_t past_line = reinterpret_cast<std::uintptr_t>(to.data()) % kLineNbytes;
    at = std::min(to.size(), (kLineNbytes - past_line) % kLineNbytes);
    copy(from.data(), to.data(), at);
    for (; to.size() - at >= kLineNbytes; at += kLineNbytes)
        stream_line(from.data() + at, to.data() + at);
    _mm_sfence();  // so that another thread that is told of the copy sees it
#endif
    copy(from.data() + at, to.data() + at, to.size() - at);
}

}  // namespace milepost::base

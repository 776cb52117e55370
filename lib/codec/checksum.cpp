#include "codec/checksum.hpp"

#ifdef MILEPOST_XXHASH_DISPATCH
#include <xxh_x86dispatch.h>
#endif
#include <xxhash.h>

#include <cstring>

namespace milepost::codec {

Digest checksum128(std::span<const std::byte> bytes) noexcept {
#ifdef MILEPOST_XXHASH_DISPATCH
    const XXH128_hash_t hash = XXH3_128bits_dispatch(bytes.data(), bytes.size());
#else
    const XXH128_hash_t hash = XXH3_128bits(bytes.data(), bytes.size());
#endif
    XXH128_canonical_t canonical;
    XXH128_canonicalFromHash(&canonical, hash);
    Digest digest;
    static_assert(sizeof canonical.digest == sizeof digest);
    std::memcpy(digest.data(), canonical.digest, digest.size());
    return digest;
}

Digest64 checksum64(std::span<const std::byte> bytes) noexcept {
    XXH64_canonical_t canonical;
    XXH64_canonicalFromHash(&canonical, XXH3_64bits(bytes.data(), bytes.size()));
    Digest64 digest;
    static_assert(sizeof canonical.digest == sizeof digest);
    std::memcpy(digest.data(), canonical.digest, digest.size());
    return digest;
}

std::string to_hex(std::span<const std::byte> bytes) {
    constexpr char kDigits[] = "0123456789abcdef";
    std::string text;
    text.reserve(bytes.size() * 2);
    for (const std::byte byte : bytes) {
        text += kDigits[std::to_integer<unsigned>(byte >> 4)];
        text += kDigits[std::to_integer<unsigned>(byte & std::byte{15})];
    }
    return text;
}

}  // namespace milepost::codec

#include "codec/hashing_copy.hpp"

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <memory>
#include <span>

#include "codec/checksum.hpp"

namespace milepost::codec {
namespace {

/// What is copied and then hashed at a time. While it is hashed, in steps, the processor fetches as much of
/// what comes next: a quarter less time than without, for bytes that are in no cache. Measured from 4 to 16
/// KiB.
constexpr std::size_t kBlockNbytes = std::size_t{4} << 10U;
constexpr std::size_t kStepNbytes = std::size_t{1} << 10U;
constexpr std::size_t kCacheLineNbytes = 64;

void prefetch(std::span<const std::byte> bytes) noexcept {
    for (std::size_t at = 0; at < bytes.size(); at += kCacheLineNbytes)
        __builtin_prefetch(bytes.data() + at);
}

}  // namespace

Digest HashingCopy::copy(std::span<const std::byte> from, std::span<std::byte> to,
                         std::span<std::byte> rest) {
    if (from.size() <= kBlockNbytes && rest.empty()) {
        if (!from.empty()) std::memcpy(to.data(), from.data(), from.size());
        return checksum128(to);
    }
    if (checksum_ == nullptr) checksum_ = std::make_unique<RunningChecksum>();
    for (std::span<std::byte> part : {to, rest}) {
        while (!part.empty()) {
            const auto block = part.first(std::min(kBlockNbytes, part.size()));
            std::memcpy(block.data(), from.data(), block.size());
            part = part.subspan(block.size());
            from = from.subspan(block.size());
            hash(block, from);
        }
    }
    return checksum_->finish();
}

void HashingCopy::hash(std::span<const std::byte> block, std::span<const std::byte> next) noexcept {
    for (std::size_t at = 0; at < block.size(); at += kStepNbytes) {
        if (at < next.size()) prefetch(next.subspan(at, std::min(kStepNbytes, next.size() - at)));
        checksum_->update(block.subspan(at, std::min(kStepNbytes, block.size() - at)));
    }
}

}  // namespace milepost::codec

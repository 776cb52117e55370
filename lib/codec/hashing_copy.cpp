#include "codec/hashing_copy.hpp"

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <memory>
#include <span>

#include "codec/checksum.hpp"

namespace milepost::codec {

Digest HashingCopy::copy(std::span<const std::byte> from, std::span<std::byte> to,
                         std::span<std::byte> rest) {
    constexpr std::size_t kBlockNbytes = std::size_t{16} << 10U;  // fits into the fastest cache, twice
    if (from.size() <= kBlockNbytes && rest.empty()) {
        if (!from.empty()) std::memcpy(to.data(), from.data(), from.size());
        return checksum128(to);
    }
    if (checksum_ == nullptr) checksum_ = std::make_unique<RunningChecksum>();
    for (std::span<std::byte> part : {to, rest}) {
        while (!part.empty()) {
            const auto block = part.first(std::min(kBlockNbytes, part.size()));
            std::memcpy(block.data(), from.data(), block.size());
            checksum_->update(block);
            part = part.subspan(block.size());
            from = from.subspan(block.size());
        }
    }
    return checksum_->finish();
}

}  // namespace milepost::codec

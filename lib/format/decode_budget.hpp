#pragma once

#include <cstdint>

#include <milepost/error.hpp>

#include "base/message.hpp"

namespace milepost::format {

/// Counts the memory that decoded data takes, before it is allocated: Limits::max_decoded_bytes.
class DecodeBudget {
public:
    explicit DecodeBudget(std::uint64_t limit) noexcept : limit_(limit), left_(limit) {}

    /// False if the limit is reached; then nothing is counted.
    [[nodiscard]] bool take(std::uint64_t nbytes) noexcept {
        if (nbytes > left_) return false;
        left_ -= nbytes;
        return true;
    }

    /// What to answer then: limit_exceeded/decoded_bytes. Throws std::bad_alloc.
    [[nodiscard]] Error exceeded() const {
        return Error(Condition::decoded_bytes,
                     base::message("decoded data takes more than ", limit_,
                                   " bytes, which is the limit; tensors and parts can be read one by one"));
    }

private:
    std::uint64_t limit_;
    std::uint64_t left_;
};

/// About what the heap adds to an allocation.
inline constexpr std::uint64_t kBlockNbytes = 32;
/// About what a node of a map adds to its element.
inline constexpr std::uint64_t kMapNodeNbytes = 64;

}  // namespace milepost::format

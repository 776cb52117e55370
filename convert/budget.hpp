#pragma once

#include <cstdint>
#include <string_view>

#include <milepost/options.hpp>
#include <milepost/result.hpp>

namespace milepost::convert {

/// Memory that decoding may take, and values that there may be: Limits::max_decoded_bytes and max_records.
class Budget {
public:
    /// Borrows both. `what` is what is decoded, for messages: "GGUF header".
    Budget(const Limits& limits, std::string_view what) noexcept
        : limits_(limits), what_(what), nbytes_(limits.max_decoded_bytes), values_(limits.max_records) {}

    /// Takes a part of it. `count` values, or tensors, need `nbytes` bytes each. Errors: limit_exceeded/
    /// decoded_bytes, /records. Throws std::bad_alloc.
    ///@{
    [[nodiscard]] Result<void> take_values(std::uint64_t count, std::uint64_t nbytes);
    [[nodiscard]] Result<void> take_bytes(std::uint64_t nbytes);
    ///@}
    /// How much memory may still be taken.
    [[nodiscard]] std::uint64_t nbytes_left() const noexcept { return nbytes_; }

private:
    const Limits& limits_;
    std::string_view what_;
    std::uint64_t nbytes_;
    std::uint64_t values_;
};

}  // namespace milepost::convert

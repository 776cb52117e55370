#pragma once

#include <cstdint>
#include <string_view>

#include <milepost/options.hpp>
#include <milepost/result.hpp>
#include <milepost/value.hpp>

#include "convert/gguf/cursor.hpp"

namespace milepost::convert::gguf {

inline constexpr std::string_view kAlignmentKey = "general.alignment";
inline constexpr std::uint64_t kDefaultAlignment = 32;

/// What ggml takes as an alignment: a power of two, up to 1 MiB.
[[nodiscard]] bool is_alignment(std::uint64_t number) noexcept;

/// Memory that decoding may take, and values that there may be: Limits::max_decoded_bytes and max_records.
class Budget {
public:
    explicit Budget(const Limits& limits) noexcept
        : limits_(limits), nbytes_(limits.max_decoded_bytes), values_(limits.max_records) {}

    /// Takes a part of it. `count` values, or tensors, need `nbytes` bytes each. Errors: limit_exceeded/
    /// decoded_bytes, /records. Throws std::bad_alloc.
    ///@{
    [[nodiscard]] Result<void> take_values(std::uint64_t count, std::uint64_t nbytes);
    [[nodiscard]] Result<void> take_bytes(std::uint64_t nbytes);
    ///@}

private:
    const Limits& limits_;
    std::uint64_t nbytes_;
    std::uint64_t values_;
};

/// The key-values of a file: what a checkpoint has of them.
struct KeyValues {
    Dict values;  ///< in their order
    Dict types;   ///< key -> type, where it is not default_type() of the value
    std::uint64_t alignment = kDefaultAlignment;  ///< of tensors
};

/// Reads `count` key-values. Errors: those of the cursor; corrupt/foreign for what breaks the rules of GGUF;
/// unsupported/feature for arrays of arrays of several types; limit_exceeded/depth, /name_bytes,
/// /decoded_bytes, /records. Throws std::bad_alloc.
[[nodiscard]] Result<KeyValues> read_key_values(Cursor& cursor, std::uint64_t count, const Limits& limits,
                                                Budget& budget);

}  // namespace milepost::convert::gguf

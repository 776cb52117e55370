#pragma once

#include <cstdint>
#include <string_view>

#include <milepost/options.hpp>
#include <milepost/result.hpp>
#include <milepost/value.hpp>

#include "convert/budget.hpp"
#include "convert/gguf/cursor.hpp"

namespace milepost::convert::gguf {

inline constexpr std::string_view kAlignmentKey = "general.alignment";
inline constexpr std::uint64_t kDefaultAlignment = 32;

/// What ggml takes as an alignment: a power of two, up to 1 MiB.
[[nodiscard]] bool is_alignment(std::uint64_t number) noexcept;

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

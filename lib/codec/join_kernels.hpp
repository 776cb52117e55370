#pragma once

#include <cstddef>
#include <cstdint>

#include "codec/list_kernels.hpp"

// Joining words from planes: docs/format.md, section 4.4. Written for one instruction set each, so plain
// types only: see base/cpu.hpp. Words are at any address.

namespace milepost::codec {

/// Words that are joined at a time.
inline constexpr std::size_t kJoinedWords = 64;

/// Where planes come from. Symbols are the list of a node, the other planes have a byte for each word.
struct PlaneSources {
    ListMerge symbols;
    const std::uint8_t* rests;
    const std::uint8_t* high;
    const std::uint8_t* low;
};

/// What the 16 highest bits are without sign and rest: base + (symbol << low_bits), or if it is not null, an
/// element of a table of 256.
struct TopForm {
    unsigned low_bits;
    std::uint16_t base;
    const std::uint16_t* of_symbols;
};

/// Where words are joined. Streamed words are written past the caches, where the kernel and the address allow
/// it: see Decoder::decode().
struct WordTarget {
    std::uint8_t* words;
    std::size_t count;
    bool is_streamed;
};

/// Requires: the count is a multiple of kJoinedWords.
using JoinKernel = void(const PlaneSources& from, const TopForm& form, const WordTarget& to) noexcept;

/// The opposite of PackKernel. kListSlack bytes follow the values, and are written over.
using UnpackKernel = void(const std::uint8_t* packed, std::size_t count, unsigned bits,
                          std::uint8_t* values) noexcept;

struct JoinKernels {
    JoinKernel* join;       ///< words of 16 bits
    JoinKernel* join_wide;  ///< words of 32 bits
    UnpackKernel* unpack;
};

/// The kernels for any machine, and those for one instruction set, which are null where the library was built
/// without them. base/cpu.hpp tells what each one needs.
///@{
extern const JoinKernels kPortableJoinKernels;
extern const JoinKernels* const kAvx2JoinKernels;
extern const JoinKernels* const kAvx512JoinKernels;
extern const JoinKernels* const kNeonJoinKernels;
///@}

}  // namespace milepost::codec

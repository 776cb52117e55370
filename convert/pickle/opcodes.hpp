#pragma once

#include <cstdint>
#include <string_view>

#include <milepost/result.hpp>

namespace milepost::convert::pickle {

class Machine;

/// One instruction of pickles, of protocols 0 to 5.
struct Opcode {
    std::uint8_t byte;
    std::string_view name;
    Result<void> (Machine::*run)();  ///< null: it is refused
    std::string_view reason = {};    ///< of those: why
};

/// The row of a byte, or null if no opcode has it.
[[nodiscard]] const Opcode* find_opcode(std::uint8_t byte) noexcept;

}  // namespace milepost::convert::pickle

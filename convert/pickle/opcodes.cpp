#include "convert/pickle/opcodes.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "convert/pickle/machine.hpp"

namespace milepost::convert::pickle {
namespace {

constexpr std::string_view kText = "it is of protocol 0 or 1, which PyTorch does not write";
constexpr std::string_view kCode = "it makes an object of a class, which is not data";
constexpr std::string_view kExtensionReason =
    "it is a number for a global that only the program knows that wrote it";
constexpr std::string_view kBuffer = "it is for buffers that are not in the file";
constexpr std::string_view kUnused = "no pickle of data has it";

// clang-format off
constexpr std::array kOpcodes = {
    Opcode{0x80, "PROTO", &Machine::proto},
    Opcode{0x95, "FRAME", &Machine::frame},
    Opcode{'.', "STOP", &Machine::stop},
    Opcode{'(', "MARK", &Machine::mark},
    Opcode{'0', "POP", &Machine::pop},
    Opcode{'1', "POP_MARK", &Machine::pop_mark},
    Opcode{0x94, "MEMOIZE", &Machine::memoize},
    Opcode{'q', "BINPUT", &Machine::put_1},
    Opcode{'r', "LONG_BINPUT", &Machine::put_4},
    Opcode{'h', "BINGET", &Machine::get_1},
    Opcode{'j', "LONG_BINGET", &Machine::get_4},
    Opcode{'N', "NONE", &Machine::none},
    Opcode{0x88, "NEWTRUE", &Machine::true_},
    Opcode{0x89, "NEWFALSE", &Machine::false_},
    Opcode{'K', "BININT1", &Machine::int_1},
    Opcode{'M', "BININT2", &Machine::int_2},
    Opcode{'J', "BININT", &Machine::int_4},
    Opcode{0x8a, "LONG1", &Machine::long_1},
    Opcode{0x8b, "LONG4", &Machine::long_4},
    Opcode{'G', "BINFLOAT", &Machine::floating},
    Opcode{0x8c, "SHORT_BINUNICODE", &Machine::unicode_1},
    Opcode{'X', "BINUNICODE", &Machine::unicode_4},
    Opcode{0x8d, "BINUNICODE8", &Machine::unicode_8},
    Opcode{'C', "SHORT_BINBYTES", &Machine::bytes_1},
    Opcode{'B', "BINBYTES", &Machine::bytes_4},
    Opcode{0x8e, "BINBYTES8", &Machine::bytes_8},
    Opcode{0x96, "BYTEARRAY8", &Machine::bytearray_8},
    Opcode{'U', "SHORT_BINSTRING", &Machine::old_string_1},
    Opcode{'T', "BINSTRING", &Machine::old_string_4},
    Opcode{']', "EMPTY_LIST", &Machine::empty_list},
    Opcode{'a', "APPEND", &Machine::append},
    Opcode{'e', "APPENDS", &Machine::appends},
    Opcode{')', "EMPTY_TUPLE", &Machine::empty_tuple},
    Opcode{'t', "TUPLE", &Machine::tuple},
    Opcode{0x85, "TUPLE1", &Machine::tuple_1},
    Opcode{0x86, "TUPLE2", &Machine::tuple_2},
    Opcode{0x87, "TUPLE3", &Machine::tuple_3},
    Opcode{'}', "EMPTY_DICT", &Machine::empty_dict},
    Opcode{'s', "SETITEM", &Machine::set_item},
    Opcode{'u', "SETITEMS", &Machine::set_items},
    Opcode{0x8f, "EMPTY_SET", &Machine::empty_set},
    Opcode{0x90, "ADDITEMS", &Machine::add_items},
    Opcode{'c', "GLOBAL", &Machine::global},
    Opcode{0x93, "STACK_GLOBAL", &Machine::stack_global},
    Opcode{'R', "REDUCE", &Machine::reduce},
    Opcode{0x81, "NEWOBJ", &Machine::new_object},
    Opcode{'b', "BUILD", &Machine::build},
    Opcode{'Q', "BINPERSID", &Machine::persistent_id},

    Opcode{0x91, "FROZENSET", nullptr, "save a set in place of the frozenset"},
    Opcode{0x92, "NEWOBJ_EX", nullptr, kCode},
    Opcode{'i', "INST", nullptr, kCode},
    Opcode{'o', "OBJ", nullptr, kCode},
    Opcode{0x82, "EXT1", nullptr, kExtensionReason},
    Opcode{0x83, "EXT2", nullptr, kExtensionReason},
    Opcode{0x84, "EXT4", nullptr, kExtensionReason},
    Opcode{0x97, "NEXT_BUFFER", nullptr, kBuffer},
    Opcode{0x98, "READONLY_BUFFER", nullptr, kBuffer},
    Opcode{'2', "DUP", nullptr, kUnused},
    Opcode{'d', "DICT", nullptr, kText},
    Opcode{'l', "LIST", nullptr, kText},
    Opcode{'p', "PUT", nullptr, kText},
    Opcode{'g', "GET", nullptr, kText},
    Opcode{'I', "INT", nullptr, kText},
    Opcode{'L', "LONG", nullptr, kText},
    Opcode{'F', "FLOAT", nullptr, kText},
    Opcode{'S', "STRING", nullptr, kText},
    Opcode{'V', "UNICODE", nullptr, kText},
    Opcode{'P', "PERSID", nullptr, kText},
};
// clang-format on

constexpr std::uint8_t kNoRow = 0xFF;

/// The number of the row of each byte.
constexpr auto kRowOfByte = [] {
    std::array<std::uint8_t, 256> rows{};
    rows.fill(kNoRow);
    for (std::size_t i = 0; i < kOpcodes.size(); ++i)
        rows[kOpcodes[i].byte] = static_cast<std::uint8_t>(i);
    return rows;
}();

}  // namespace

const Opcode* find_opcode(std::uint8_t byte) noexcept {
    const std::uint8_t row = kRowOfByte[byte];
    return row == kNoRow ? nullptr : &kOpcodes[row];
}

}  // namespace milepost::convert::pickle

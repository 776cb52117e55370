#pragma once

#include <string>

/// UTF-8 of any number below 2^21, surrogates too.
inline std::string encode(unsigned code_point) {
    const auto byte = [](unsigned bits) { return static_cast<char>(bits); };
    if (code_point < 0x80U) return {byte(code_point)};
    if (code_point < 0x800U) return {byte(0xC0U | code_point >> 6U), byte(0x80U | (code_point & 0x3FU))};
    if (code_point < 0x10000U) {
        return {byte(0xE0U | code_point >> 12U), byte(0x80U | (code_point >> 6U & 0x3FU)),
                byte(0x80U | (code_point & 0x3FU))};
    }
    return {byte(0xF0U | code_point >> 18U), byte(0x80U | (code_point >> 12U & 0x3FU)),
            byte(0x80U | (code_point >> 6U & 0x3FU)), byte(0x80U | (code_point & 0x3FU))};
}

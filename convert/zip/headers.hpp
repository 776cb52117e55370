#pragma once

#include <cstdint>

/// What reading and writing headers of entries share: APPNOTE.TXT, 4.3.7, 4.3.12, 4.5.3.
namespace milepost::convert {

/// Of a local header and a central one without name, extra fields and comment.
inline constexpr std::uint64_t kLocalHeaderNbytes = 30, kCentralHeaderNbytes = 46;

/// Of the extra field that holds numbers of 64 bits.
inline constexpr std::uint16_t kZip64Id = 1;

}  // namespace milepost::convert

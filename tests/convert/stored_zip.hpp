#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <zlib.h>

/// A zip archive whose entries are stored as they are, in memory.
namespace milepost::testing {

using ZipParts = std::vector<std::pair<std::string, std::string>>;  ///< names and contents

inline std::string stored_zip(const ZipParts& parts) {
    const auto number = [](std::uint64_t value, std::size_t nbytes) {
        std::string bytes;
        for (std::size_t i = 0; i < nbytes; ++i, value >>= 8U)
            bytes += static_cast<char>(value & 0xFF);
        return bytes;
    };
    std::string file, directory;
    for (const auto& [name, content] : parts) {
        const auto crc =
            crc32(0, reinterpret_cast<const Bytef*>(content.data()), static_cast<uInt>(content.size()));
        const std::string begin = number(20, 2) + number(0, 2) + number(0, 2) + number(0, 4) +
                                  number(crc, 4) + number(content.size(), 4) + number(content.size(), 4) +
                                  number(name.size(), 2);
        directory += "PK\x01\x02" + number(20, 2) + begin + number(0, 12) + number(file.size(), 4) + name;
        file += "PK\x03\x04" + begin + number(0, 2) + name + content;
    }
    const std::size_t at = file.size();
    return file + directory + "PK\x05\x06" + number(0, 4) + number(parts.size(), 2) +
           number(parts.size(), 2) + number(directory.size(), 4) + number(at, 4) + number(0, 2);
}

}  // namespace milepost::testing

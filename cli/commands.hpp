#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace milepost::cli {

/// Exit statuses (docs/command-line.md).
enum class Exit : std::uint8_t { ok = 0, damaged = 1, failed = 2 };

/// `milepost info FILE`
struct InfoCommand {
    std::string file;
    bool json = false;
    bool no_color = false;
};

/// `milepost ls FILE [PATTERN]`
struct LsCommand {
    std::string file;
    std::string pattern;  ///< "" for all
    bool plain = false;
    bool json = false;
    bool no_color = false;
};

/// `milepost verify FILE...`
struct VerifyCommand {
    std::vector<std::string> files;
    std::size_t max_damage = 1000;  ///< of each file
    bool json = false;
    bool no_color = false;
};

// Results go to stdout, messages to stderr.
[[nodiscard]] Exit run(const InfoCommand& command);
[[nodiscard]] Exit run(const LsCommand& command);
[[nodiscard]] Exit run(const VerifyCommand& command);

}  // namespace milepost::cli

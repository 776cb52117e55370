#pragma once

#include <array>
#include <cstdio>

namespace milepost::platform {

/// The path in /proc of an open file. It exists also for a file without a name, and calls that take a path
/// accept it where calls that take a descriptor refuse one that was opened with O_PATH.
class OpenFilePath {
public:
    explicit OpenFilePath(int descriptor) noexcept {
        std::snprintf(text_.data(), text_.size(), "/proc/self/fd/%d", descriptor);
    }
    [[nodiscard]] const char* c_str() const noexcept { return text_.data(); }

private:
    std::array<char, 32> text_{};
};

}  // namespace milepost::platform

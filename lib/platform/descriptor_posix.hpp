#pragma once

#include <cerrno>
#include <utility>

#include <unistd.h>

namespace milepost::platform {

/// Owns a file descriptor; closes it when destroyed, and ignores errors of that. Code that must know them
/// closes the descriptor that release() returns. Move-only.
class Descriptor {
public:
    Descriptor() noexcept = default;
    explicit Descriptor(int value) noexcept : value_(value) {}
    Descriptor(Descriptor&& other) noexcept : value_(other.release()) {}
    Descriptor& operator=(Descriptor&& other) noexcept {
        if (this != &other) {
            reset();
            value_ = other.release();
        }
        return *this;
    }
    ~Descriptor() { reset(); }

    [[nodiscard]] int get() const noexcept { return value_; }
    explicit operator bool() const noexcept { return value_ >= 0; }
    [[nodiscard]] int release() noexcept { return std::exchange(value_, -1); }
    void reset() noexcept {
        if (value_ >= 0) ::close(release());
    }

private:
    int value_ = -1;
};

/// Repeats a call while it fails with EINTR. Requires: a call that fails with EINTR has had no effect.
template <class Call>
auto retry_interrupted(Call call) noexcept {
    auto result = call();
    while (result == -1 && errno == EINTR)
        result = call();
    return result;
}

}  // namespace milepost::platform

#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <string_view>

#include <milepost/error.hpp>

namespace milepost::platform {

/// A number as text. Allocates no memory.
class Decimal {
public:
    explicit Decimal(std::uint64_t value) noexcept;
    [[nodiscard]] std::string_view text() const noexcept { return {digits_.data(), length_}; }

private:
    std::array<char, 20> digits_{};
    std::size_t length_ = 0;
};

/// An error whose message is the concatenation of `parts`. If there is no memory for that, the message is the
/// word of the condition: the cause is never replaced by out_of_memory.
[[nodiscard]] Error describe(Condition condition, std::initializer_list<std::string_view> parts) noexcept;

/// An error with the message "PATH: cannot DOING: TEXT", where TEXT is the system's message for `error`, an
/// errno.
[[nodiscard]] Error system_error(Condition condition, std::string_view path, std::string_view doing,
                                 int error) noexcept;

/// An error with the message "PATH: cannot DOING at OFFSET: TEXT".
[[nodiscard]] Error system_error(Condition condition, std::string_view path, std::string_view doing,
                                 std::uint64_t offset, int error) noexcept;

/// The condition for a failed call that may need disk space or memory: no_space, quota, file_size_limit or
/// out_of_memory if `error` is one of these, else `usual`.
[[nodiscard]] Condition condition_of(int error, Condition usual) noexcept;

}  // namespace milepost::platform

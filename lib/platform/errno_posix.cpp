#include "platform/errno_posix.hpp"

#include <cerrno>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <new>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

#include <milepost/error.hpp>

namespace milepost::platform {

namespace {

std::string system_words(int error) {
    return std::generic_category().message(error);
}

// Every name of a condition that occurs here (the longest is file_size_limit) fits into a std::string without
// heap memory.
Error without_memory(Condition condition) noexcept {
    return {condition, std::string(name(condition))};
}

}  // namespace

Decimal::Decimal(std::uint64_t value) noexcept {
    const auto written = std::to_chars(digits_.data(), digits_.data() + digits_.size(), value);
    length_ = static_cast<std::size_t>(written.ptr - digits_.data());
}

Error describe(Condition condition, std::initializer_list<std::string_view> parts) noexcept {
    try {
        std::string message;
        for (const std::string_view part : parts)
            message.append(part);
        return {condition, std::move(message)};
    } catch (const std::bad_alloc&) {
        return without_memory(condition);
    }
}

Error system_error(Condition condition, std::string_view path, std::string_view doing, int error) noexcept {
    try {
        return describe(condition, {path, ": cannot ", doing, ": ", system_words(error)});
    } catch (const std::bad_alloc&) {
        return without_memory(condition);
    }
}

Error system_error(Condition condition, std::string_view path, std::string_view doing, std::uint64_t offset,
                   int error) noexcept {
    try {
        return describe(
            condition, {path, ": cannot ", doing, " at ", Decimal(offset).text(), ": ", system_words(error)});
    } catch (const std::bad_alloc&) {
        return without_memory(condition);
    }
}

Condition condition_of(int error, Condition usual) noexcept {
    switch (error) {
        case ENOSPC:
            return Condition::no_space;
        case EDQUOT:
            return Condition::quota;
        case EFBIG:
            return Condition::file_size_limit;
        case ENOMEM:
            return Condition::out_of_memory;
        default:
            return usual;
    }
}

}  // namespace milepost::platform

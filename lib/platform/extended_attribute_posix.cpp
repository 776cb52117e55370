#include "platform/extended_attribute_posix.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstddef>
#include <string_view>
#include <vector>

#include <sys/types.h>
#include <sys/xattr.h>

#include "platform/open_file_path_posix.hpp"

namespace milepost::platform {
namespace {

using namespace std::string_view_literals;

// Calls that take a descriptor refuse one that was opened with O_PATH.
ssize_t get(int file, const char* name, void* to, std::size_t nbytes) noexcept {
    const ssize_t count = ::fgetxattr(file, name, to, nbytes);
    if (count >= 0 || errno != EBADF) return count;
    return ::getxattr(OpenFilePath(file).c_str(), name, to, nbytes);
}

ssize_t list(int file, char* to, std::size_t nbytes) noexcept {
    const ssize_t count = ::flistxattr(file, to, nbytes);
    if (count >= 0 || errno != EBADF) return count;
    return ::listxattr(OpenFilePath(file).c_str(), to, nbytes);
}

// Not those of system.*, which are rights and belong to rights_posix.cpp. Not what makes a program
// privileged, as for set-user-id. Not signatures of the old content. Not the book-keeping of a file system.
bool is_copied(std::string_view name) noexcept {
    constexpr std::array kCopied = {"user."sv, "trusted."sv, "security."sv};
    constexpr std::array kLeftOut = {"security.capability"sv, "security.ima"sv, "security.evm"sv,
                                     "trusted.overlay."sv};
    const auto begins_name = [&](std::string_view prefix) { return name.starts_with(prefix); };
    return std::any_of(kCopied.begin(), kCopied.end(), begins_name) &&
           std::none_of(kLeftOut.begin(), kLeftOut.end(), begins_name);
}

void copy_attribute(int from, int to, const char* name) {
    std::vector<std::byte> value, present;
    if (read_attribute(from, name, value) != 0) return;
    // Not set again if it is the same: a security module would have to permit that.
    if (read_attribute(to, name, present) == 0 && present == value) return;
    static_cast<void>(::fsetxattr(to, name, value.data(), value.size(), 0));
}

}  // namespace

bool is_attribute_absent(int error) noexcept {
    return error == ENODATA || error == EOPNOTSUPP || error == ENOSYS || error == EINVAL;
}

int read_attribute(int file, const char* name, std::vector<std::byte>& value) {
    const ssize_t size = get(file, name, nullptr, 0);
    if (size < 0) return errno;
    value.resize(static_cast<std::size_t>(size));
    if (size == 0) return 0;
    const ssize_t count = get(file, name, value.data(), value.size());
    if (count < 0) return errno;
    value.resize(static_cast<std::size_t>(count));
    return 0;
}

void copy_extended_attributes(int from, int to) {
    const ssize_t size = list(from, nullptr, 0);
    if (size <= 0) return;
    std::vector<char> names(static_cast<std::size_t>(size));
    const ssize_t count = list(from, names.data(), names.size());
    if (count <= 0) return;
    names.resize(static_cast<std::size_t>(count));
    names.push_back('\0');
    for (std::size_t at = 0; at < names.size() && names[at] != '\0';) {
        const std::string_view name(&names[at]);
        if (is_copied(name)) copy_attribute(from, to, name.data());
        at += name.size() + 1;
    }
}

}  // namespace milepost::platform

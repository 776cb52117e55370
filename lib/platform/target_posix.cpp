#include "platform/target_posix.hpp"

#include <array>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include <fcntl.h>
#include <linux/capability.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <milepost/error.hpp>
#include <milepost/result.hpp>

#include "platform/descriptor_posix.hpp"
#include "platform/errno_posix.hpp"

namespace milepost::platform {
namespace {

constexpr unsigned kFieldsOfTarget = STATX_TYPE | STATX_MODE | STATX_UID;

// Some sandboxes refuse statx as a call that they do not know. Then the attributes are unknown.
int look_at(const Descriptor& folder, const char* name, int flags, struct statx& status) noexcept {
    if (::statx(folder.get(), name, flags, kFieldsOfTarget, &status) == 0) return 0;
    if (errno != EPERM && errno != ENOSYS) return errno;
    struct stat plain {};
    if (::fstatat(folder.get(), name, &plain, flags) != 0) return errno;
    status = {};
    status.stx_mode = static_cast<decltype(status.stx_mode)>(plain.st_mode);
    status.stx_uid = plain.st_uid;
    return 0;
}

bool has(const struct statx& status, std::uint64_t attribute) noexcept {
    return (status.stx_attributes & status.stx_attributes_mask & attribute) != 0;
}

// Whether this process may act as the owner of any file.
bool has_owner_capability() noexcept {
    __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
    std::array<__user_cap_data_struct, _LINUX_CAPABILITY_U32S_3> sets{};
    if (::syscall(SYS_capget, &header, sets.data()) != 0) return true;  // then the rename will tell
    return (sets[CAP_TO_INDEX(CAP_FOWNER)].effective & CAP_TO_MASK(CAP_FOWNER)) != 0;
}

// Why the kernel would refuse to rename a file in `folder` over this one; empty if it would not.
std::string_view obstacle(const struct statx& folder, const struct statx& file) noexcept {
    if (has(file, STATX_ATTR_IMMUTABLE)) return "it has the attribute immutable";
    if (has(file, STATX_ATTR_APPEND)) return "it has the attribute append-only";
    if (has(file, STATX_ATTR_MOUNT_ROOT)) return "another file system is mounted on it";
    const bool sticky = (folder.stx_mode & S_ISVTX) != 0;
    const uid_t user = ::geteuid();
    if (sticky && file.stx_uid != user && folder.stx_uid != user && !has_owner_capability())
        return "it belongs to another user, and its folder has the sticky bit";
    return {};
}

Error cannot_replace(std::string_view path, std::string_view why) noexcept {
    return describe(Condition::rename, {path, ": cannot be replaced: ", why});
}

// Errors: io_error/rename.
Result<void> check_replaceable(const Descriptor& folder, std::string_view path,
                               const struct statx& file) noexcept {
    struct statx of_folder {};
    if (look_at(folder, "", AT_EMPTY_PATH, of_folder) != 0) return {};
    const std::string_view why = obstacle(of_folder, file);
    if (!why.empty()) return cannot_replace(path, why);
    return {};
}

Error cannot_look(const std::string& path, std::string_view at, int error) {
    return system_error(error == ENAMETOOLONG ? Condition::target : Condition::open, path, at, error);
}

}  // namespace

SplitPath split_path(const std::string& path) {
    const std::size_t slash = path.rfind('/');
    if (slash == std::string::npos) return {".", path};
    return {slash == 0 ? "/" : path.substr(0, slash), path.substr(slash + 1)};
}

Error bad_target(std::string_view path, std::string_view why) noexcept {
    return describe(Condition::target, {path, ": cannot be saved to: ", why});
}

Result<bool> inspect_target(const Descriptor& folder, const std::string& path, const std::string& name,
                            bool create_only) {
    if (name.empty()) return bad_target(path, "it does not name a file");
    struct statx status {};
    if (const int error = look_at(folder, name.c_str(), AT_SYMLINK_NOFOLLOW, status); error != 0) {
        if (error == ENOENT) return false;
        return cannot_look(path, "look at", error);
    }
    // A symbolic link would be replaced, not followed: the file that it refers to would silently stay as it
    // is.
    if (S_ISLNK(status.stx_mode)) return bad_target(path, "it is a symbolic link");
    if (!S_ISREG(status.stx_mode)) return bad_target(path, "it is not a regular file");
    if (create_only) return bad_target(path, "it exists already");
    if (Result<void> fits = check_replaceable(folder, path, status); !fits) return std::move(fits).error();
    return true;
}

Result<void> check_previous(const Descriptor& folder, const std::string& path,
                            const std::string& previous_name) {
    struct statx status {};
    if (const int error = look_at(folder, previous_name.c_str(), AT_SYMLINK_NOFOLLOW, status); error != 0) {
        if (error == ENOENT) return {};
        return cannot_look(path, "look at its .prev", error);
    }
    if (!S_ISREG(status.stx_mode)) return bad_target(path, "its .prev exists and is not a regular file");
    return check_replaceable(folder, path + ".prev", status);
}

}  // namespace milepost::platform

#include "platform/target_posix.hpp"

#include <cerrno>
#include <cstddef>
#include <string>
#include <string_view>

#include <fcntl.h>
#include <sys/stat.h>

#include <milepost/error.hpp>
#include <milepost/result.hpp>

#include "platform/descriptor_posix.hpp"
#include "platform/errno_posix.hpp"

namespace milepost::platform {
namespace {

constexpr mode_t kPermissions = 0777;

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

Result<TargetStatus> inspect_target(const Descriptor& folder, const std::string& path,
                                    const std::string& name, bool create_only) {
    if (name.empty()) return bad_target(path, "it does not name a file");
    struct stat status {};
    if (::fstatat(folder.get(), name.c_str(), &status, AT_SYMLINK_NOFOLLOW) != 0) {
        if (errno == ENOENT) return TargetStatus{};
        return cannot_look(path, "look at", errno);
    }
    // A symbolic link would be replaced, not followed: the file that it refers to would silently stay as it
    // is.
    if (S_ISLNK(status.st_mode)) return bad_target(path, "it is a symbolic link");
    if (!S_ISREG(status.st_mode)) return bad_target(path, "it is not a regular file");
    if (create_only) return bad_target(path, "it exists already");
    return TargetStatus{true, status.st_mode & kPermissions};
}

Result<void> check_previous(const Descriptor& folder, const std::string& path,
                            const std::string& previous_name) {
    struct stat status {};
    if (::fstatat(folder.get(), previous_name.c_str(), &status, AT_SYMLINK_NOFOLLOW) == 0) {
        if (S_ISREG(status.st_mode)) return {};
        return bad_target(path, "its .prev exists and is not a regular file");
    }
    if (errno == ENOENT) return {};
    return cannot_look(path, "look at its .prev", errno);
}

}  // namespace milepost::platform

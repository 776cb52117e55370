#include "platform/rights_posix.hpp"

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>
#include <vector>

#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "base/little_endian.hpp"
#include "platform/extended_attribute_posix.hpp"

namespace milepost::platform {
namespace {

constexpr const char* kAccessList = "system.posix_acl_access";
constexpr mode_t kPermissions = 0777;
constexpr mode_t kOfOwner = 0700;
constexpr auto kUnchanged = static_cast<uid_t>(-1);

// The kernel's form of an access list: a version of 4 bytes, then entries of 8.
constexpr std::size_t kListHeader = 4;
constexpr std::size_t kEntryNbytes = 8;
constexpr std::size_t kPermissionsAt = 2;
enum class Entry : std::uint8_t {
    owner = 0x01,
    user = 0x02,
    group = 0x04,
    other_group = 0x08,
    mask = 0x10,
    others = 0x20,
};

Entry entry_at(std::span<const std::byte> list, std::size_t at) noexcept {
    return static_cast<Entry>(base::load_le<std::uint16_t>(&list[at]));
}

/// What everyone except the owner may do. With a list, the group's bits of the mode are those of the mask.
mode_t common_rights(const Rights& rights) noexcept {
    if (!rights.is_list_known) return 0;
    mode_t common = (rights.mode >> 3U) & rights.mode & 7U;
    const std::span<const std::byte> list(rights.access_list);
    for (std::size_t at = kListHeader; at + kEntryNbytes <= list.size(); at += kEntryNbytes) {
        if (entry_at(list, at) != Entry::owner)
            common &= base::load_le<std::uint16_t>(&list[at + kPermissionsAt]);
    }
    return common;
}

/// The same rights for a file of another group: its members were among the others before, and those of the
/// wanted group are among the others now.
Rights for_other_group(const Rights& rights) {
    Rights given = rights;
    given.mode = cautious_mode(rights);
    const auto common = static_cast<std::uint16_t>(common_rights(rights));
    for (std::size_t at = kListHeader; at + kEntryNbytes <= given.access_list.size(); at += kEntryNbytes) {
        const Entry entry = entry_at(given.access_list, at);
        if (entry == Entry::group || entry == Entry::others)
            base::store_le(&given.access_list[at + kPermissionsAt], common);
    }
    return given;
}

/// Returns whether the file has the wanted group now. The owner can be given by a privileged process only.
bool give_owner(const Rights& rights, int file) noexcept {
    struct stat status {};
    if (::fstat(file, &status) != 0) return false;
    if (status.st_uid == rights.owner && status.st_gid == rights.group) return true;
    if (::fchown(file, rights.owner, rights.group) != 0)
        static_cast<void>(::fchown(file, kUnchanged, rights.group));
    return ::fstat(file, &status) == 0 && status.st_gid == rights.group;
}

/// Removes a list that the file has from its folder. Returns whether it has none now.
bool remove_list(int file) noexcept {
    if (::fgetxattr(file, kAccessList, nullptr, 0) < 0 && is_attribute_absent(errno)) return true;
    return ::fremovexattr(file, kAccessList) == 0;
}

}  // namespace

int read_rights(int file, Rights& rights) {
    struct stat status {};
    if (::fstat(file, &status) != 0) return errno;
    rights.owner = status.st_uid;
    rights.group = status.st_gid;
    rights.mode = status.st_mode & kPermissions;
    std::vector<std::byte> list;
    const int error = read_attribute(file, kAccessList, list);
    rights.is_list_known = error == 0 || is_attribute_absent(error);
    if (error != 0) list.clear();
    rights.access_list = std::move(list);
    return 0;
}

void give_rights(const Rights& rights, int file) {
    const Rights given = give_owner(rights, file) ? rights : for_other_group(rights);
    const std::vector<std::byte>& list = given.access_list;
    // A list includes the mode.
    if (!list.empty() && ::fsetxattr(file, kAccessList, list.data(), list.size(), 0) == 0) return;
    mode_t mode = list.empty() && given.is_list_known ? given.mode : cautious_mode(given);
    if (!remove_list(file)) mode &= kOfOwner;
    static_cast<void>(::fchmod(file, mode));
}

mode_t cautious_mode(const Rights& rights) noexcept {
    const mode_t common = common_rights(rights);
    return (rights.mode & kOfOwner) | (common << 3U) | common;
}

}  // namespace milepost::platform

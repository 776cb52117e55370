#pragma once

#include <cstddef>
#include <vector>

#include <sys/types.h>

namespace milepost::platform {

/// Who may do what with a file.
struct Rights {
    uid_t owner = 0;
    gid_t group = 0;
    mode_t mode = 0;  ///< the nine permission bits: new content must not run as another user
    /// The access control list as the attribute system.posix_acl_access has it; empty if the file has none.
    std::vector<std::byte> access_list;
    /// False if the file may have a list that could not be read.
    bool is_list_known = true;
};

/// Reads the rights of an open file. Returns an errno, or 0. Throws std::bad_alloc.
[[nodiscard]] int read_rights(int file, Rights& rights);

/// Gives `rights` to an open file that no one else may use yet, as far as the system permits, and never more:
/// if the group or the list cannot be given, everyone except the owner gets what everyone had. What fails is
/// left as it is. Throws std::bad_alloc.
void give_rights(const Rights& rights, int file);

/// A mode without a list that gives no one more than `rights` does, whatever the group of the file is.
[[nodiscard]] mode_t cautious_mode(const Rights& rights) noexcept;

}  // namespace milepost::platform

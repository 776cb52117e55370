#pragma once

#include <fstream>

#include <sched.h>
#include <sys/mount.h>
#include <unistd.h>

namespace milepost::testing {

/// Gives this process mounts of its own, so that nothing it mounts is left. Returns whether that is
/// permitted.
inline bool enter_namespace() {
    if (::unshare(CLONE_NEWNS) != 0) {
        const uid_t user = ::getuid();
        const gid_t group = ::getgid();
        if (::unshare(CLONE_NEWUSER | CLONE_NEWNS) != 0) return false;
        std::ofstream("/proc/self/setgroups") << "deny";
        std::ofstream("/proc/self/uid_map") << "0 " << user << " 1";
        std::ofstream("/proc/self/gid_map") << "0 " << group << " 1";
    }
    return ::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0;
}

}  // namespace milepost::testing

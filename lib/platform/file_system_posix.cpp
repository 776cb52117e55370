#include "platform/file_system_posix.hpp"

#include <algorithm>
#include <array>
#include <cstdint>

#include <sys/vfs.h>

#include "platform/descriptor_posix.hpp"

namespace milepost::platform {

bool is_on_local_file_system(int file) noexcept {
    // What statfs reports for those that are not.
    constexpr std::array<std::uint32_t, 10> kRemote = {
        0x00006969,  // NFS
        0x0000517B,  // SMB
        0xFF534D42,  // CIFS
        0xFE534D42,  // SMB2
        0x65735546,  // FUSE
        0x00C36400,  // Ceph
        0x01021997,  // 9P
        0x5346414F,  // AFS
        0x0BD00BD0,  // Lustre
        0x47504653,  // GPFS
    };
    struct statfs system {};
    if (retry_interrupted([&] { return ::fstatfs(file, &system); }) != 0) return false;
    const auto magic = static_cast<std::uint32_t>(system.f_type);
    return std::find(kRemote.begin(), kRemote.end(), magic) == kRemote.end();
}

}  // namespace milepost::platform

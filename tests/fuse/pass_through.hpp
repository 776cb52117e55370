#pragma once

#include <string>

#include <sys/types.h>

namespace milepost::testing {

/// What a file system that passes all calls on answers to some of them instead: an errno, or 0 to pass it on.
struct PassThroughOptions {
    const char* name = "";  ///< for messages
    int link = 0;           ///< hard links
    int rename_flags = 0;   ///< a rename that must not replace
    int sync_folder = 0;    ///< fsync of folders
    int sync_file = 0;      ///< fsync of files
    int chmod = 0;
    int chown = 0;
    int truncate = 0;        ///< setting the size of a file
    int allocate = 0;        ///< fallocate
    int attributes = 0;      ///< extended attributes
    bool direct_io = false;  ///< no page cache, so that shared mappings are not possible
    bool hide_removed =
        false;  ///< an open file that is removed or replaced gets another name until it is closed
    unsigned max_name = 255;
    unsigned write_at_most = 0;  ///< bytes of one write; 0: all
};

/// A FUSE file system of this program: a folder that shows another one. It never has O_TMPFILE. A process of
/// its own serves it, which ends with this object, or with this process.
class PassThrough {
public:
    /// Mounts `source` on `folder`. Requires: the process is in a mount namespace of its own, and may mount.
    PassThrough(const std::string& source, const std::string& folder, const PassThroughOptions& options);
    PassThrough(const PassThrough&) = delete;
    PassThrough& operator=(const PassThrough&) = delete;
    ~PassThrough();

    /// Whether mounting worked.
    [[nodiscard]] explicit operator bool() const noexcept { return mounted_; }

private:
    std::string folder_;
    pid_t server_ = -1;
    bool mounted_ = false;
};

}  // namespace milepost::testing

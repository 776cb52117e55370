#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>

#include <sys/types.h>

#include "platform/descriptor_posix.hpp"
#include "platform/process.hpp"
#include "platform/rights_posix.hpp"

namespace milepost::platform {

/// The mode that new files are created with; the kernel removes the bits of the umask.
inline constexpr mode_t kModeOfNewFiles = 0666;

/// ".NAME.<16 hex digits>.tmp": the name that a save of NAME gives to files that are not the finished one.
/// NAME is cut where the whole would be longer than `max_nbytes`, the limit of the file system.
class TemporaryName {
public:
    TemporaryName() noexcept = default;
    TemporaryName(std::string_view target, std::size_t max_nbytes);

    /// Chooses new digits. Allocates no memory.
    void draw() noexcept;
    [[nodiscard]] const char* c_str() const noexcept { return text_.c_str(); }
    /// Whether a save of the same NAME may have chosen `entry`.
    [[nodiscard]] bool matches(std::string_view entry) const noexcept;
    /// NAME, if `entry` has the form of such a name; otherwise empty.
    [[nodiscard]] static std::string_view target_of(std::string_view entry) noexcept;

private:
    std::string text_;
};

/// The file that a save writes, in the folder of its target: without a name where the file system can do
/// that, so that a crash leaves nothing, else under a TemporaryName. The destructor removes its name, unless
/// forget() was called, and except in a child process, where it closes the file only. Functions that return
/// an int return an errno, or 0. One thread at a time.
class Temporary {
public:
    Temporary() noexcept = default;
    /// `folder` must outlive it.
    Temporary(const Descriptor& folder, TemporaryName name) noexcept
        : folder_(folder.get()), name_(std::move(name)) {}
    Temporary(const Temporary&) = delete;
    Temporary& operator=(const Temporary&) = delete;
    ~Temporary() { remove(); }

    /// Creates and locks the file. The lock tells other saves that the save that owns it is still running. A
    /// file without a name is created with `mode`. One with a name could be opened by others while it is
    /// written, so it is created for its owner alone, and with `mode` only if the file system has no chmod.
    [[nodiscard]] int open(mode_t mode) noexcept;
    /// The same, always with a name.
    [[nodiscard]] int open_named(mode_t mode) noexcept;
    /// Gives the file its temporary name, unless it has one.
    [[nodiscard]] int link() noexcept;
    /// Finds out whether the file can later be given a name that must be free: by a rename that does not
    /// replace, or by a link. The file gets another temporary name by it. Throws std::bad_alloc.
    [[nodiscard]] int check_new_name();
    /// Closes the file. Called once.
    [[nodiscard]] int close() noexcept;
    /// Closes the file and removes its name, if it has one.
    void remove() noexcept;
    /// Its name no longer exists, or belongs to another file.
    void forget() noexcept { named_ = false; }

    /// Reads the rights that the system gives to new files in `folder` (by the umask, or by the folder's list
    /// of default rights), by creating one. Throws std::bad_alloc.
    [[nodiscard]] static int read_rights_of_new_files(const Descriptor& folder, TemporaryName name,
                                                      Rights& rights);

    [[nodiscard]] int descriptor() const noexcept { return file_.get(); }
    [[nodiscard]] const char* name() const noexcept { return name_.c_str(); }
    [[nodiscard]] bool is_named() const noexcept { return named_; }

private:
    int open_unnamed(mode_t mode) noexcept;
    int create_named(mode_t mode) noexcept;
    int check_link() noexcept;
    int link_to_new_name(int file) noexcept;
    void lock() noexcept;

    int folder_ = -1;
    TemporaryName name_;
    Descriptor file_;
    bool named_ = false;
    OwnerProcess owner_;
};

/// Renames a file within `folder`, and never replaces another one. Where there is no such rename, a link
/// takes the new name. Returns an errno, or 0; EEXIST if the new name is taken.
[[nodiscard]] int rename_to_free_name(int folder, const char* from, const char* to) noexcept;

/// Removes what dead saves of the same target left in `folder`: files whose name matches, that are not
/// locked and were not written to for ten minutes. (A save holds its lock until shortly before it renames;
/// the age covers that gap, and file systems without locks.) Files that cannot be examined or removed
/// remain, without an error.
void sweep_orphans(const Descriptor& folder, const TemporaryName& name) noexcept;
/// The same for all targets whose names `is_target` takes, and whose temporary names are not cut.
void sweep_orphans(const Descriptor& folder, bool (*is_target)(std::string_view)) noexcept;

}  // namespace milepost::platform

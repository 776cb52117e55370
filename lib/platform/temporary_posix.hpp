#pragma once

#include <string>
#include <string_view>
#include <utility>

#include <sys/types.h>

#include "platform/descriptor_posix.hpp"

namespace milepost::platform {

/// ".NAME.<16 hex digits>.tmp": the name that a save of NAME gives to files that are not the finished one.
/// NAME is cut where the whole would be longer than a file name may be.
class TemporaryName {
public:
    TemporaryName() noexcept = default;
    explicit TemporaryName(std::string_view target);

    /// Chooses new digits. Allocates no memory.
    void draw() noexcept;
    [[nodiscard]] const char* c_str() const noexcept { return text_.c_str(); }
    /// Whether a save of the same NAME may have chosen `entry`.
    [[nodiscard]] bool matches(std::string_view entry) const noexcept;

private:
    std::string text_;
};

/// The file that a save writes, in the folder of its target: without a name where the file system can do
/// that, so that a crash leaves nothing, else under a TemporaryName. The destructor removes its name, unless
/// forget() was called. Functions that return an int return an errno, or 0. One thread at a time.
class Temporary {
public:
    Temporary() noexcept = default;
    /// `folder` must outlive it.
    Temporary(const Descriptor& folder, TemporaryName name) noexcept
        : folder_(folder.get()), name_(std::move(name)) {}
    Temporary(const Temporary&) = delete;
    Temporary& operator=(const Temporary&) = delete;
    ~Temporary() { remove(); }

    /// Creates and locks the file. The lock tells other saves that the save that owns it is still running.
    [[nodiscard]] int open() noexcept;
    /// Gives the file its temporary name, unless it has one.
    [[nodiscard]] int link() noexcept;
    /// Closes the file. Called once.
    [[nodiscard]] int close() noexcept;
    /// Removes the name, if it has one.
    void remove() noexcept;
    /// Its name no longer exists, or belongs to another file.
    void forget() noexcept { named_ = false; }

    [[nodiscard]] int descriptor() const noexcept { return file_.get(); }
    [[nodiscard]] const char* name() const noexcept { return name_.c_str(); }

private:
    int open_unnamed() noexcept;
    int open_named() noexcept;

    int folder_ = -1;
    TemporaryName name_;
    Descriptor file_;
    bool named_ = false;
};

/// Removes what dead saves of the same target left in `folder`: files whose name matches, that are not
/// locked and were not written to for ten minutes. (A save holds its lock until shortly before it renames;
/// the age covers that gap, and file systems without locks.) Files that cannot be examined or removed
/// remain, without an error.
void sweep_orphans(const Descriptor& folder, const TemporaryName& name) noexcept;

}  // namespace milepost::platform

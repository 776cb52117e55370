#include "platform/previous_posix.hpp"

#include <array>
#include <cerrno>
#include <cstdint>
#include <ctime>
#include <string>
#include <utility>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "platform/descriptor_posix.hpp"
#include "platform/extended_attribute_posix.hpp"
#include "platform/folder_posix.hpp"
#include "platform/rights_posix.hpp"
#include "platform/space_posix.hpp"
#include "platform/temporary_posix.hpp"

namespace milepost::platform {
namespace {

constexpr int kAttempts = 16;

bool is_same(const struct stat& one, const struct stat& other) noexcept {
    return one.st_dev == other.st_dev && one.st_ino == other.st_ino && one.st_size == other.st_size &&
           one.st_mtim.tv_sec == other.st_mtim.tv_sec && one.st_mtim.tv_nsec == other.st_mtim.tv_nsec;
}

}  // namespace

PreviousFile::PreviousFile(const Descriptor& folder, const std::string& target, TemporaryName name)
    : folder_(folder), target_(target), name_(target + ".prev"), link_(std::move(name)) {}

int PreviousFile::prepare(bool durable) {
    int error = link();
    if (error == 0) ::unlinkat(folder_.get(), link_.c_str(), 0);
    if (error != 0 && error != ENOENT) error = copy(durable);
    return error == ENOENT ? 0 : error;
}

int PreviousFile::keep(bool durable) {
    int error = ENOENT;
    // ENOENT again: another save has removed the link or the copy as an orphan, since it is as old as the old
    // file.
    for (int attempt = 0; attempt < kAttempts && error == ENOENT; ++attempt) {
        if (copy_ && !is_copy_current()) copy_.reset();  // another save has replaced the file
        if (!copy_) {
            const int link_error = link();
            if (link_error == 0) {
                error = rename_link();
                continue;
            }
            error = link_error == ENOENT ? ENOENT : copy(durable);
            if (error != 0) return error == ENOENT ? 0 : error;
        }
        error = rename_copy();
    }
    return error;
}

int PreviousFile::link() noexcept {
    for (int attempt = 0; attempt < kAttempts; ++attempt) {
        link_.draw();
        if (::linkat(folder_.get(), target_.c_str(), folder_.get(), link_.c_str(), 0) == 0) return 0;
        if (errno != EEXIST) return errno;
    }
    return EEXIST;
}

int PreviousFile::rename_link() noexcept {
    const bool renamed = ::renameat(folder_.get(), link_.c_str(), folder_.get(), name_.c_str()) == 0;
    const int error = renamed ? 0 : errno;
    // Also after success: if both names were links to the same file, as after a save that failed at this
    // point, the rename has done nothing.
    ::unlinkat(folder_.get(), link_.c_str(), 0);
    return error;
}

int PreviousFile::copy(bool durable) {
    const Descriptor old(retry_interrupted([&] {
        constexpr int kFlags = O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC;
        return ::openat(folder_.get(), target_.c_str(), kFlags);
    }));
    if (!old) return errno;
    if (::fstat(old.get(), &copied_) != 0) return errno;
    Rights rights;
    if (const int error = read_rights(old.get(), rights); error != 0) return error;
    copy_.emplace(folder_, link_);
    const auto nbytes = static_cast<std::uint64_t>(copied_.st_size);
    int error = copy_->open_named(cautious_mode(rights));
    if (error == 0) error = copy_content(old.get(), copy_->descriptor(), nbytes);
    if (error == 0) {
        copy_extended_attributes(old.get(), copy_->descriptor());
        give_rights(rights, copy_->descriptor());
        if (durable) error = sync_file(copy_->descriptor());
    }
    if (error != 0) copy_.reset();
    return error;
}

// The file is open until here: its lock tells other saves that it is not an orphan.
int PreviousFile::rename_copy() {
    const std::array times = {copied_.st_atim, copied_.st_mtim};
    static_cast<void>(::futimens(copy_->descriptor(), times.data()));
    int error = copy_->close();
    if (error == 0 && ::renameat(folder_.get(), copy_->name(), folder_.get(), name_.c_str()) != 0)
        error = errno;
    if (error == 0) copy_->forget();
    copy_.reset();
    return error;
}

bool PreviousFile::is_copy_current() const noexcept {
    struct stat now {};
    return ::fstatat(folder_.get(), target_.c_str(), &now, AT_SYMLINK_NOFOLLOW) == 0 && is_same(now, copied_);
}

}  // namespace milepost::platform

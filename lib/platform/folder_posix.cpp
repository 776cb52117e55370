#include "platform/folder_posix.hpp"

#include <cerrno>
#include <cstddef>
#include <string>
#include <string_view>

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "platform/descriptor_posix.hpp"

namespace milepost::platform {
namespace {

constexpr int kLookFlags = O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC;

// Errors of fsync that mean that the file system does not have this call for this kind of file. EBADF is that
// of a folder that was opened without the right to read it. A failed write-back is none of them.
bool refuses_sync(int error) noexcept {
    return error == EINVAL || error == ENOSYS || error == EOPNOTSUPP || error == ENOTTY || error == EBADF;
}

int sync(int file) noexcept {
    return retry_interrupted([&] { return ::fsync(file); }) == 0 ? 0 : errno;
}

// Error 0 also where this is refused: then the system has no other way.
int sync_file_system(int file) noexcept {
    if (retry_interrupted([&] { return ::syncfs(file); }) == 0) return 0;
    return refuses_sync(errno) ? 0 : errno;
}

}  // namespace

Descriptor open_folder(const std::string& path) noexcept {
    Descriptor folder(
        retry_interrupted([&] { return ::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC); }));
    if (folder || errno != EACCES) return folder;
    return Descriptor(
        retry_interrupted([&] { return ::open(path.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC); }));
}

FolderListing::FolderListing(const Descriptor& folder) noexcept {
    // Opened again, because reading a folder moves the position of its open file description.
    Descriptor listing(
        retry_interrupted([&] { return ::openat(folder.get(), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC); }));
    if (listing) entries_ = ::fdopendir(listing.get());
    if (entries_ == nullptr) {
        error_ = errno;
    } else {
        static_cast<void>(listing.release());  // closedir closes it
    }
}

FolderListing::~FolderListing() {
    if (entries_ != nullptr) ::closedir(entries_);
}

const char* FolderListing::next() noexcept {
    if (entries_ == nullptr || error_ != 0) return nullptr;
    for (;;) {
        errno = 0;
        const dirent* const entry = ::readdir(entries_);
        if (entry == nullptr) {
            error_ = errno;
            return nullptr;
        }
        const std::string_view name = entry->d_name;
        if (name != "." && name != "..") return entry->d_name;
    }
}

std::size_t max_name_nbytes(const Descriptor& folder) noexcept {
    constexpr long kUsual = 255;
    // File systems that encrypt names have less. Some that programs serve answer 0.
    const long limit = ::fpathconf(folder.get(), _PC_NAME_MAX);
    return static_cast<std::size_t>(limit > 0 && limit < kUsual ? limit : kUsual);
}

Descriptor open_to_look(const Descriptor& folder, const char* name) noexcept {
    Descriptor file(retry_interrupted([&] { return ::openat(folder.get(), name, O_RDONLY | kLookFlags); }));
    if (!file && (errno == EACCES || errno == EPERM)) {
        file = Descriptor(
            retry_interrupted([&] { return ::openat(folder.get(), name, O_PATH | O_NOFOLLOW | O_CLOEXEC); }));
    }
    struct stat status {};
    if (!file || ::fstat(file.get(), &status) != 0) return Descriptor();
    if (S_ISREG(status.st_mode)) return file;
    errno = EINVAL;
    return Descriptor();
}

int sync_file(int file) noexcept {
    const int error = sync(file);
    return refuses_sync(error) ? sync_file_system(file) : error;
}

int sync_folder(const Descriptor& folder, const char* name) noexcept {
    const int error = sync(folder.get());
    if (!refuses_sync(error)) return error;
    const Descriptor file(
        retry_interrupted([&] { return ::openat(folder.get(), name, O_RDONLY | kLookFlags); }));
    return file ? sync_file_system(file.get()) : errno;
}

}  // namespace milepost::platform

#include <cerrno>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <milepost/error.hpp>
#include <milepost/result.hpp>

#include "platform/descriptor_posix.hpp"
#include "platform/errno_posix.hpp"
#include "platform/folder_posix.hpp"
#include "platform/open_folder.hpp"
#include "platform/target_posix.hpp"
#include "platform/temporary_posix.hpp"

namespace milepost::platform {
namespace {

constexpr mode_t kModeOfNewFolders = 0777;  // the kernel removes the bits of the umask

std::string path_in(const std::string& folder, const std::string& name) {
    return folder + "/" + name;
}

bool is_folder(const std::string& path) noexcept {
    struct stat status {};
    return ::stat(path.c_str(), &status) == 0 && S_ISDIR(status.st_mode);
}

// Errors: not_durable/directory_sync.
Result<void> sync_name(const std::string& path, const SplitPath& parts) {
    const Descriptor parent = open_folder(parts.folder);
    const int error = parent ? sync_folder(parent, parts.name.c_str()) : errno;
    if (error == 0) return {};
    return system_error(Condition::directory_sync, path, "sync its folder; the new folder is in place",
                        error);
}

// All names in a folder, which must all be regular files. Errors: io_error/read, /write.
Result<std::vector<std::string>> names_of_files(const Descriptor& folder, const std::string& path) {
    std::vector<std::string> names;
    FolderListing listing(folder);
    while (const char* const name = listing.next()) {
        struct stat status {};
        const int error = ::fstatat(folder.get(), name, &status, AT_SYMLINK_NOFOLLOW) == 0 ? 0 : errno;
        if (error == ENOENT) continue;  // removed by another process
        if (error != 0) return system_error(Condition::read, path_in(path, name), "look at", error);
        if (!S_ISREG(status.st_mode))
            return describe(Condition::write,
                            {path, ": is not removed: it holds something that is not a file: ", name});
        names.emplace_back(name);
    }
    if (listing.error() != 0) return system_error(Condition::read, path, "list", listing.error());
    return names;
}

// Success also if there is no such name. Errors: io_error/write.
Result<void> remove_in(const Descriptor& folder, const std::string& path, const std::string& name,
                       int flags) {
    const int error = ::unlinkat(folder.get(), name.c_str(), flags) == 0 ? 0 : errno;
    if (error == 0 || error == ENOENT) return {};
    return system_error(Condition::write, path_in(path, name), "remove", error);
}

}  // namespace

Result<void> make_folders(const std::string& path) {
    if (path.find('\0') != std::string::npos)
        return describe(Condition::open, {path, ": cannot make the folder: it contains a NUL character"});
    const SplitPath parts = split_path(path);
    int error = ::mkdir(path.c_str(), kModeOfNewFolders) == 0 ? 0 : errno;
    if (error == ENOENT && !parts.name.empty() && parts.folder != path) {
        MILEPOST_TRY(make_folders(parts.folder));
        error = ::mkdir(path.c_str(), kModeOfNewFolders) == 0 ? 0 : errno;
    }
    if (error == 0) return sync_name(path, parts);
    // Some systems give another error than EEXIST, such as EROFS, for a folder that exists.
    if (is_folder(path)) return {};
    return system_error(condition_of(error, Condition::open), path, "make the folder", error);
}

struct OpenFolder::Impl {
    Impl(std::string whole_path, Descriptor opened) noexcept
        : path(std::move(whole_path)), folder(std::move(opened)) {}

    const std::string path;
    const Descriptor folder;
};

OpenFolder::OpenFolder(std::unique_ptr<Impl> impl) noexcept : impl_(std::move(impl)) {}
OpenFolder::OpenFolder(OpenFolder&&) noexcept = default;
OpenFolder& OpenFolder::operator=(OpenFolder&&) noexcept = default;
OpenFolder::~OpenFolder() = default;

Result<OpenFolder> OpenFolder::open(const std::string& path) {
    Descriptor folder = open_folder(path);
    if (!folder) return system_error(Condition::open, path, "open the folder", errno);
    return OpenFolder(std::make_unique<Impl>(path, std::move(folder)));
}

Result<std::vector<std::string>> OpenFolder::names() const {
    std::vector<std::string> names;
    FolderListing listing(impl_->folder);
    while (const char* const name = listing.next())
        names.emplace_back(name);
    if (listing.error() == 0) return names;
    return system_error(listing.is_open() ? Condition::read : Condition::open, impl_->path, "list the folder",
                        listing.error());
}

Result<bool> OpenFolder::holds(const std::string& name, const std::string& file) const {
    const std::string path = name + "/" + file;
    struct stat status {};
    if (::fstatat(impl_->folder.get(), path.c_str(), &status, 0) == 0) return S_ISREG(status.st_mode);
    const int error = errno;
    if (error == ENOENT || error == ENOTDIR) return false;
    return system_error(Condition::open, path_in(impl_->path, path), "look at", error);
}

Result<void> OpenFolder::remove_file(const std::string& name) const {
    return remove_in(impl_->folder, impl_->path, name, 0);
}

Result<void> OpenFolder::remove_folder(const std::string& name, const std::string& first) const {
    constexpr int kFlags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
    const std::string path = path_in(impl_->path, name);
    const Descriptor folder(
        retry_interrupted([&] { return ::openat(impl_->folder.get(), name.c_str(), kFlags); }));
    if (!folder) {
        if (errno == ENOENT) return {};
        return system_error(Condition::open, path, "open the folder to remove it", errno);
    }
    MILEPOST_TRY_ASSIGN(const auto files, names_of_files(folder, path));
    MILEPOST_TRY(remove_in(folder, path, first, 0));
    if (const int error = sync_file(folder.get()); error != 0)
        return system_error(Condition::sync, path, "sync the folder", error);
    for (const std::string& file : files)
        MILEPOST_TRY(remove_in(folder, path, file, 0));
    return remove_in(impl_->folder, impl_->path, name, AT_REMOVEDIR);
}

void OpenFolder::sweep_orphans(bool (*is_target)(std::string_view)) const noexcept {
    platform::sweep_orphans(impl_->folder, is_target);
}

}  // namespace milepost::platform

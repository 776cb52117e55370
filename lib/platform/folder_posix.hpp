#pragma once

#include <cstddef>
#include <string>

#include <dirent.h>

#include "platform/descriptor_posix.hpp"

namespace milepost::platform {

/// Opens a folder for calls that are relative to it. A folder that may be written and searched but not read
/// is opened too; it can then not be listed, and sync_folder needs another way. Sets errno on failure.
[[nodiscard]] Descriptor open_folder(const std::string& path) noexcept;

/// The names in an open folder, without "." and "..", in no order. One thread at a time.
class FolderListing {
public:
    explicit FolderListing(const Descriptor& folder) noexcept;
    FolderListing(const FolderListing&) = delete;
    FolderListing& operator=(const FolderListing&) = delete;
    ~FolderListing();

    /// The next name, valid until the next call; null at the end and after an error.
    [[nodiscard]] const char* next() noexcept;
    /// The errno of what ended the listing, or 0; and whether that was opening the folder.
    ///@{
    [[nodiscard]] int error() const noexcept { return error_; }
    [[nodiscard]] bool is_open() const noexcept { return entries_ != nullptr; }
    ///@}

private:
    DIR* entries_ = nullptr;
    int error_ = 0;
};

/// How many bytes the name of a file in `folder` may have, but 255 at most.
[[nodiscard]] std::size_t max_name_nbytes(const Descriptor& folder) noexcept;

/// Opens a regular file in `folder` to look at it, and to read it if that is permitted. Never follows a link,
/// never blocks. Returns no descriptor and sets errno if there is no such file.
[[nodiscard]] Descriptor open_to_look(const Descriptor& folder, const char* name) noexcept;

/// Puts the bytes of `file` on the disk. Where the file system refuses fsync as a call that it does not have,
/// which is not a failure, the whole file system is synced. Returns an errno, or 0. An error is final: the
/// kernel reports it once, drops the pages, and reports success the second time.
[[nodiscard]] int sync_file(int file) noexcept;

/// Puts the names in `folder` on the disk, in the same way. `name` is a file in it, which is opened if the
/// folder cannot be synced by itself. Returns an errno, or 0.
[[nodiscard]] int sync_folder(const Descriptor& folder, const char* name) noexcept;

}  // namespace milepost::platform

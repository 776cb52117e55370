#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <milepost/result.hpp>

namespace milepost::platform {

/// Makes a folder, and those above it that do not exist, and puts the names of the new ones on the disk. One
/// that exists is left as it is. Errors: io_error/open, /no_space, /quota; not_durable/directory_sync, after
/// which the folder exists. Throws std::bad_alloc.
[[nodiscard]] Result<void> make_folders(const std::string& path);

/// One open folder. All calls are about what is in it, wherever it is renamed to meanwhile. Names are those
/// of entries of the folder itself. Move-only; closes when destroyed. Const members from any thread.
/// Functions throw std::bad_alloc.
class OpenFolder {
public:
    /// Errors: io_error/open, also if there is no such folder.
    [[nodiscard]] static Result<OpenFolder> open(const std::string& path);

    OpenFolder(OpenFolder&& other) noexcept;
    OpenFolder& operator=(OpenFolder&& other) noexcept;
    ~OpenFolder();

    /// All names, in no order. Errors: io_error/open, /read.
    [[nodiscard]] Result<std::vector<std::string>> names() const;
    /// Whether the folder `name`, or the folder that a link of this name leads to, holds the regular file
    /// `file`. False also if `name` is not a folder. Errors: io_error/open if the system does not tell.
    [[nodiscard]] Result<bool> holds(const std::string& name, const std::string& file) const;

    /// Removes the name of a file or of a link. Succeeds if there is none. The removal is not synced. Errors:
    /// io_error/write.
    [[nodiscard]] Result<void> remove_file(const std::string& name) const;
    /// Removes the folder `name` and the regular files in it: first `first`, which is gone from the disk
    /// before the others are removed. Changes nothing if the folder holds anything else, or is a link.
    /// Succeeds if there is none. Errors: io_error/open, /read, /write, /sync; the folder may then have lost
    /// some files.
    [[nodiscard]] Result<void> remove_folder(const std::string& name, const std::string& first) const;
    /// Removes what dead saves left of files whose names `is_target` takes: see temporary_posix.hpp.
    void sweep_orphans(bool (*is_target)(std::string_view)) const noexcept;

private:
    struct Impl;
    explicit OpenFolder(std::unique_ptr<Impl> impl) noexcept;
    std::unique_ptr<Impl> impl_;
};

}  // namespace milepost::platform

#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>

#include <milepost/result.hpp>

namespace milepost::platform {

struct ReplaceOptions {
    bool durable = true;         ///< fsync the file before, and the folder after, the rename
    bool keep_previous = false;  ///< the old file stays as PATH.prev
    bool create_only = false;    ///< invalid_argument/target if the path exists
};

/// A file that takes the place of another in one step, or never exists: docs/design.md, "Saving". Written
/// beside the target, without a name where the file system allows that; commit() gives it its name. One
/// thread at a time, but write() may be called from another thread than the others, if calls do not overlap.
/// Move-only; destroyed before commit(), it removes what it wrote.
class ReplacingFile {
public:
    /// Errors: invalid_argument/target if `path` names something that is not a regular file, or exists
    /// and create_only is set; io_error/open, /no_space, /quota, ...
    [[nodiscard]] static Result<ReplacingFile> create(const std::string& path, const ReplaceOptions& options);

    ReplacingFile(ReplacingFile&&) noexcept;
    ReplacingFile& operator=(ReplacingFile&&) noexcept;
    ~ReplacingFile();

    /// Asks for room ahead of writing, so that a full disk shows before hours of writing. Surplus is cut by
    /// commit(). Errors: io_error/no_space, /quota, /file_size_limit.
    [[nodiscard]] Result<void> reserve(std::uint64_t nbytes);
    /// Errors: io_error/write, /no_space, /quota, /file_size_limit, with path and offset.
    [[nodiscard]] Result<void> write(std::uint64_t offset, std::span<const std::byte> bytes);
    /// Cuts to `size`, makes durable, renames. Errors: io_error/sync, /close, /link, /rename: the target is
    /// as before; not_durable/directory_sync: the new file is in place.
    [[nodiscard]] Result<void> commit(std::uint64_t size);

private:
    struct Impl;
    explicit ReplacingFile(std::unique_ptr<Impl> impl) noexcept;
    std::unique_ptr<Impl> impl_;
};

}  // namespace milepost::platform

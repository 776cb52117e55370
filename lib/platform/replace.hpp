#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include <milepost/result.hpp>

namespace milepost::platform {

struct ReplaceOptions {
    bool durable = true;         ///< fsync the file before, and the folder after, the rename
    bool keep_previous = false;  ///< the old file stays as PATH.prev
    bool create_only = false;    ///< invalid_argument/target if the path exists
    bool keep_cached = false;    ///< what was written shall be in the page cache afterwards
};

/// A new file that replaces the target in one step at commit(), or is removed: docs/design.md, "Saving". It
/// is written in the folder of the target, without a name if the file system supports that. One thread at a
/// time, but for write(), which several threads may call at once. Move-only. If it is destroyed before
/// commit(), it removes what it wrote.
class ReplacingFile {
public:
    /// Errors: invalid_argument/target if `path` names something that is not a regular file, or exists
    /// and create_only is set; io_error/open, /no_space, /quota, ...
    [[nodiscard]] static Result<ReplacingFile> create(const std::string& path, const ReplaceOptions& options);

    ReplacingFile(ReplacingFile&&) noexcept;
    ReplacingFile& operator=(ReplacingFile&&) noexcept;
    ~ReplacingFile();

    /// Allocates space before writing, so that a full disk is reported at once, not after hours of writing.
    /// commit() frees what is not used. Errors: io_error/no_space, /quota, /file_size_limit.
    [[nodiscard]] Result<void> reserve(std::uint64_t nbytes);
    /// A durable file on a local disk is written past the page cache, as far as the memory, the offset and
    /// the size of each write are multiples of 4096 and it has 1 MiB at least; the first other write ends
    /// that. Errors: io_error/write, /no_space, /quota, /file_size_limit, with path and offset.
    [[nodiscard]] Result<void> write(std::uint64_t offset, std::span<const std::byte> bytes);
    /// Whether the next write may go past the page cache. Several such writes at once are faster than one
    /// after the other.
    [[nodiscard]] bool is_direct() const noexcept;
    /// Cuts the file to `size`, makes it durable and renames it to the target. Errors: io_error/sync, /close,
    /// /link, /rename: the target is as before; not_durable/directory_sync: the new file is in place.
    [[nodiscard]] Result<void> commit(std::uint64_t size);

private:
    struct Impl;
    Result<void> check_usable(std::string_view done) const;
    explicit ReplacingFile(std::unique_ptr<Impl> impl) noexcept;
    std::unique_ptr<Impl> impl_;
};

}  // namespace milepost::platform

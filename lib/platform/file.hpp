#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <utility>

#include <milepost/result.hpp>

namespace milepost::platform {

/// A mapping of a whole file. Move-only; unmaps when destroyed.
class Mapping {
public:
    Mapping() noexcept = default;
    Mapping(Mapping&& other) noexcept;
    Mapping& operator=(Mapping&& other) noexcept;
    ~Mapping();

    [[nodiscard]] std::span<const std::byte> bytes() const noexcept { return bytes_; }
    /// The same bytes. Requires: the mapping was made by map_private().
    [[nodiscard]] std::span<std::byte> writable_bytes() const noexcept { return bytes_; }

private:
    friend class InputFile;
    std::span<std::byte> bytes_;
};

/// Distinguishes a file from other files, and from its own state after a change.
struct FileIdentity {
    std::uint64_t device = 0, inode = 0, size = 0;
    std::int64_t modified_ns = 0;

    friend bool operator==(const FileIdentity&, const FileIdentity&) = default;
};

/// One open regular file, read by position; const members from any thread. Move-only; closes when destroyed.
class InputFile {
public:
    /// Never blocks, not even on a FIFO or a terminal, and never makes a terminal the controlling one.
    /// Errors: not_found/file; not_a_checkpoint/not_regular; io_error/open.
    [[nodiscard]] static Result<InputFile> open(const std::string& path);

    InputFile(InputFile&& other) noexcept;
    InputFile& operator=(InputFile&& other) noexcept;
    ~InputFile();

    /// The size of the file when it was opened.
    [[nodiscard]] std::uint64_t size() const noexcept { return identity_.size; }
    /// Fills `to` with the bytes from `offset` on; continues after EINTR and after short reads. Errors:
    /// io_error/read with the offset; io_error/changed if the file ends before `to` is full.
    [[nodiscard]] Result<void> read(std::uint64_t offset, std::span<std::byte> to) const;
    /// Errors: io_error/changed if size or mtime are no longer those at open. Not ctime: a save that replaces
    /// the file, or keeps it as PATH.prev, changes that and leaves the bytes as they are. A program
    /// that rewrites a file and sets its mtime back is not noticed here, but by the checksums.
    [[nodiscard]] Result<void> check_unchanged() const;
    /// Whether a mapping is safe and fast on its file system: false for network and user-space file systems.
    [[nodiscard]] bool is_local() const noexcept;
    /// Maps the whole file, to be read. Errors: io_error/map.
    [[nodiscard]] Result<Mapping> map() const;
    /// Maps the whole file, to be read and written; what is written stays in memory of the process. No memory
    /// is set aside for that: writing may fail as any use of fresh memory does. Errors: io_error/map.
    [[nodiscard]] Result<Mapping> map_private() const;

private:
    friend class ColdFile;
    InputFile(int descriptor, const FileIdentity& identity, std::string path) noexcept
        : descriptor_(descriptor), identity_(identity), path_(std::move(path)) {}
    /// Reads until `to` is full or the file ends, and adds the number of bytes to `done`. Returns an errno,
    /// or 0. Opens the file again, once, if its handle is stale.
    int read_some(std::uint64_t offset, std::span<std::byte> to, std::size_t& done) const noexcept;
    [[nodiscard]] Result<Mapping> map_with(int protection, int flags) const;

    int descriptor_ = -1;
    FileIdentity identity_;
    std::string path_;
};

}  // namespace milepost::platform

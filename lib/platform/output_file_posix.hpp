#pragma once

#include <cstddef>
#include <cstdint>
#include <mutex>
#include <optional>
#include <span>
#include <string>

#include <milepost/result.hpp>

#include "platform/write_mode_posix.hpp"

namespace milepost::platform {

/// The content of a new file, and the space that it takes on the disk. Several threads may write at once;
/// reserve() and cut() are not called at the same time as anything else.
class OutputFile {
public:
    /// `path` is named in messages; it must outlive this.
    explicit OutputFile(const std::string& path) noexcept : path_(path) {}

    /// The file, which is empty. It stays the caller's. Called once, first. `durable`: whether it will be
    /// synced. `keep_cached`: whether its bytes shall be in the page cache afterwards.
    void open(int file, bool durable, bool keep_cached) noexcept;

    /// Allocates space for a file of `nbytes`. Errors: io_error/no_space, /quota, /file_size_limit.
    [[nodiscard]] Result<void> reserve(std::uint64_t nbytes);
    /// Errors: io_error/write, /no_space, /quota, /file_size_limit, with path and offset.
    [[nodiscard]] Result<void> write(std::uint64_t offset, std::span<const std::byte> bytes);
    /// Ends the file at `size`. Errors: as write.
    [[nodiscard]] Result<void> cut(std::uint64_t size);

    /// Whether writes of suitable pieces go past the page cache, so that several of them at once are faster
    /// than one after the other.
    [[nodiscard]] bool is_direct() const noexcept { return writer_.mode() == WriteMode::direct; }

private:
    [[nodiscard]] Result<void> check_size(std::uint64_t end) const;
    bool find_out_whether_it_can_be_cut() noexcept;
    void reserve_ahead(std::uint64_t end) noexcept;
    void note_written(std::uint64_t end) noexcept;

    const std::string& path_;
    int file_ = -1;
    ModalWriter writer_;
    std::mutex mutex_;
    std::uint64_t extent_ = 0;     // size of the file: the end of what was reserved or written
    std::optional<bool> can_cut_;  // whether there is a call that ends a file
    bool ragged_ = false;          // whether the file may be larger than extent_
    bool reserves_ahead_ = true;   // until that fails
};

}  // namespace milepost::platform

#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <utility>

#include <milepost/io.hpp>
#include <milepost/options.hpp>
#include <milepost/result.hpp>

#include "platform/file.hpp"

namespace milepost::loading {

/// The bytes of an open checkpoint: a file, by reads and by a mapping where there is one, or a caller's
/// Source. Owns what it opened. Immutable after map(): any thread.
class FileAccess {
public:
    /// Opens a file, not yet mapped. Errors: not_found/file; not_a_checkpoint/not_regular; io_error/open.
    /// Throws std::bad_alloc.
    [[nodiscard]] static Result<FileAccess> open(const std::string& path);
    /// Requires: `source` is not null.
    explicit FileAccess(std::shared_ptr<const Source> source) noexcept : source_(std::move(source)) {}

    /// Maps the file if the caller or the file system wants it. What cannot be mapped is read, unless the
    /// caller insists. Errors: io_error/map for Access::mapped; limit_exceeded/address_space likewise.
    [[nodiscard]] Result<void> map(Access wanted);

    [[nodiscard]] const Source& source() const noexcept { return *source_; }
    /// The file; null for a caller's Source.
    [[nodiscard]] const platform::InputFile* file() const noexcept { return file_; }
    /// The whole file; empty if it is not mapped.
    [[nodiscard]] std::span<const std::byte> mapped() const noexcept { return mapping_.bytes(); }

    /// See Source::check_unchanged.
    [[nodiscard]] Result<void> check_unchanged() const { return source_->check_unchanged(); }

private:
    std::shared_ptr<const Source> source_;
    const platform::InputFile* file_ = nullptr;  // the one inside source_, if it is a file
    platform::Mapping mapping_;
};

}  // namespace milepost::loading

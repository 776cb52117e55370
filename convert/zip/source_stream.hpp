#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include <minizip/ioapi.h>

#include <milepost/error.hpp>
#include <milepost/io.hpp>
#include <milepost/result.hpp>

namespace milepost::convert {

/// A Source as a file of minizip, which reads byte by byte: through two blocks, one for the central directory
/// and one for the header of an entry. It has one position. Not for use by several threads at once.
class SourceStream {
public:
    /// Borrows the source, which has `size` bytes.
    SourceStream(const Source& source, std::uint64_t size) noexcept : source_(source), size_(size) {}
    SourceStream(const SourceStream&) = delete;
    SourceStream& operator=(const SourceStream&) = delete;

    /// What minizip opens; the path that it is given is this object, and borrowed.
    [[nodiscard]] static zlib_filefunc64_def functions() noexcept;

    /// Fills `to` from `offset` on. Requires: the source has these bytes. Errors: those of the source.
    [[nodiscard]] Result<void> read(std::uint64_t offset, std::span<std::byte> to);

    /// The first error of the source while minizip read, which only knows that it failed.
    [[nodiscard]] const std::optional<Error>& error() const noexcept { return error_; }

private:
    struct CachedBlock {
        std::uint64_t begin = UINT64_MAX;
        std::size_t nbytes = 0;
        std::array<std::byte, 4096> bytes;
    };
    struct Functions;

    /// The block that holds the byte at `offset`.
    [[nodiscard]] Result<const CachedBlock*> block_at(std::uint64_t offset);

    void keep(const Error& error) {
        if (!error_) error_ = error;
    }

    const Source& source_;
    std::uint64_t size_;
    std::uint64_t position_ = 0;
    std::array<CachedBlock, 2> blocks_;
    std::size_t last_used_ = 0;
    std::optional<Error> error_;
    bool ended_ = false;  ///< a read went beyond the end
};

}  // namespace milepost::convert

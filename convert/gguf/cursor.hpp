#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <milepost/io.hpp>
#include <milepost/options.hpp>
#include <milepost/result.hpp>

#include "base/little_endian.hpp"

namespace milepost::convert::gguf {

/// Reads the header of a file forward, through a buffer. Each size is compared with the rest of the file
/// before memory is taken for it. Errors of its functions: truncated/cut past the end of the file,
/// limit_exceeded/index_bytes past the limit, those of the source. They throw std::bad_alloc.
class Cursor {
public:
    /// Requires: `size` is that of the source, which outlives the cursor.
    Cursor(const Source& source, std::uint64_t size, const Limits& limits)
        : source_(source), size_(size), max_nbytes_(limits.max_index_bytes) {}

    /// Of the next byte, from the beginning of the file; and how many bytes are after that.
    ///@{
    [[nodiscard]] std::uint64_t offset() const noexcept { return buffer_begin_ + next_; }
    [[nodiscard]] std::uint64_t remaining() const noexcept { return size_ - offset(); }
    ///@}

    /// Whether `count` things of at least `least_nbytes` each can follow. `what` says what they are, for the
    /// message: "key-value pairs".
    [[nodiscard]] Result<void> check_room(std::uint64_t count, std::uint64_t least_nbytes,
                                          std::string_view what) const;
    /// A number, and a text after its size.
    ///@{
    template <class T>
    [[nodiscard]] Result<T> number(std::string_view what) {
        MILEPOST_TRY(fill(sizeof(T), what));
        const T value = base::load_le<T>(buffer_.data() + next_);
        next_ += sizeof(T);
        return value;
    }
    [[nodiscard]] Result<std::string> text(std::string_view what);
    ///@}

private:
    [[nodiscard]] Result<void> check_end(std::uint64_t nbytes, std::string_view what) const;
    /// Has the next bytes in the buffer.
    [[nodiscard]] Result<void> fill(std::size_t nbytes, std::string_view what);

    const Source& source_;
    std::uint64_t size_;
    std::uint64_t max_nbytes_;
    std::uint64_t buffer_begin_ = 0;  ///< in the file
    std::size_t next_ = 0;            ///< in the buffer
    std::vector<std::byte> buffer_;
};

}  // namespace milepost::convert::gguf

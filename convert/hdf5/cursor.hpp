#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include <milepost/error.hpp>
#include <milepost/result.hpp>

namespace milepost::convert::hdf5 {

/// The address of what is not there.
inline constexpr std::uint64_t kNowhere = UINT64_MAX;

/// How many bytes the file takes for an address, and for a size: 2, 4 or 8.
struct Widths {
    std::uint8_t address = 8;
    std::uint8_t length = 8;
};

/// Reads the bytes of one structure forward. Borrows them, and the text that names the structure. Errors of
/// its functions: corrupt/foreign past the end. They throw std::bad_alloc.
class Cursor {
public:
    Cursor() noexcept = default;
    /// `begin` is the address of the bytes in the file, for messages; `what` is the structure: "B-tree node".
    Cursor(std::span<const std::byte> bytes, std::uint64_t begin, std::string_view what,
           Widths widths) noexcept
        : bytes_(bytes), begin_(begin), what_(what), widths_(widths) {}

    /// Of the next byte in the structure, in the file, and how many are left.
    ///@{
    [[nodiscard]] std::size_t position() const noexcept { return next_; }
    [[nodiscard]] std::uint64_t offset() const noexcept { return begin_ + next_; }
    [[nodiscard]] std::size_t remaining() const noexcept { return bytes_.size() - next_; }
    ///@}
    [[nodiscard]] Widths widths() const noexcept { return widths_; }

    /// A number of up to 8 bytes; one byte; an address, with kNowhere for one whose bits are all set; a size.
    ///@{
    [[nodiscard]] Result<std::uint64_t> number(std::size_t nbytes);
    [[nodiscard]] Result<std::uint8_t> byte();
    [[nodiscard]] Result<std::uint64_t> address();
    [[nodiscard]] Result<std::uint64_t> length() { return number(widths_.length); }
    ///@}
    [[nodiscard]] Result<void> skip(std::uint64_t nbytes);
    /// The next bytes; and as a cursor of their own, with another name where one is given.
    ///@{
    [[nodiscard]] Result<std::span<const std::byte>> bytes(std::uint64_t nbytes);
    [[nodiscard]] Result<Cursor> part(std::uint64_t nbytes, std::string_view what = {});
    ///@}
    /// A text that ends with a zero byte, which is skipped.
    [[nodiscard]] Result<std::string_view> text();

    /// Requires these bytes; this number as one byte, a version, say.
    ///@{
    [[nodiscard]] Result<void> signature(std::string_view expected);
    [[nodiscard]] Result<void> version(std::uint8_t expected);
    ///@}
    /// Compares the next four bytes with the checksum of all that is before them.
    [[nodiscard]] Result<void> checksum();

    /// "HDF5 B-tree node at 1024: " and why. The second is for what is sound and not read here.
    ///@{
    [[nodiscard]] Error broken(std::string_view why) const;
    [[nodiscard]] Error unsupported(std::string_view why) const;
    ///@}

private:
    std::span<const std::byte> bytes_;
    std::uint64_t begin_ = 0;
    std::string_view what_;
    Widths widths_;
    std::size_t next_ = 0;
};

}  // namespace milepost::convert::hdf5

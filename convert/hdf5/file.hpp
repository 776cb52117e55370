#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>
#include <utility>
#include <vector>

#include <milepost/io.hpp>
#include <milepost/options.hpp>
#include <milepost/result.hpp>

#include "convert/budget.hpp"
#include "convert/hdf5/cursor.hpp"

namespace milepost::convert::hdf5 {

/// The bytes of a structure, as long as cursors read them.
class FileBlock {
public:
    FileBlock(std::vector<std::byte> bytes, std::uint64_t begin, std::string_view what,
              Widths widths) noexcept
        : bytes_(std::move(bytes)), begin_(begin), what_(what), widths_(widths) {}
    [[nodiscard]] Cursor cursor() const& noexcept { return {bytes_, begin_, what_, widths_}; }
    Cursor cursor() const&& = delete;
    [[nodiscard]] const std::vector<std::byte>& bytes() const noexcept { return bytes_; }

private:
    std::vector<std::byte> bytes_;
    std::uint64_t begin_;
    std::string_view what_;
    Widths widths_;
};

/// A file while its structures are read. Addresses count from the superblock, which may come after a block of
/// the user.
///
/// Each structure is read once, so all of them together are not larger than the file. That is what bounds the
/// work: loops, overlaps and counts that are too large end there, at the latest.
class File {
public:
    File(std::shared_ptr<const Source> source, std::uint64_t size, const Limits& limits) noexcept
        : source_(std::move(source)),
          end_(size),
          size_(size),
          limits_(limits),
          budget_(limits, "HDF5 file") {}

    [[nodiscard]] const std::shared_ptr<const Source>& source() const noexcept { return source_; }
    [[nodiscard]] const Limits& limits() const noexcept { return limits_; }
    [[nodiscard]] Budget& budget() noexcept { return budget_; }
    [[nodiscard]] Widths widths() const noexcept { return widths_; }
    /// Where address 0 is, and how many bytes have an address.
    ///@{
    [[nodiscard]] std::uint64_t base() const noexcept { return base_; }
    [[nodiscard]] std::uint64_t nbytes() const noexcept { return end_ - base_; }
    ///@}
    void set_base(std::uint64_t base, std::uint64_t end, Widths widths) noexcept {
        base_ = base;
        end_ = end;
        widths_ = widths;
    }

    /// Whether the file has these bytes. `what` is what has them. Errors: corrupt/foreign.
    [[nodiscard]] Result<void> check_range(std::uint64_t address, std::uint64_t nbytes,
                                           std::string_view what) const;
    /// A structure. `what` is a literal: the block keeps it. Errors: as check_range; corrupt/foreign if
    /// structures overlap; limit_exceeded/index_bytes; those of the source. Throws std::bad_alloc.
    [[nodiscard]] Result<FileBlock> read(std::uint64_t address, std::uint64_t nbytes, std::string_view what);
    /// One whose size is in its first `begin_nbytes` bytes: `size_of` returns it. Errors: also its own.
    template <class SizeOf>
    [[nodiscard]] Result<FileBlock> read_sized(std::uint64_t address, std::uint64_t begin_nbytes,
                                               std::string_view what, SizeOf size_of) {
        MILEPOST_TRY_ASSIGN(const FileBlock begin, read(address, begin_nbytes, what));
        MILEPOST_TRY_ASSIGN(const std::uint64_t nbytes, size_of(begin.cursor()));
        return read_rest(address, begin, nbytes, what);
    }

private:
    [[nodiscard]] Result<FileBlock> read_rest(std::uint64_t address, const FileBlock& begin,
                                              std::uint64_t nbytes, std::string_view what);

    std::shared_ptr<const Source> source_;
    std::uint64_t base_ = 0, end_, size_;
    const Limits& limits_;
    Budget budget_;
    Widths widths_;
    std::uint64_t taken_nbytes_ = 0;  ///< of all structures
};

}  // namespace milepost::convert::hdf5

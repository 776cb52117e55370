#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <utility>

#include <milepost/result.hpp>

#include "convert/hdf5/cursor.hpp"
#include "convert/hdf5/file.hpp"

namespace milepost::convert::hdf5 {

/// A heap that has the links or the attributes of one object. Its blocks are read once, when they are needed.
class FractalHeap {
public:
    /// Errors: those of File::read; corrupt/foreign, /foreign_checksum; unsupported/feature for filters.
    /// Throws std::bad_alloc.
    [[nodiscard]] static Result<FractalHeap> open(File& file, std::uint64_t address);

    /// The object of an ID, which the cursor reads: managed, huge or tiny. Valid as long as the heap. Errors:
    /// as open().
    [[nodiscard]] Result<Cursor> object(Cursor id);

    [[nodiscard]] std::uint64_t id_nbytes() const noexcept { return id_nbytes_; }

private:
    explicit FractalHeap(File& file) noexcept : file_(&file) {}
    Result<void> read_header(Cursor& at);
    Result<void> check_header(const Cursor& at) const;
    Result<Cursor> managed(Cursor& id);
    Result<Cursor> huge(Cursor& id);
    struct BlockKind;
    static const BlockKind kDirect, kIndirect;
    Result<const FileBlock*> block_at(const BlockKind& kind, std::uint64_t address, std::uint64_t nbytes,
                                      std::uint64_t begin);
    Result<void> check_direct(const FileBlock& block) const;
    Result<void> check_indirect(const FileBlock& block) const;
    Result<void> check_place(Cursor& at, std::uint64_t begin) const;
    [[nodiscard]] std::uint64_t row_nbytes(std::uint64_t row) const noexcept;
    /// Of what comes before the objects of a direct block.
    [[nodiscard]] std::uint64_t prefix_nbytes() const noexcept;
    [[nodiscard]] std::size_t offset_nbytes() const noexcept {
        return static_cast<std::size_t>((bits_ + 7) / 8);
    }

    File* file_;
    std::uint64_t address_ = 0;
    std::uint64_t id_nbytes_ = 0, greatest_object_ = 0, huge_tree_ = 0;
    std::uint64_t width_ = 0, first_nbytes_ = 0, greatest_direct_ = 0, bits_ = 0;
    std::uint64_t root_ = 0, root_rows_ = 0;
    bool has_checksums_ = false;
    std::map<std::uint64_t, std::unique_ptr<FileBlock>> blocks_;             ///< by address
    std::map<std::uint64_t, std::pair<std::uint64_t, std::uint64_t>> huge_;  ///< ID -> address, size
    std::map<std::uint64_t, std::unique_ptr<FileBlock>> huge_blocks_;
    bool knows_huge_ = false;
};

}  // namespace milepost::convert::hdf5

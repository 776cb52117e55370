#include "convert/hdf5/fractal_heap.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <map>
#include <memory>
#include <string_view>
#include <utility>
#include <vector>

#include <milepost/error.hpp>
#include <milepost/result.hpp>

#include "base/checked.hpp"
#include "base/message.hpp"
#include "convert/hdf5/bits.hpp"
#include "convert/hdf5/btree_v2.hpp"
#include "convert/hdf5/checksum.hpp"
#include "convert/hdf5/cursor.hpp"
#include "convert/hdf5/file.hpp"

namespace milepost::convert::hdf5 {
namespace {

using base::message;

enum IdType : std::uint8_t { kManaged = 0, kHuge = 1, kTiny = 2 };

}  // namespace

struct FractalHeap::BlockKind {
    std::string_view what, signature;
    Result<void> (FractalHeap::*check)(const FileBlock& block) const;
};

constexpr FractalHeap::BlockKind FractalHeap::kDirect = {"fractal heap direct block", "FHDB",
                                                         &FractalHeap::check_direct};
constexpr FractalHeap::BlockKind FractalHeap::kIndirect = {"fractal heap indirect block", "FHIB",
                                                           &FractalHeap::check_indirect};

Result<FractalHeap> FractalHeap::open(File& file, std::uint64_t address) {
    FractalHeap heap(file);
    heap.address_ = address;
    const Widths widths = file.widths();
    const std::uint64_t nbytes = 26ULL + 3ULL * widths.address + 12ULL * widths.length;
    MILEPOST_TRY_ASSIGN(const FileBlock block, file.read(address, nbytes, "fractal heap header"));
    Cursor at = block.cursor();
    MILEPOST_TRY(heap.read_header(at));
    MILEPOST_TRY(heap.check_header(at));
    return heap;
}

Result<void> FractalHeap::read_header(Cursor& at) {
    const std::uint64_t length = at.widths().length, address = at.widths().address;
    MILEPOST_TRY(at.signature("FRHP"));
    MILEPOST_TRY(at.version(0));
    MILEPOST_TRY_ASSIGN(id_nbytes_, at.number(2));
    MILEPOST_TRY_ASSIGN(const std::uint64_t filters_nbytes, at.number(2));
    if (filters_nbytes != 0) return at.unsupported("a heap with filters");
    MILEPOST_TRY_ASSIGN(const std::uint8_t flags, at.byte());
    has_checksums_ = (flags & 2U) != 0;
    MILEPOST_TRY_ASSIGN(greatest_object_, at.number(4));
    MILEPOST_TRY(at.skip(length));  // the next ID of a huge object
    MILEPOST_TRY_ASSIGN(huge_tree_, at.address());
    MILEPOST_TRY(at.skip(length + address + 8 * length));  // free space, and counts of objects
    MILEPOST_TRY_ASSIGN(width_, at.number(2));
    MILEPOST_TRY_ASSIGN(first_nbytes_, at.length());
    MILEPOST_TRY_ASSIGN(greatest_direct_, at.length());
    MILEPOST_TRY_ASSIGN(bits_, at.number(2));
    MILEPOST_TRY(at.skip(2));  // rows of a new root
    MILEPOST_TRY_ASSIGN(root_, at.address());
    MILEPOST_TRY_ASSIGN(root_rows_, at.number(2));
    return at.checksum();
}

/// The blocks of the first two rows have one size, and those of each further one twice that.
Result<void> FractalHeap::check_header(const Cursor& at) const {
    if (!base::is_power_of_two(width_) || !base::is_power_of_two(first_nbytes_) ||
        !base::is_power_of_two(greatest_direct_) || greatest_direct_ < first_nbytes_ || bits_ == 0 ||
        bits_ > 64 || log2_of(greatest_direct_) >= bits_ || log2_of(first_nbytes_) + log2_of(width_) >= bits_)
        return at.broken(message("its blocks have ", first_nbytes_, " to ", greatest_direct_, " bytes, ",
                                 width_, " a row, in a heap of ", bits_, " bits"));
    if (root_rows_ > bits_ - log2_of(first_nbytes_) - log2_of(width_) + 1)
        return at.broken(message("its root has ", root_rows_, " rows"));
    return {};
}

std::uint64_t FractalHeap::row_nbytes(std::uint64_t row) const noexcept {
    return row == 0 ? first_nbytes_ : first_nbytes_ << (row - 1);
}

std::uint64_t FractalHeap::prefix_nbytes() const noexcept {
    return 5ULL + file_->widths().address + offset_nbytes() + (has_checksums_ ? kChecksumNbytes : 0);
}

/// What direct and indirect blocks have after their version.
Result<void> FractalHeap::check_place(Cursor& at, std::uint64_t begin) const {
    MILEPOST_TRY_ASSIGN(const std::uint64_t heap, at.address());
    MILEPOST_TRY_ASSIGN(const std::uint64_t found, at.number(offset_nbytes()));
    if (heap == address_ && found == begin) return {};
    return at.broken(message("it is at ", found, " of the heap at ", heap, ", expected ", begin,
                             " of that at ", address_));
}

/// That of a direct block is in its head, and is that of the block with zeros in its place.
Result<void> FractalHeap::check_direct(const FileBlock& block) const {
    if (!has_checksums_) return {};
    std::vector<std::byte> bytes = block.bytes();
    const std::size_t place = static_cast<std::size_t>(prefix_nbytes()) - kChecksumNbytes;
    Cursor at = block.cursor();
    MILEPOST_TRY(at.skip(place));
    MILEPOST_TRY_ASSIGN(const std::uint64_t expected, at.number(kChecksumNbytes));
    std::memset(&bytes[place], 0, kChecksumNbytes);
    const std::uint32_t found = metadata_checksum(bytes);
    if (found == expected) return {};
    return Error(Condition::foreign_checksum,
                 message("HDF5 ", kDirect.what, ": its checksum, at ", at.offset() - kChecksumNbytes, ", is ",
                         expected, ", that of its bytes is ", found));
}

Result<void> FractalHeap::check_indirect(const FileBlock& block) const {
    Cursor at = block.cursor();
    MILEPOST_TRY(at.skip(at.remaining() - kChecksumNbytes));
    return at.checksum();
}

/// A block is read, and its checksum compared, when it is needed first.
Result<const FileBlock*> FractalHeap::block_at(const BlockKind& kind, std::uint64_t address,
                                               std::uint64_t nbytes, std::uint64_t begin) {
    std::unique_ptr<FileBlock>& kept = blocks_[address];
    if (kept == nullptr) {
        MILEPOST_TRY(file_->budget().take_bytes(nbytes));
        MILEPOST_TRY_ASSIGN(FileBlock block, file_->read(address, nbytes, kind.what));
        MILEPOST_TRY((this->*kind.check)(block));
        kept = std::make_unique<FileBlock>(std::move(block));
    }
    Cursor at = kept->cursor();
    if (at.remaining() != nbytes) return at.broken("two rows of the heap have it");
    MILEPOST_TRY(at.signature(kind.signature));
    MILEPOST_TRY(at.version(0));
    MILEPOST_TRY(check_place(at, begin));
    return kept.get();
}

Result<Cursor> FractalHeap::managed(Cursor& id) {
    MILEPOST_TRY_ASSIGN(const std::uint64_t offset, id.number(offset_nbytes()));
    MILEPOST_TRY_ASSIGN(const std::uint64_t nbytes,
                        id.number(width_of(std::min(greatest_direct_, greatest_object_))));
    std::uint64_t address = root_, rows = root_rows_, begin = 0, block_nbytes = first_nbytes_;
    const std::uint64_t direct_rows = log2_of(greatest_direct_) - log2_of(first_nbytes_) + 2;
    // Each step leads to a smaller block: blocks of row n are half as large as those of the next row.
    while (rows != 0) {
        const std::uint64_t address_nbytes = file_->widths().address;
        const std::uint64_t nbytes_of_rows = rows * width_ * address_nbytes;
        MILEPOST_TRY_ASSIGN(
            const FileBlock* indirect,
            block_at(kIndirect, address, 9 + address_nbytes + offset_nbytes() + nbytes_of_rows, begin));
        const std::uint64_t within = offset - begin, row_of_first = first_nbytes_ * width_;
        const std::uint64_t row = within < row_of_first ? 0 : log2_of(within / row_of_first) + 1;
        if (offset < begin || row >= rows)
            return id.broken(message("its object is at ", offset, ", outside of the heap"));
        const std::uint64_t row_begin = row == 0 ? 0 : row_of_first << (row - 1);
        block_nbytes = row_nbytes(row);
        const std::uint64_t column = (within - row_begin) / block_nbytes;
        Cursor at = indirect->cursor();
        MILEPOST_TRY(at.skip(5ULL + at.widths().address + offset_nbytes() +
                             (row * width_ + column) * at.widths().address));
        MILEPOST_TRY_ASSIGN(address, at.address());
        begin += row_begin + column * block_nbytes;
        if (row >= direct_rows && block_nbytes < row_of_first)
            return id.broken("its object is in a block that is too small to have rows");
        rows = row < direct_rows ? 0 : log2_of(block_nbytes) - log2_of(row_of_first) + 1;
    }
    MILEPOST_TRY_ASSIGN(const FileBlock* direct, block_at(kDirect, address, block_nbytes, begin));
    const std::uint64_t prefix = prefix_nbytes();
    const std::uint64_t within = offset - begin;
    if (offset < begin || within < prefix || !base::range_within(within, nbytes, block_nbytes))
        return id.broken(message("its object has ", nbytes, " bytes at ", offset, ", outside of its block"));
    Cursor at = direct->cursor();
    MILEPOST_TRY(at.skip(within));
    return at.part(nbytes, "fractal heap object");
}

/// An object of its own, found by its number. Its address is not in the ID, whose size h5py keeps small.
Result<Cursor> FractalHeap::huge(Cursor& id) {
    MILEPOST_TRY_ASSIGN(const std::uint64_t number, id.number(std::min<std::size_t>(id.remaining(), 8)));
    if (huge_tree_ == kNowhere) return id.unsupported("a huge object without an index");
    if (!knows_huge_) {
        knows_huge_ = true;
        MILEPOST_TRY(
            walk_btree_v2(*file_, huge_tree_, RecordType::huge_objects, [&](Cursor record) -> Result<void> {
                MILEPOST_TRY_ASSIGN(const std::uint64_t address, record.address());
                MILEPOST_TRY_ASSIGN(const std::uint64_t nbytes, record.length());
                MILEPOST_TRY_ASSIGN(const std::uint64_t key, record.length());
                MILEPOST_TRY(file_->budget().take_bytes(64));
                huge_[key] = {address, nbytes};
                return {};
            }));
    }
    const auto found = huge_.find(number);
    if (found == huge_.end()) return id.broken(message("the heap has no huge object ", number));
    std::unique_ptr<FileBlock>& kept = huge_blocks_[number];
    if (kept == nullptr) {
        MILEPOST_TRY(file_->budget().take_bytes(found->second.second));
        MILEPOST_TRY_ASSIGN(FileBlock block,
                            file_->read(found->second.first, found->second.second, "huge object"));
        kept = std::make_unique<FileBlock>(std::move(block));
    }
    return kept->cursor();
}

Result<Cursor> FractalHeap::object(Cursor id) {
    MILEPOST_TRY_ASSIGN(const std::uint8_t first, id.byte());
    if (first >> 6U != 0) return id.unsupported("an ID of another version in a heap");
    switch (first >> 4U & 3U) {
        case kManaged:
            return managed(id);
        case kHuge:
            return huge(id);
        case kTiny:
            if (id_nbytes_ > 17) return id.unsupported("long tiny objects in a heap");
            return id.part((first & 15U) + 1U, "fractal heap object");
        default:
            return id.broken("an ID of no known type in a heap");
    }
}

}  // namespace milepost::convert::hdf5

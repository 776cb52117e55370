#include "convert/hdf5/array_index.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include <milepost/error.hpp>
#include <milepost/result.hpp>

#include "base/checked.hpp"
#include "base/message.hpp"
#include "convert/hdf5/array_elements.hpp"
#include "convert/hdf5/bits.hpp"
#include "convert/hdf5/chunk_index.hpp"
#include "convert/hdf5/cursor.hpp"
#include "convert/hdf5/file.hpp"

namespace milepost::convert::hdf5 {
namespace {

using base::message;

constexpr std::string_view kFixedBlock = "fixed array data block", kDataBlock = "extensible array data block";
/// Of an array: more elements than any file has.
constexpr std::uint64_t kGreatestBits = 56;

/// Reads an extensible array: an index block, whose first elements are in it, data blocks that grow, and
/// secondary blocks with the addresses of later data blocks. Super block u is 2^(u/2) data blocks of
/// 2^((u+1)/2) times the smallest size.
class ExtensibleArray {
public:
    ExtensibleArray(File& file, ArrayElements& elements) noexcept : file_(file), elements_(elements) {}

    Result<void> run(std::uint64_t address) {
        address_ = address;
        MILEPOST_TRY(read_header());
        if (index_block_ == kNowhere) return {};
        const std::uint64_t block_count = 1 + bits_ - log2_of(least_count_);
        const std::uint64_t direct_count = 2 * log2_of(least_pointers_);
        if (direct_count > block_count)
            return Error(Condition::foreign, message("HDF5 extensible array at ", address,
                                                     ": it has more pointers than elements"));
        const std::uint64_t address_nbytes = file_.widths().address;
        const std::uint64_t pointers = 2 * (least_pointers_ - 1) + block_count - direct_count;
        const std::uint64_t nbytes =
            10 + address_nbytes + first_count_ * elements_.element_nbytes() + pointers * address_nbytes;
        MILEPOST_TRY_ASSIGN(const FileBlock block,
                            file_.read(index_block_, nbytes, "extensible array index block"));
        Cursor at = block.cursor();
        MILEPOST_TRY(read_block_head(at, "EAIB"));
        MILEPOST_TRY_ASSIGN(const Cursor first, at.part(first_count_ * elements_.element_nbytes()));
        MILEPOST_TRY_ASSIGN(Cursor pointed, at.part(pointers * address_nbytes));
        MILEPOST_TRY(at.checksum());
        MILEPOST_TRY(elements_.read(first, 0));
        next_ = first_count_;
        for (std::uint64_t super = 0; super < block_count; ++super) {
            if (super >= direct_count) {
                MILEPOST_TRY_ASSIGN(const std::uint64_t secondary, pointed.address());
                MILEPOST_TRY(read_secondary(secondary, super));
                continue;
            }
            for (std::uint64_t i = 0; i < data_blocks(super); ++i) {
                MILEPOST_TRY_ASSIGN(const std::uint64_t data, pointed.address());
                MILEPOST_TRY(read_data(data, super, {}, 0));
            }
        }
        return {};
    }

private:
    Result<void> read_header() {
        const Widths widths = file_.widths();
        MILEPOST_TRY_ASSIGN(
            const FileBlock block,
            file_.read(address_, 16ULL + 6ULL * widths.length + widths.address, "extensible array header"));
        Cursor at = block.cursor();
        MILEPOST_TRY(elements_.read_head(at, "EAHD"));
        MILEPOST_TRY_ASSIGN(const std::uint8_t element_nbytes, at.byte());
        MILEPOST_TRY(elements_.set_element(at, element_nbytes));
        MILEPOST_TRY_ASSIGN(bits_, at.number(1));
        MILEPOST_TRY_ASSIGN(first_count_, at.number(1));
        MILEPOST_TRY_ASSIGN(least_count_, at.number(1));
        MILEPOST_TRY_ASSIGN(least_pointers_, at.number(1));
        MILEPOST_TRY_ASSIGN(page_bits_, at.number(1));
        MILEPOST_TRY(at.skip(6ULL * widths.length));  // counts, which follow from the blocks
        MILEPOST_TRY_ASSIGN(index_block_, at.address());
        MILEPOST_TRY(at.checksum());
        if (!base::is_power_of_two(least_count_) || !base::is_power_of_two(least_pointers_) || bits_ == 0 ||
            bits_ > kGreatestBits || log2_of(least_count_) > bits_ || page_bits_ > bits_)
            return at.broken(message("an array of ", bits_, " bits, data blocks of at least ", least_count_,
                                     " elements, pages of ", page_bits_, " bits"));
        return {};
    }

    Result<void> read_block_head(Cursor& at, std::string_view signature) const {
        MILEPOST_TRY(elements_.read_head(at, signature));
        MILEPOST_TRY_ASSIGN(const std::uint64_t header, at.address());
        if (header == address_) return {};
        return at.broken(message("it is of the array at ", header, ", expected ", address_));
    }

    [[nodiscard]] static std::uint64_t data_blocks(std::uint64_t super) noexcept { return 1ULL << super / 2; }
    [[nodiscard]] std::uint64_t block_elements(std::uint64_t super) const noexcept {
        return least_count_ << (super + 1) / 2;
    }
    [[nodiscard]] std::uint64_t offset_nbytes() const noexcept { return (bits_ + 7) / 8; }
    [[nodiscard]] bool is_paged(std::uint64_t super) const noexcept {
        return block_elements(super) > 1ULL << page_bits_;
    }

    Result<void> read_secondary(std::uint64_t address, std::uint64_t super) {
        const std::uint64_t count = data_blocks(super);
        if (address == kNowhere) {
            next_ += count * block_elements(super);
            return {};
        }
        const std::uint64_t address_nbytes = file_.widths().address;
        const std::uint64_t pages = is_paged(super) ? block_elements(super) >> page_bits_ : 0;
        const std::uint64_t bits_nbytes = count * ((pages + 7) / 8);
        const std::uint64_t nbytes =
            10 + address_nbytes + offset_nbytes() + bits_nbytes + count * address_nbytes;
        MILEPOST_TRY_ASSIGN(const FileBlock block,
                            file_.read(address, nbytes, "extensible array secondary block"));
        Cursor at = block.cursor();
        MILEPOST_TRY(read_block_head(at, "EASB"));
        MILEPOST_TRY(at.skip(offset_nbytes()));
        MILEPOST_TRY_ASSIGN(const auto bits, at.bytes(bits_nbytes));
        MILEPOST_TRY_ASSIGN(Cursor pointed, at.part(count * address_nbytes));
        MILEPOST_TRY(at.checksum());
        for (std::uint64_t i = 0; i < count; ++i) {
            MILEPOST_TRY_ASSIGN(const std::uint64_t data, pointed.address());
            MILEPOST_TRY(read_data(data, super, bits, i * pages));
        }
        return {};
    }

    /// The elements of the next data block.
    Result<void> read_data(std::uint64_t address, std::uint64_t super, std::span<const std::byte> bits,
                           std::uint64_t first_bit) {
        const std::uint64_t count = block_elements(super), begin = next_;
        next_ += count;
        if (address == kNowhere) return {};
        const std::uint64_t head_nbytes = 6ULL + file_.widths().address + offset_nbytes();
        const std::uint64_t elements_nbytes = is_paged(super) ? 0 : count * elements_.element_nbytes();
        MILEPOST_TRY_ASSIGN(const FileBlock block,
                            file_.read(address, head_nbytes + elements_nbytes + 4, kDataBlock));
        Cursor at = block.cursor();
        MILEPOST_TRY(read_block_head(at, "EADB"));
        MILEPOST_TRY(at.skip(offset_nbytes()));
        MILEPOST_TRY_ASSIGN(const Cursor found, at.part(elements_nbytes));
        MILEPOST_TRY(at.checksum());
        if (!is_paged(super)) return elements_.read(found, begin);
        if (bits.empty()) return at.broken("pages in a data block of the index block");
        return elements_.read_pages(
            {address + head_nbytes + 4, count, 1ULL << page_bits_, bits, first_bit, kDataBlock}, begin);
    }

    File& file_;
    ArrayElements& elements_;
    std::uint64_t address_ = 0, index_block_ = kNowhere;
    std::uint64_t bits_ = 0, first_count_ = 0, least_count_ = 0, least_pointers_ = 0, page_bits_ = 0;
    std::uint64_t next_ = 0;  ///< number of the first element of the next data block
};

}  // namespace

Result<void> add_from_fixed_array(File& file, std::uint64_t address, ChunkList& list) {
    if (address == kNowhere) return {};
    const Widths widths = file.widths();
    ArrayElements elements(file, list, 0);
    MILEPOST_TRY_ASSIGN(const FileBlock header,
                        file.read(address, 12ULL + widths.length + widths.address, "fixed array header"));
    Cursor at = header.cursor();
    MILEPOST_TRY(elements.read_head(at, "FAHD"));
    MILEPOST_TRY_ASSIGN(const std::uint8_t element_nbytes, at.byte());
    MILEPOST_TRY(elements.set_element(at, element_nbytes));
    MILEPOST_TRY_ASSIGN(const std::uint8_t page_bits, at.byte());
    MILEPOST_TRY_ASSIGN(const std::uint64_t count, at.length());
    MILEPOST_TRY_ASSIGN(const std::uint64_t block_address, at.address());
    MILEPOST_TRY(at.checksum());
    if (page_bits > kGreatestBits || count >> kGreatestBits != 0)
        return at.broken(
            message("an array of ", count, " elements, pages of ", unsigned{page_bits}, " bits"));
    if (block_address == kNowhere) return {};
    const std::uint64_t page_count = 1ULL << page_bits;
    const bool is_paged = count > page_count;
    const std::uint64_t bits_nbytes = is_paged ? ((count - 1) / page_count + 8) / 8 : 0;
    std::uint64_t elements_nbytes = 0;
    if (!is_paged) elements_nbytes = count * element_nbytes;  // below 2^60 * 20
    MILEPOST_TRY(file.check_range(block_address, is_paged ? bits_nbytes : count, kFixedBlock));
    const std::uint64_t nbytes = 10ULL + widths.address + bits_nbytes + elements_nbytes;
    MILEPOST_TRY_ASSIGN(const FileBlock block, file.read(block_address, nbytes, kFixedBlock));
    Cursor data = block.cursor();
    MILEPOST_TRY(elements.read_head(data, "FADB"));
    MILEPOST_TRY_ASSIGN(const std::uint64_t owner, data.address());
    if (owner != address)
        return data.broken(message("it is of the array at ", owner, ", expected ", address));
    MILEPOST_TRY_ASSIGN(const auto bits, data.bytes(bits_nbytes));
    MILEPOST_TRY_ASSIGN(const Cursor found, data.part(elements_nbytes));
    MILEPOST_TRY(data.checksum());
    if (!is_paged) return elements.read(found, 0);
    return elements.read_pages({block_address + nbytes, count, page_count, bits, 0, kFixedBlock}, 0);
}

Result<void> add_from_extensible_array(File& file, std::uint64_t address, ChunkList& list) {
    if (address == kNowhere) return {};
    const auto& greatest = list.grid().greatest_counts;
    const auto unlimited = std::find(greatest.begin(), greatest.end(), UINT64_MAX);
    if (unlimited == greatest.end())
        return Error(Condition::foreign,
                     message("HDF5 extensible array at ", address, ": the dataset cannot grow"));
    ArrayElements elements(file, list, static_cast<std::size_t>(unlimited - greatest.begin()));
    return ExtensibleArray(file, elements).run(address);
}

}  // namespace milepost::convert::hdf5

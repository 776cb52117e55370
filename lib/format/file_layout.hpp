#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>

#include <milepost/result.hpp>

#include "base/checked.hpp"
#include "codec/checksum.hpp"

/// Header, footer and the offsets of everything outside the index: docs/format.md, sections 1, 3 to 5. The
/// only definition of these numbers.
namespace milepost::format {

inline constexpr std::uint32_t kFormatVersion = 0;
inline constexpr std::size_t kHeaderNbytes = 64;
inline constexpr std::size_t kFooterNbytes = 64;
/// Between the two pairs of index and footer: no damaged sector can hit both.
inline constexpr std::uint64_t kGapNbytes = 4096;
inline constexpr std::uint64_t kLeastAlignment = 64;
inline constexpr std::uint64_t kGreatestAlignment = std::uint64_t{2} << 20U;
/// A storage of at least kLargeStorageNbytes begins on a page, so that it can be mapped or advised by itself.
inline constexpr std::uint64_t kLargeStorageNbytes = std::uint64_t{1} << 20U;
inline constexpr std::uint64_t kPageNbytes = 4096;
/// FlatBuffers' offsets are signed 32-bit numbers, and its Verifier asserts that a buffer has less than
/// 2^31 - 1 bytes.
inline constexpr std::uint64_t kMaxIndexNbytes = (std::uint64_t{1} << 31U) - 2;

/// Whether a header may have this alignment.
[[nodiscard]] constexpr bool is_alignment(std::uint64_t alignment) noexcept {
    return base::is_power_of_two(alignment) && alignment >= kLeastAlignment &&
           alignment <= kGreatestAlignment;
}

/// Offsets of the header's fields: section 3.
namespace header_field {
inline constexpr std::size_t kFormatVersion = 8, kAlignment = 12, kRequiredFlags = 16, kOptionalFlags = 24,
                             kReserved = 32, kChecksum = 48;
}  // namespace header_field

/// Offsets of the footer's fields: section 5.
namespace footer_field {
inline constexpr std::size_t kFileSize = 8, kIndexOffset = 16, kIndexNbytes = 24, kReserved = 28,
                             kIndexChecksum = 32, kHeaderChecksum = 48, kChecksum = 56;
}  // namespace footer_field

using HeaderBytes = std::array<std::byte, kHeaderNbytes>;
using FooterBytes = std::array<std::byte, kFooterNbytes>;
using Magic = std::array<std::byte, 8>;

extern const Magic kHeaderMagic;
extern const Magic kFooterMagic;

/// docs/format.md, section 3.
struct Header {
    std::uint32_t format_version = kFormatVersion;
    std::uint32_t alignment = kLeastAlignment;
    std::uint64_t required_flags = 0;
    std::uint64_t optional_flags = 0;

    [[nodiscard]] HeaderBytes encode() const noexcept;
    /// Everything but the magic, which the caller has compared. Errors: corrupt/header_checksum, /reserved,
    /// /alignment; unsupported/version, /required_flag.
    [[nodiscard]] static Result<Header> decode(const HeaderBytes& bytes);
};

/// The eight bytes by which a footer knows its header.
[[nodiscard]] codec::Digest64 header_tag(const HeaderBytes& header) noexcept;

/// The offsets of both copies of the index and of both footers, which follow from two numbers.
struct IndexPlacement {
    std::uint64_t index_offset = 0;
    std::uint64_t index_nbytes = 0;

    [[nodiscard]] std::uint64_t padded_nbytes() const noexcept {
        return (index_nbytes + 63) & ~std::uint64_t{63};
    }
    [[nodiscard]] std::uint64_t footer_a() const noexcept { return index_offset + padded_nbytes(); }
    [[nodiscard]] std::uint64_t gap() const noexcept { return footer_a() + kFooterNbytes; }
    [[nodiscard]] std::uint64_t copy_b() const noexcept { return gap() + kGapNbytes; }
    [[nodiscard]] std::uint64_t footer_b() const noexcept { return copy_b() + padded_nbytes(); }
    [[nodiscard]] std::uint64_t file_size() const noexcept { return footer_b() + kFooterNbytes; }
};

/// docs/format.md, section 5.
struct Footer {
    std::uint64_t file_size = 0;
    IndexPlacement placement;
    codec::Digest index_checksum = {};
    codec::Digest64 header_checksum = {};

    [[nodiscard]] FooterBytes encode() const noexcept;
    /// `at` is the offset of the bytes in the file, for messages.
    /// Requires: the caller has compared magic and checksum (has_magic, checksum_holds).
    /// Errors: corrupt/footer_header, /reserved.
    [[nodiscard]] static Result<Footer> decode(const FooterBytes& bytes, const HeaderBytes& header,
                                               std::uint64_t at);

    [[nodiscard]] static bool has_magic(const FooterBytes& bytes) noexcept;
    [[nodiscard]] static bool checksum_holds(const FooterBytes& bytes) noexcept;
};

/// The offset of a storage of `nbytes` raw bytes is a multiple of this, where the header has `alignment`:
/// section 4.
[[nodiscard]] constexpr std::uint64_t storage_alignment(std::uint64_t nbytes,
                                                        std::uint64_t alignment) noexcept {
    return nbytes >= kLargeStorageNbytes ? std::max(alignment, kPageNbytes) : alignment;
}

/// Where a storage of `nbytes` raw bytes, not 0, begins if the last one before it that has bytes ends at
/// `end` (kHeaderNbytes if none has). False where the offset would wrap.
[[nodiscard]] constexpr bool storage_begin(std::uint64_t end, std::uint64_t nbytes, std::uint64_t alignment,
                                           std::uint64_t& begin) noexcept {
    return base::checked_align(end, storage_alignment(nbytes, alignment), begin);
}

}  // namespace milepost::format

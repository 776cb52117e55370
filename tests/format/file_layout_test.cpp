#include <doctest/doctest.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <span>

#include "base/little_endian.hpp"
#include "codec/checksum.hpp"
#include "format/file_layout.hpp"

using namespace milepost;
using namespace milepost::format;

namespace {

/// Changes one number of an encoded header, and makes its checksum right again.
template <class T>
HeaderBytes header_with(std::size_t at, T number) {
    HeaderBytes bytes = Header().encode();
    base::store_le(&bytes[at], number);
    const codec::Digest checksum = codec::checksum128(std::span(bytes).first(header_field::kChecksum));
    std::copy(checksum.begin(), checksum.end(), bytes.begin() + header_field::kChecksum);
    return bytes;
}

Condition condition_of(const HeaderBytes& bytes) {
    const auto header = Header::decode(bytes);
    REQUIRE_FALSE(header);
    return header.error().condition();
}

}  // namespace

TEST_CASE("header: what is encoded is decoded, and is where the format has it") {
    Header header;
    header.alignment = 4096;
    header.optional_flags = 0x8000'0000'0000'0001U;
    const HeaderBytes bytes = header.encode();
    CHECK(std::equal(kHeaderMagic.begin(), kHeaderMagic.end(), bytes.begin()));
    CHECK(base::load_le<std::uint32_t>(&bytes[8]) == kFormatVersion);
    CHECK(base::load_le<std::uint32_t>(&bytes[12]) == 4096);
    CHECK(base::load_le<std::uint64_t>(&bytes[24]) == header.optional_flags);
    const auto decoded = Header::decode(bytes);
    REQUIRE(decoded);
    CHECK(decoded->alignment == 4096);
    CHECK(decoded->required_flags == 0);
    CHECK(decoded->optional_flags == header.optional_flags);
}

TEST_CASE("header: each field has its error") {
    CHECK(condition_of(header_with(header_field::kFormatVersion, kFormatVersion + 1)) == Condition::version);
    CHECK(condition_of(header_with(header_field::kRequiredFlags, std::uint64_t{1})) ==
          Condition::required_flag);
    CHECK(condition_of(header_with(header_field::kReserved, std::uint8_t{1})) == Condition::reserved);
    CHECK(condition_of(header_with(header_field::kChecksum - 1, std::uint8_t{1})) == Condition::reserved);
    for (const std::uint32_t alignment : {0U, 1U, 32U, 96U, 4U << 20U, 0x8000'0000U})
        CHECK(condition_of(header_with(header_field::kAlignment, alignment)) == Condition::alignment);
    for (const std::uint32_t alignment : {64U, 2U << 20U})
        CHECK(Header::decode(header_with(header_field::kAlignment, alignment)));
}

TEST_CASE("header: a flipped bit anywhere after the magic is found by the checksum") {
    for (std::size_t bit = kHeaderMagic.size() * 8; bit < kHeaderNbytes * 8; ++bit) {
        HeaderBytes bytes = Header().encode();
        bytes[bit / 8] ^= static_cast<std::byte>(1U << bit % 8);
        CHECK(condition_of(bytes) == Condition::header_checksum);
    }
}

TEST_CASE("footer: its fields are where the format has them, and its checksum covers them") {
    Footer footer;
    footer.file_size = 0x1111;
    footer.placement = {0x2240, 0x333};
    footer.index_checksum.fill(std::byte{0x44});
    footer.header_checksum.fill(std::byte{0x55});
    FooterBytes bytes = footer.encode();
    CHECK(Footer::has_magic(bytes));
    CHECK(Footer::checksum_holds(bytes));
    CHECK(base::load_le<std::uint64_t>(&bytes[8]) == 0x1111);
    CHECK(base::load_le<std::uint64_t>(&bytes[16]) == 0x2240);
    CHECK(base::load_le<std::uint32_t>(&bytes[24]) == 0x333);
    CHECK(base::load_le<std::uint32_t>(&bytes[28]) == 0);
    CHECK(base::load_le<std::uint32_t>(&bytes[32]) == 0x4444'4444);
    CHECK(base::load_le<std::uint32_t>(&bytes[48]) == 0x5555'5555);
    for (std::size_t at = 0; at < bytes.size(); ++at) {
        bytes[at] ^= std::byte{1};
        CHECK_FALSE(Footer::checksum_holds(bytes));
        CHECK(Footer::has_magic(bytes) == (at >= kFooterMagic.size()));
        bytes[at] ^= std::byte{1};
    }
}

TEST_CASE("placement: both pairs, their padding and the gap") {
    const IndexPlacement placement{128, 100};
    CHECK(placement.padded_nbytes() == 128);
    CHECK(placement.footer_a() == 256);
    CHECK(placement.gap() == 320);
    CHECK(placement.copy_b() == 320 + 4096);
    CHECK(placement.footer_b() == 320 + 4096 + 128);
    CHECK(placement.file_size() == 320 + 4096 + 128 + 64);
    CHECK(IndexPlacement{64, 64}.padded_nbytes() == 64);
    CHECK(IndexPlacement{64, 65}.padded_nbytes() == 128);
}

TEST_CASE("storages: begin at the alignment, large ones on a page, and never wrap") {
    std::uint64_t begin = 7;
    CHECK(storage_begin(64, 1, 64, begin));
    CHECK(begin == 64);
    CHECK(storage_begin(65, 1, 64, begin));
    CHECK(begin == 128);
    CHECK(storage_begin(65, 1, 256, begin));
    CHECK(begin == 256);
    CHECK(storage_begin(65, kLargeStorageNbytes - 1, 64, begin));
    CHECK(begin == 128);
    CHECK(storage_begin(65, kLargeStorageNbytes, 64, begin));
    CHECK(begin == kPageNbytes);
    CHECK(storage_begin(65, kLargeStorageNbytes, kGreatestAlignment, begin));
    CHECK(begin == kGreatestAlignment);
    begin = 7;
    CHECK_FALSE(storage_begin(UINT64_MAX - 62, 1, 64, begin));
    CHECK_FALSE(storage_begin(UINT64_MAX - 4094, kLargeStorageNbytes, 64, begin));
    CHECK(begin == 7);
}

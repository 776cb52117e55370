#include "format/file_layout.hpp"

#include <algorithm>
#include <cstring>

#include "base/checked.hpp"
#include "base/little_endian.hpp"
#include "base/message.hpp"

namespace milepost::format {
namespace {

using base::load_le;
using base::message;
using base::store_le;

constexpr Magic make_magic(const unsigned char (&text)[8]) noexcept {
    Magic magic{};
    for (std::size_t i = 0; i < magic.size(); ++i)
        magic[i] = static_cast<std::byte>(text[i]);
    return magic;
}

// Offsets of the fields, as the tables of docs/format.md list them.
constexpr std::size_t kHeadVersion = 8, kHeadAlignment = 12, kHeadRequired = 16, kHeadOptional = 24,
                      kHeadReserved = 32, kHeadChecksum = 48;
constexpr std::size_t kFooterFileSize = 8, kFooterOffset = 16, kFooterNbytesField = 24, kFooterReserved = 28,
                      kFooterIndexChecksum = 32, kFooterHeadChecksum = 48, kFooterChecksum = 56;

template <class Array>
bool is_zero(const Array& bytes, std::size_t begin, std::size_t end) noexcept {
    return std::all_of(bytes.begin() + static_cast<std::ptrdiff_t>(begin),
                       bytes.begin() + static_cast<std::ptrdiff_t>(end),
                       [](std::byte byte) { return byte == std::byte{0}; });
}

}  // namespace

const Magic kHeaderMagic = make_magic({0x89, 'M', 'L', 'P', '\r', '\n', 0x1A, '\n'});
const Magic kFooterMagic = make_magic({0x89, 'M', 'L', 'P', 'E', 'N', 'D', '\n'});

HeaderBytes Header::encode() const noexcept {
    HeaderBytes bytes{};
    std::copy(kHeaderMagic.begin(), kHeaderMagic.end(), bytes.begin());
    store_le(&bytes[kHeadVersion], format_version);
    store_le(&bytes[kHeadAlignment], alignment);
    store_le(&bytes[kHeadRequired], required_flags);
    store_le(&bytes[kHeadOptional], optional_flags);
    const codec::Digest checksum = codec::checksum128(std::span(bytes).first(kHeadChecksum));
    std::memcpy(&bytes[kHeadChecksum], checksum.data(), checksum.size());
    return bytes;
}

Result<Header> Header::decode(const HeaderBytes& bytes) {
    const codec::Digest checksum = codec::checksum128(std::span(bytes).first(kHeadChecksum));
    if (std::memcmp(checksum.data(), &bytes[kHeadChecksum], checksum.size()) != 0) {
        return Error(Condition::header_checksum,
                     message("header at 0: checksum expected ", codec::to_hex(checksum), ", found ",
                             codec::to_hex(std::span(bytes).subspan(kHeadChecksum))));
    }
    Header header;
    header.format_version = load_le<std::uint32_t>(&bytes[kHeadVersion]);
    header.alignment = load_le<std::uint32_t>(&bytes[kHeadAlignment]);
    header.required_flags = load_le<std::uint64_t>(&bytes[kHeadRequired]);
    header.optional_flags = load_le<std::uint64_t>(&bytes[kHeadOptional]);
    if (header.format_version != kFormatVersion) {
        return Error(Condition::version, message("header at 8: format version expected ", kFormatVersion,
                                                 ", found ", header.format_version, "; get a newer library"));
    }
    if (header.required_flags != 0) {
        return Error(Condition::required_flag, message("header at 16: required flags expected 0, found ",
                                                       header.required_flags, "; get a newer library"));
    }
    if (!is_zero(bytes, kHeadReserved, kHeadChecksum)) {
        return Error(Condition::reserved, "header at 32: reserved bytes expected 0, found others");
    }
    if (!base::is_power_of_two(header.alignment) || header.alignment < kLeastAlignment ||
        header.alignment > kGreatestAlignment) {
        return Error(Condition::alignment,
                     message("header at 12: alignment expected a power of two from 64 to 2097152, found ",
                             header.alignment));
    }
    return header;
}

codec::Digest64 header_tag(const HeaderBytes& header) noexcept {
    codec::Digest64 tag;
    std::memcpy(tag.data(), &header[kHeadChecksum], tag.size());
    return tag;
}

FooterBytes Footer::encode() const noexcept {
    FooterBytes bytes{};
    std::copy(kFooterMagic.begin(), kFooterMagic.end(), bytes.begin());
    store_le(&bytes[kFooterFileSize], file_size);
    store_le(&bytes[kFooterOffset], placement.index_offset);
    store_le(&bytes[kFooterNbytesField], static_cast<std::uint32_t>(placement.index_nbytes));
    std::memcpy(&bytes[kFooterIndexChecksum], index_checksum.data(), index_checksum.size());
    std::memcpy(&bytes[kFooterHeadChecksum], header_checksum.data(), header_checksum.size());
    const codec::Digest64 checksum = codec::checksum64(std::span(bytes).first(kFooterChecksum));
    std::memcpy(&bytes[kFooterChecksum], checksum.data(), checksum.size());
    return bytes;
}

Result<Footer> Footer::decode(const FooterBytes& bytes, const HeaderBytes& header) {
    Footer footer;
    footer.file_size = load_le<std::uint64_t>(&bytes[kFooterFileSize]);
    footer.placement.index_offset = load_le<std::uint64_t>(&bytes[kFooterOffset]);
    footer.placement.index_nbytes = load_le<std::uint32_t>(&bytes[kFooterNbytesField]);
    std::memcpy(footer.index_checksum.data(), &bytes[kFooterIndexChecksum], footer.index_checksum.size());
    std::memcpy(footer.header_checksum.data(), &bytes[kFooterHeadChecksum], footer.header_checksum.size());
    if (footer.header_checksum != header_tag(header)) {
        return Error(Condition::footer_header, "footer: it belongs to another header");
    }
    if (!is_zero(bytes, kFooterReserved, kFooterIndexChecksum)) {
        return Error(Condition::reserved, "footer: reserved bytes expected 0, found others");
    }
    return footer;
}

bool Footer::has_magic(const FooterBytes& bytes) noexcept {
    return std::equal(kFooterMagic.begin(), kFooterMagic.end(), bytes.begin());
}

bool Footer::checksum_holds(const FooterBytes& bytes) noexcept {
    const codec::Digest64 checksum = codec::checksum64(std::span(bytes).first(kFooterChecksum));
    return std::memcmp(checksum.data(), &bytes[kFooterChecksum], checksum.size()) == 0;
}

}  // namespace milepost::format

#include "format/file_layout.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>

#include <milepost/error.hpp>
#include <milepost/result.hpp>

#include "base/little_endian.hpp"
#include "base/message.hpp"
#include "codec/checksum.hpp"

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
    store_le(&bytes[header_field::kFormatVersion], format_version);
    store_le(&bytes[header_field::kAlignment], alignment);
    store_le(&bytes[header_field::kRequiredFlags], required_flags);
    store_le(&bytes[header_field::kOptionalFlags], optional_flags);
    const codec::Digest checksum = codec::checksum128(std::span(bytes).first(header_field::kChecksum));
    std::memcpy(&bytes[header_field::kChecksum], checksum.data(), checksum.size());
    return bytes;
}

Result<Header> Header::decode(const HeaderBytes& bytes) {
    const codec::Digest checksum = codec::checksum128(std::span(bytes).first(header_field::kChecksum));
    if (std::memcmp(checksum.data(), &bytes[header_field::kChecksum], checksum.size()) != 0) {
        return Error(Condition::header_checksum,
                     message("header at 0: checksum expected ", codec::to_hex(checksum), ", found ",
                             codec::to_hex(std::span(bytes).subspan(header_field::kChecksum))));
    }
    Header header;
    header.format_version = load_le<std::uint32_t>(&bytes[header_field::kFormatVersion]);
    header.alignment = load_le<std::uint32_t>(&bytes[header_field::kAlignment]);
    header.required_flags = load_le<std::uint64_t>(&bytes[header_field::kRequiredFlags]);
    header.optional_flags = load_le<std::uint64_t>(&bytes[header_field::kOptionalFlags]);
    if (header.format_version != kFormatVersion) {
        return Error(Condition::version, message("header at 8: format version expected ", kFormatVersion,
                                                 ", found ", header.format_version, "; get a newer library"));
    }
    if (header.required_flags != 0) {
        return Error(Condition::required_flag, message("header at 16: required flags expected 0, found ",
                                                       header.required_flags, "; get a newer library"));
    }
    if (!is_zero(bytes, header_field::kReserved, header_field::kChecksum)) {
        return Error(Condition::reserved, "header at 32: reserved bytes expected 0, found others");
    }
    if (!is_alignment(header.alignment)) {
        return Error(Condition::alignment,
                     message("header at 12: alignment expected a power of two from 64 to 2097152, found ",
                             header.alignment));
    }
    return header;
}

codec::Digest64 header_tag(const HeaderBytes& header) noexcept {
    codec::Digest64 tag;
    std::memcpy(tag.data(), &header[header_field::kChecksum], tag.size());
    return tag;
}

FooterBytes Footer::encode() const noexcept {
    FooterBytes bytes{};
    std::copy(kFooterMagic.begin(), kFooterMagic.end(), bytes.begin());
    store_le(&bytes[footer_field::kFileSize], file_size);
    store_le(&bytes[footer_field::kIndexOffset], placement.index_offset);
    store_le(&bytes[footer_field::kIndexNbytes], static_cast<std::uint32_t>(placement.index_nbytes));
    std::memcpy(&bytes[footer_field::kIndexChecksum], index_checksum.data(), index_checksum.size());
    std::memcpy(&bytes[footer_field::kHeaderChecksum], header_checksum.data(), header_checksum.size());
    const codec::Digest64 checksum = codec::checksum64(std::span(bytes).first(footer_field::kChecksum));
    std::memcpy(&bytes[footer_field::kChecksum], checksum.data(), checksum.size());
    return bytes;
}

Result<Footer> Footer::decode(const FooterBytes& bytes, const HeaderBytes& header, std::uint64_t at) {
    Footer footer;
    footer.file_size = load_le<std::uint64_t>(&bytes[footer_field::kFileSize]);
    footer.placement.index_offset = load_le<std::uint64_t>(&bytes[footer_field::kIndexOffset]);
    footer.placement.index_nbytes = load_le<std::uint32_t>(&bytes[footer_field::kIndexNbytes]);
    std::memcpy(footer.index_checksum.data(), &bytes[footer_field::kIndexChecksum],
                footer.index_checksum.size());
    std::memcpy(footer.header_checksum.data(), &bytes[footer_field::kHeaderChecksum],
                footer.header_checksum.size());
    if (footer.header_checksum != header_tag(header)) {
        return Error(Condition::footer_header, message("footer at ", at, ": header checksum expected ",
                                                       codec::to_hex(header_tag(header)), ", found ",
                                                       codec::to_hex(footer.header_checksum)));
    }
    if (!is_zero(bytes, footer_field::kReserved, footer_field::kIndexChecksum)) {
        return Error(Condition::reserved,
                     message("footer at ", at, ": reserved bytes expected 0, found others"));
    }
    return footer;
}

bool Footer::has_magic(const FooterBytes& bytes) noexcept {
    return std::equal(kFooterMagic.begin(), kFooterMagic.end(), bytes.begin());
}

bool Footer::checksum_holds(const FooterBytes& bytes) noexcept {
    const codec::Digest64 checksum = codec::checksum64(std::span(bytes).first(footer_field::kChecksum));
    return std::memcmp(checksum.data(), &bytes[footer_field::kChecksum], checksum.size()) == 0;
}

}  // namespace milepost::format

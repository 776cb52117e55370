#include "format/frame.hpp"

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

const Magic kHeadMagic = make_magic({0x89, 'M', 'L', 'P', '\r', '\n', 0x1A, '\n'});
const Magic kFooterMagic = make_magic({0x89, 'M', 'L', 'P', 'E', 'N', 'D', '\n'});

HeadBytes Head::encode() const noexcept {
    HeadBytes bytes{};
    std::copy(kHeadMagic.begin(), kHeadMagic.end(), bytes.begin());
    store_le(&bytes[kHeadVersion], format_version);
    store_le(&bytes[kHeadAlignment], alignment);
    store_le(&bytes[kHeadRequired], required_flags);
    store_le(&bytes[kHeadOptional], optional_flags);
    const codec::Digest checksum = codec::checksum128(std::span(bytes).first(kHeadChecksum));
    std::memcpy(&bytes[kHeadChecksum], checksum.data(), checksum.size());
    return bytes;
}

Result<Head> Head::decode(const HeadBytes& bytes) {
    const codec::Digest checksum = codec::checksum128(std::span(bytes).first(kHeadChecksum));
    if (std::memcmp(checksum.data(), &bytes[kHeadChecksum], checksum.size()) != 0) {
        return Error(Condition::head_checksum,
                     message("head at 0: checksum expected ", codec::to_hex(checksum), ", found ",
                             codec::to_hex(std::span(bytes).subspan(kHeadChecksum))));
    }
    Head head;
    head.format_version = load_le<std::uint32_t>(&bytes[kHeadVersion]);
    head.alignment = load_le<std::uint32_t>(&bytes[kHeadAlignment]);
    head.required_flags = load_le<std::uint64_t>(&bytes[kHeadRequired]);
    head.optional_flags = load_le<std::uint64_t>(&bytes[kHeadOptional]);
    if (head.format_version != kFormatVersion) {
        return Error(Condition::version, message("head at 8: format version expected ", kFormatVersion,
                                                 ", found ", head.format_version, "; get a newer library"));
    }
    if (head.required_flags != 0) {
        return Error(Condition::required_flag, message("head at 16: required flags expected 0, found ",
                                                       head.required_flags, "; get a newer library"));
    }
    if (!is_zero(bytes, kHeadReserved, kHeadChecksum)) {
        return Error(Condition::reserved, "head at 32: reserved bytes expected 0, found others");
    }
    if (!base::is_power_of_two(head.alignment) || head.alignment < kLeastAlignment ||
        head.alignment > kGreatestAlignment) {
        return Error(Condition::alignment,
                     message("head at 12: alignment expected a power of two from 64 to 2097152, found ",
                             head.alignment));
    }
    return head;
}

codec::Digest64 head_tag(const HeadBytes& head) noexcept {
    codec::Digest64 tag;
    std::memcpy(tag.data(), &head[kHeadChecksum], tag.size());
    return tag;
}

FooterBytes Footer::encode() const noexcept {
    FooterBytes bytes{};
    std::copy(kFooterMagic.begin(), kFooterMagic.end(), bytes.begin());
    store_le(&bytes[kFooterFileSize], file_size);
    store_le(&bytes[kFooterOffset], frame.index_offset);
    store_le(&bytes[kFooterNbytesField], static_cast<std::uint32_t>(frame.index_nbytes));
    std::memcpy(&bytes[kFooterIndexChecksum], index_checksum.data(), index_checksum.size());
    std::memcpy(&bytes[kFooterHeadChecksum], head_checksum.data(), head_checksum.size());
    const codec::Digest64 checksum = codec::checksum64(std::span(bytes).first(kFooterChecksum));
    std::memcpy(&bytes[kFooterChecksum], checksum.data(), checksum.size());
    return bytes;
}

Result<Footer> Footer::decode(const FooterBytes& bytes, const HeadBytes& head) {
    Footer footer;
    footer.file_size = load_le<std::uint64_t>(&bytes[kFooterFileSize]);
    footer.frame.index_offset = load_le<std::uint64_t>(&bytes[kFooterOffset]);
    footer.frame.index_nbytes = load_le<std::uint32_t>(&bytes[kFooterNbytesField]);
    std::memcpy(footer.index_checksum.data(), &bytes[kFooterIndexChecksum], footer.index_checksum.size());
    std::memcpy(footer.head_checksum.data(), &bytes[kFooterHeadChecksum], footer.head_checksum.size());
    if (footer.head_checksum != head_tag(head)) {
        return Error(Condition::footer_head, "footer: it belongs to another head");
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

#include "convert/zip/archive_writer.hpp"

#include <algorithm>
#include <cassert>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include <zlib.h>

#include <milepost/error.hpp>
#include <milepost/io.hpp>
#include <milepost/result.hpp>

#include "base/message.hpp"
#include "convert/zip/headers.hpp"

namespace milepost::convert {
namespace {

constexpr std::uint64_t kAlignment = 64;
constexpr std::uint64_t kExtraNbytes = 4;
constexpr std::uint64_t kMaxNumber = UINT32_MAX;  ///< larger numbers, and this one, are in a zip64 record
constexpr std::uint64_t kMaxCount = UINT16_MAX;
constexpr std::size_t kMaxNameNbytes = UINT16_MAX;

constexpr std::uint16_t kVersion = 20, kZip64Version = 45;
constexpr std::uint16_t kFlags = 0x0808;          ///< a data descriptor, and names in UTF-8
constexpr std::uint16_t kDate = (1U << 5U) | 1U;  ///< 1980-01-01, the first that there is
constexpr std::uint16_t kPaddingId = 0x4246;      ///< of an extra field; PyTorch pads with "FB"

/// A record of an archive, little-endian.
class Record {
public:
    Record& u16(std::uint64_t number) { return append(number, 2); }
    Record& u32(std::uint64_t number) { return append(number, 4); }
    Record& u64(std::uint64_t number) { return append(number, 8); }
    Record& text(std::string_view text) {
        bytes_ += text;
        return *this;
    }
    [[nodiscard]] std::span<const std::byte> bytes() const { return std::as_bytes(std::span(bytes_)); }

private:
    Record& append(std::uint64_t number, unsigned nbytes) {
        for (unsigned i = 0; i < nbytes; ++i)
            bytes_ += static_cast<char>(static_cast<unsigned char>(number >> (8 * i)));
        return *this;
    }

    std::string bytes_;
};

bool is_large(std::uint64_t number) noexcept {
    return number >= kMaxNumber;
}

std::uint64_t in_32_bits(std::uint64_t number) noexcept {
    return std::min(number, kMaxNumber);
}

}  // namespace

Result<void> ArchiveWriter::begin(std::string_view name, std::uint64_t nbytes) {
    if (name.size() > kMaxNameNbytes)
        return Error(Condition::save_name, base::message("a name of ", name.size(),
                                                         " bytes, a zip archive takes ", kMaxNameNbytes));
    entries_.push_back(
        {std::string(name), nbytes, position_, static_cast<std::uint32_t>(crc32(0, nullptr, 0))});
    // With a zip64 field the sizes in the data descriptor have 8 bytes. Its own ones are zero until then.
    constexpr std::uint64_t kZip64Nbytes = 20;
    const bool large = is_large(nbytes);
    const std::uint64_t before =
        position_ + kLocalHeaderNbytes + name.size() + (large ? kZip64Nbytes : 0) + kExtraNbytes;
    const std::uint64_t padding = (kAlignment - before % kAlignment) % kAlignment;
    const std::uint64_t extra = (large ? kZip64Nbytes : 0) + kExtraNbytes + padding;
    Record header;
    header.text("PK\x03\x04")
        .u16(large ? kZip64Version : kVersion)
        .u16(kFlags)
        .u16(0)
        .u16(0)
        .u16(kDate)
        .u32(0);
    header.u32(large ? kMaxNumber : 0).u32(large ? kMaxNumber : 0).u16(name.size()).u16(extra).text(name);
    if (large) header.u16(kZip64Id).u16(16).u64(0).u64(0);
    header.u16(kPaddingId).u16(padding).text(std::string(static_cast<std::size_t>(padding), 'Z'));
    return put(header.bytes());
}

Result<void> ArchiveWriter::write(std::span<const std::byte> bytes) {
    assert(!entries_.empty());
    std::uint32_t& crc = entries_.back().crc;
    // zlib's crc32 counts in 32 bits.
    constexpr std::size_t kPart = std::size_t{1} << 30U;
    for (std::span<const std::byte> left = bytes; !left.empty();) {
        const auto part = left.first(std::min(kPart, left.size()));
        crc = static_cast<std::uint32_t>(
            crc32(crc, reinterpret_cast<const Bytef*>(part.data()), static_cast<uInt>(part.size())));
        left = left.subspan(part.size());
    }
    return put(bytes);
}

Result<void> ArchiveWriter::end() {
    const Written& entry = entries_.back();
    Record descriptor;
    descriptor.text("PK\x07\x08").u32(entry.crc);
    if (is_large(entry.nbytes))
        descriptor.u64(entry.nbytes).u64(entry.nbytes);
    else
        descriptor.u32(entry.nbytes).u32(entry.nbytes);
    return put(descriptor.bytes());
}

Result<void> ArchiveWriter::finish() {
    const std::uint64_t directory_offset = position_;
    for (const Written& entry : entries_) {
        const bool large = is_large(entry.nbytes), far = is_large(entry.offset);
        Record extra;
        if (large) extra.u64(entry.nbytes).u64(entry.nbytes);
        if (far) extra.u64(entry.offset);
        const std::size_t extra_nbytes = extra.bytes().size();
        const std::uint16_t version = large || far ? kZip64Version : kVersion;
        Record header;
        header.text("PK\x01\x02")
            .u16(version)
            .u16(version)
            .u16(kFlags)
            .u16(0)
            .u16(0)
            .u16(kDate)
            .u32(entry.crc);
        header.u32(in_32_bits(entry.nbytes)).u32(in_32_bits(entry.nbytes)).u16(entry.name.size());
        header.u16(extra_nbytes == 0 ? 0 : extra_nbytes + kExtraNbytes).u16(0).u16(0).u16(0).u32(0);
        header.u32(in_32_bits(entry.offset)).text(entry.name);
        if (extra_nbytes != 0) header.u16(kZip64Id).u16(extra_nbytes);
        MILEPOST_TRY(put(header.bytes()));
        MILEPOST_TRY(put(extra.bytes()));
    }
    return put_end(directory_offset);
}

Result<void> ArchiveWriter::put_end(std::uint64_t directory_offset) {
    const std::uint64_t end_offset = position_, nbytes = end_offset - directory_offset;
    const std::uint64_t count = entries_.size();
    Record record;
    if (count >= kMaxCount || is_large(directory_offset) || is_large(nbytes)) {
        constexpr std::uint64_t kRest = 44;  // bytes of the record after its size
        record.text("PK\x06\x06").u64(kRest).u16(kZip64Version).u16(kZip64Version).u32(0).u32(0);
        record.u64(count).u64(count).u64(nbytes).u64(directory_offset);
        record.text("PK\x06\x07").u32(0).u64(end_offset).u32(1);
    }
    record.text("PK\x05\x06").u32(0).u16(std::min(count, kMaxCount)).u16(std::min(count, kMaxCount));
    record.u32(in_32_bits(nbytes)).u32(in_32_bits(directory_offset)).u16(0);
    return put(record.bytes());
}

Result<void> ArchiveWriter::put(std::span<const std::byte> bytes) {
    if (bytes.empty()) return {};
    position_ += bytes.size();
    return sink_.write(bytes);
}

}  // namespace milepost::convert

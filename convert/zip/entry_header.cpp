#include "convert/zip/entry_header.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include <zlib.h>

#include <milepost/error.hpp>
#include <milepost/result.hpp>
#include <milepost/text.hpp>

#include "base/checked.hpp"
#include "base/little_endian.hpp"
#include "base/message.hpp"
#include "convert/zip/archive.hpp"
#include "convert/zip/headers.hpp"
#include "convert/zip/source_stream.hpp"

namespace milepost::convert {
namespace {

using base::load_le;
using base::message;

constexpr std::uint32_t kLocalSignature = 0x04034b50;
constexpr std::uint32_t kEncryptedFlags = 0x2041;  ///< encrypted, strongly so, and with a masked header
constexpr std::uint32_t kDescriptorFlag = 0x8;     ///< sizes and CRC come after the data

/// No deflated stream expands more than this.
constexpr std::uint64_t kMaxDeflateRatio = 1032;

/// The content of the extra field with numbers of 64 bits; empty if there is none.
Result<std::span<const std::byte>> zip64_field(std::span<const std::byte> extra) {
    std::span<const std::byte> found;
    while (extra.size() >= 4) {
        const auto id = load_le<std::uint16_t>(extra.data());
        const std::size_t nbytes = load_le<std::uint16_t>(extra.data() + 2);
        extra = extra.subspan(4);
        if (nbytes > extra.size())
            return foreign(message("zip entry: an extra field has ", nbytes, " bytes, of ", extra.size(),
                                   " that are left"));
        if (id == kZip64Id && !found.empty()) return foreign("zip entry: two zip64 fields");
        if (id == kZip64Id) found = extra.first(nbytes);
        extra = extra.subspan(nbytes);
    }
    return found;
}

}  // namespace

Error foreign(std::string text) {
    return Error(Condition::foreign, std::move(text));
}

Result<CentralHeader> decode_central_header(std::span<const std::byte> fixed,
                                            std::span<const std::byte> extra) {
    CentralHeader header;
    header.flags = load_le<std::uint16_t>(&fixed[8]);
    header.method = load_le<std::uint16_t>(&fixed[10]);
    header.crc = load_le<std::uint32_t>(&fixed[16]);
    header.stored_nbytes = load_le<std::uint32_t>(&fixed[20]);
    header.nbytes = load_le<std::uint32_t>(&fixed[24]);
    header.local_offset = load_le<std::uint32_t>(&fixed[42]);
    MILEPOST_TRY_ASSIGN(auto field, zip64_field(extra));
    // The field has those numbers that do not fit, in this order.
    for (std::uint64_t* number : {&header.nbytes, &header.stored_nbytes, &header.local_offset}) {
        if (*number != UINT32_MAX) continue;
        if (field.size() < 8) return foreign("zip entry: its zip64 field is missing or too short");
        *number = load_le<std::uint64_t>(field.data());
        field = field.subspan(8);
    }
    return header;
}

Result<ZipEntry> make_entry(std::string name, const CentralHeader& header) {
    const std::string shown = escape(name, 120);
    ZipEntry entry = {.name = std::move(name),
                      .method = header.method == 0 ? ZipMethod::stored : ZipMethod::deflated,
                      .nbytes = header.nbytes,
                      .stored_nbytes = header.stored_nbytes,
                      .crc = header.crc};
    if ((header.flags & kEncryptedFlags) != 0)
        return Error(Condition::feature, message("zip entry ", shown, " is encrypted"));
    if (header.method != 0 && header.method != Z_DEFLATED)
        return Error(Condition::feature, message("zip entry ", shown, " has compression method ",
                                                 header.method, ", not stored or deflated"));
    if (entry.method == ZipMethod::stored && entry.nbytes != entry.stored_nbytes)
        return foreign(message("zip entry ", shown, " is stored and has ", entry.stored_nbytes,
                               " bytes, but ", entry.nbytes, " when extracted"));
    if (entry.nbytes / kMaxDeflateRatio > entry.stored_nbytes)
        return foreign(message("zip entry ", shown, ": ", entry.stored_nbytes,
                               " deflated bytes cannot become ", entry.nbytes));
    if (entry.nbytes == 0 && entry.crc != 0)
        return Error(Condition::foreign_checksum,
                     message("zip entry ", shown, " is empty, but has CRC-32 ", entry.crc));
    return entry;
}

Result<std::uint64_t> find_data(SourceStream& stream, std::uint64_t size, const CentralHeader& header,
                                const ZipEntry& entry) {
    const std::uint64_t begin = header.local_offset;
    const auto wrong = [&](std::string_view what) {
        return foreign(message("zip entry ", escape(entry.name, 120), ": the local header at ", begin, what));
    };
    std::array<std::byte, kLocalHeaderNbytes> local;
    std::string name(entry.name.size(), '\0');
    if (!base::range_within(begin, kLocalHeaderNbytes + name.size(), size))
        return wrong(" is not within the file");
    MILEPOST_TRY(stream.read(begin, local));
    if (load_le<std::uint32_t>(local.data()) != kLocalSignature) return wrong(" has another signature");
    if (load_le<std::uint16_t>(&local[26]) != name.size()) return wrong(" has another name");
    MILEPOST_TRY(stream.read(begin + kLocalHeaderNbytes, std::as_writable_bytes(std::span(name))));
    if (name != entry.name) return wrong(" has another name than the central directory");
    const std::uint32_t flags = load_le<std::uint16_t>(&local[6]);
    constexpr std::uint32_t kCompared = kEncryptedFlags | kDescriptorFlag;
    if ((flags & kCompared) != (header.flags & kCompared)) return wrong(" has other flags");
    if (load_le<std::uint16_t>(&local[8]) != header.method) return wrong(" has another method");
    const bool later = (flags & kDescriptorFlag) != 0;
    const auto fits = [&](std::size_t at, std::uint64_t number) {
        const auto found = load_le<std::uint32_t>(&local[at]);
        return found == number || (later && found == 0) || (at != 14 && found == UINT32_MAX);
    };
    if (!fits(14, entry.crc) || !fits(18, entry.stored_nbytes) || !fits(22, entry.nbytes))
        return wrong(" has another CRC or size than the central directory");
    const std::uint64_t data = begin + kLocalHeaderNbytes + name.size() + load_le<std::uint16_t>(&local[28]);
    if (!base::range_within(data, entry.stored_nbytes, size))
        return foreign(message("zip entry ", escape(entry.name, 120), ": ", entry.stored_nbytes, " bytes at ",
                               data, " are not within the file, which has ", size));
    return data;
}

}  // namespace milepost::convert

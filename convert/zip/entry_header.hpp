#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

#include <milepost/error.hpp>
#include <milepost/result.hpp>

#include "convert/zip/archive.hpp"
#include "convert/zip/source_stream.hpp"

namespace milepost::convert {

/// corrupt/foreign with that text.
[[nodiscard]] Error foreign(std::string text);

/// What the header of an entry in the central directory holds.
struct CentralHeader {
    std::uint32_t flags = 0;
    std::uint32_t method = 0;
    std::uint32_t crc = 0;
    std::uint64_t stored_nbytes = 0;
    std::uint64_t nbytes = 0;
    std::uint64_t local_offset = 0;  ///< of the local header
};

/// Decodes the fixed part of a central header, and numbers of 64 bits in its extra fields: the minizip of
/// Debian 12 does not read them where a long has 64 bits. Requires: `fixed` has kCentralHeaderNbytes.
/// Errors: corrupt/foreign. Throws std::bad_alloc.
[[nodiscard]] Result<CentralHeader> decode_central_header(std::span<const std::byte> fixed,
                                                          std::span<const std::byte> extra);

/// The entry of that name, but for its offset. Errors: unsupported/feature if it is encrypted, or neither
/// stored nor deflated; corrupt/foreign for sizes that cannot be. Throws std::bad_alloc.
[[nodiscard]] Result<ZipEntry> make_entry(std::string name, const CentralHeader& header);

/// Compares the local header with the central one, and returns where the data begins, in a file of `size`
/// bytes. Errors: corrupt/foreign; those of the source. Throws std::bad_alloc.
[[nodiscard]] Result<std::uint64_t> find_data(SourceStream& stream, std::uint64_t size,
                                              const CentralHeader& header, const ZipEntry& entry);

}  // namespace milepost::convert

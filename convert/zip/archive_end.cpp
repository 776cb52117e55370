#include "convert/zip/archive_end.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include <milepost/error.hpp>
#include <milepost/result.hpp>

#include "base/checked.hpp"
#include "base/little_endian.hpp"
#include "base/message.hpp"
#include "convert/zip/source_stream.hpp"

namespace milepost::convert {
namespace {

using base::load_le;
using base::message;

// Sizes without comments, and signatures.
constexpr std::uint64_t kEndNbytes = 22, kZip64EndNbytes = 56, kZip64LocatorNbytes = 20;
constexpr std::uint64_t kMaxCommentNbytes = 65'535;
constexpr std::uint32_t kEndSignature = 0x06054b50, kZip64EndSignature = 0x06064b50;

}  // namespace

Result<bool> is_empty_archive(SourceStream& stream, std::uint64_t size) {
    std::array<std::byte, kEndNbytes> bytes;
    if (size != kEndNbytes) return false;
    MILEPOST_TRY(stream.read(0, bytes));
    return load_le<std::uint32_t>(bytes.data()) == kEndSignature &&
           std::all_of(bytes.begin() + 4, bytes.end(), [](std::byte b) { return b == std::byte{0}; });
}

Error why_not_opened(SourceStream& stream, std::uint64_t size) {
    if (stream.error()) return *stream.error();
    constexpr std::string_view kSignature("PK\x05\x06", 4);
    const auto nbytes = std::min<std::uint64_t>(size, kMaxCommentNbytes + kEndNbytes);
    std::string tail(static_cast<std::size_t>(nbytes), '\0');
    if (const auto read = stream.read(size - nbytes, std::as_writable_bytes(std::span(tail))); !read)
        return read.error();
    const std::size_t end = tail.rfind(kSignature);
    if (end == std::string::npos || tail.size() - end < kEndNbytes)
        return Error(Condition::cut, message("zip archive: the file ends after ", size,
                                             " bytes, without a central directory"));
    return Error(Condition::foreign,
                 message("zip archive of ", size,
                         " bytes: its end record does not fit the file or the central directory"));
}

Result<void> check_archive_end(SourceStream& stream, std::uint64_t size, std::uint64_t directory_end) {
    std::uint64_t at = directory_end;
    std::array<std::byte, kEndNbytes> bytes;
    const auto wrong = [&] {
        return Error(Condition::foreign, message("zip archive of ", size, " bytes: no end record at ", at,
                                                 ", where the central directory ends"));
    };
    if (!base::range_within(at, kEndNbytes, size)) return wrong();
    MILEPOST_TRY(stream.read(at, bytes));
    if (load_le<std::uint32_t>(bytes.data()) == kZip64EndSignature) {
        at += kZip64EndNbytes + kZip64LocatorNbytes;
        if (!base::range_within(at, kEndNbytes, size)) return wrong();
        MILEPOST_TRY(stream.read(at, bytes));
    }
    if (load_le<std::uint32_t>(bytes.data()) != kEndSignature) return wrong();
    const std::uint64_t end = at + kEndNbytes + load_le<std::uint16_t>(&bytes[20]);
    if (end == size) return {};
    return Error(Condition::foreign,
                 message("zip archive: it ends at ", end, ", but the file has ", size, " bytes"));
}

}  // namespace milepost::convert

#include "loading/open.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include <milepost/error.hpp>
#include <milepost/io.hpp>
#include <milepost/options.hpp>
#include <milepost/result.hpp>

#include "base/aligned_buffer.hpp"
#include "base/memory.hpp"
#include "base/message.hpp"
#include "codec/checksum.hpp"
#include "format/file_layout.hpp"
#include "format/index.hpp"
#include "format/validate.hpp"
#include "loading/diagnose.hpp"

namespace milepost::loading {
namespace {

using base::message;
using format::Footer;
using format::FooterBytes;
using format::Header;
using format::HeaderBytes;
using format::IndexPlacement;

Error refuse_short(const Source& source, std::uint64_t file_size) {
    std::array<std::byte, format::kHeaderNbytes> bytes{};
    const auto file = std::span(bytes).first(static_cast<std::size_t>(file_size));
    if (file.empty()) return diagnose_short(file);
    MILEPOST_TRY(source.read(0, file));
    return diagnose_short(file);
}

Result<Header> read_header(const Source& source, std::uint64_t file_size, HeaderBytes& bytes) {
    MILEPOST_TRY(source.read(0, bytes));
    if (!std::equal(format::kHeaderMagic.begin(), format::kHeaderMagic.end(), bytes.begin())) {
        return diagnose_header(source, file_size, bytes);
    }
    return Header::decode(bytes);
}

Result<Footer> read_footer(const Source& source, std::uint64_t file_size, const HeaderBytes& header) {
    if (file_size < format::kHeaderNbytes + format::kFooterNbytes) {
        return Error(Condition::no_footer,
                     message("truncated: the file has ", file_size, " bytes, no room for a footer"));
    }
    FooterBytes bytes;
    const std::uint64_t at = file_size - bytes.size();
    MILEPOST_TRY(source.read(at, bytes));
    if (!Footer::has_magic(bytes)) return diagnose_footer(source, file_size, header, bytes);
    if (!Footer::checksum_holds(bytes)) {
        return Error(Condition::footer_checksum, message("footer at ", at, ": checksum is wrong"));
    }
    auto footer = Footer::decode(bytes, header, at);
    if (!footer) return footer;
    if (footer->file_size > file_size) {
        return Error(Condition::cut,
                     message("truncated: the file has ", file_size, " of ", footer->file_size, " bytes"));
    }
    if (footer->file_size < file_size) {
        return Error(Condition::file_size, message("footer at ", at, ": file size expected ", file_size,
                                                   ", found ", footer->file_size));
    }
    return footer;
}

Result<void> check_placement(const IndexPlacement& placement, std::uint64_t file_size, const Limits& limits) {
    const std::uint64_t limit = std::min(limits.max_index_bytes, format::kMaxIndexNbytes);
    if (placement.index_nbytes > limit) {
        return Error(Condition::index_bytes, message("footer: the index has ", placement.index_nbytes,
                                                     " bytes, the limit is ", limit));
    }
    // Beyond the file's end nothing can be right, and nothing below can wrap.
    const bool fits = placement.index_nbytes >= 8 && placement.index_offset >= format::kHeaderNbytes &&
                      placement.index_offset % format::kLeastAlignment == 0 &&
                      placement.index_offset <= file_size && placement.file_size() == file_size;
    if (fits) return {};
    return Error(Condition::index_range,
                 message("footer: an index of ", placement.index_nbytes, " bytes at ", placement.index_offset,
                         " does not end a file of ", file_size, " bytes"));
}

/// One copy of the index. Errors: io_error; corrupt/index_copy.
Result<void> read_copy(const Source& source, std::uint64_t at, std::string_view name, OpenedIndex& opened) {
    if (const auto read = source.read(at, opened.buffer.bytes()); !read)
        return read.error().within(message("index copy ", name, " at ", at));
    const codec::Digest& expected = opened.footer.index_checksum;
    const codec::Digest found = codec::checksum128(opened.buffer.bytes());
    if (found == expected) return {};
    return Error(Condition::index_copy, message("index copy ", name, " at ", at, ": checksum expected ",
                                                codec::to_hex(expected), ", found ", codec::to_hex(found)));
}

/// Copy A, or copy B and a warning. If neither can be used and one could not be read, that is the error,
/// because it may still be whole.
Result<void> read_index(const Source& source, OpenedIndex& opened) {
    const IndexPlacement& placement = opened.footer.placement;
    opened.buffer =
        base::AlignedBuffer(static_cast<std::size_t>(placement.index_nbytes), base::kLargeForMalloc);
    auto copy_a = read_copy(source, placement.index_offset, "A", opened);
    if (copy_a || is_fatal_read(copy_a.error())) return copy_a;
    auto copy_b = read_copy(source, placement.copy_b(), "B", opened);
    const Error& wrong = copy_a.error();
    if (copy_b) {
        opened.warnings.emplace_back(wrong.condition(), message(wrong.message(), "; using copy B"));
        return {};
    }
    if (wrong.condition() != Condition::index_copy) return copy_a;
    if (copy_b.error().condition() != Condition::index_copy) return copy_b;
    return Error(Condition::index_checksum, message("both copies of the index are damaged: ", wrong.message(),
                                                    "; ", copy_b.error().message()));
}

}  // namespace

Result<void> open_index(const Source& source, const Limits& limits, OpenedIndex& opened) {
    const auto file_size = source.size();
    if (!file_size) return file_size.error();
    if (*file_size < format::kHeaderNbytes) return refuse_short(source, *file_size);
    HeaderBytes header_bytes;
    MILEPOST_TRY_ASSIGN(opened.header, read_header(source, *file_size, header_bytes));
    MILEPOST_TRY_ASSIGN(opened.footer, read_footer(source, *file_size, header_bytes));
    const format::IndexPlacement& placement = opened.footer.placement;
    MILEPOST_TRY(check_placement(placement, *file_size, limits));
    MILEPOST_TRY(read_index(source, opened));
    MILEPOST_TRY_ASSIGN(opened.index, format::Index::decode(opened.buffer.bytes()));
    MILEPOST_TRY_ASSIGN(
        opened.offsets,
        format::validate(opened.index, {placement.index_offset, opened.header.alignment}, limits));
    return {};
}

}  // namespace milepost::loading

#include <algorithm>
#include <string_view>

#include "base/little_endian.hpp"
#include "golden/rows.hpp"
#include "support/samples.hpp"

// Header, footer and the file as a whole: docs/format.md, sections 1, 3, 5 and 7.
namespace milepost::golden {
namespace {

using base::store_le;

FileBytes small_file() {
    return build(small_parts());
}
FileBytes empty_file() {
    return build(Parts{});
}

FileBytes of_text(std::string_view text, std::size_t nbytes = 0) {
    FileBytes file(std::max(nbytes, text.size()), std::byte{'.'});
    std::transform(text.begin(), text.end(), file.begin(), [](char c) { return static_cast<std::byte>(c); });
    return file;
}

FileBytes cut_to(std::size_t nbytes) {
    FileBytes file = small_file();
    file.resize(nbytes);
    return file;
}

FileBytes longer(std::size_t nbytes, std::byte fill) {
    FileBytes file = empty_file();
    file.resize(file.size() + nbytes, fill);
    return file;
}

FileBytes with_byte(FileBytes file, std::size_t at, unsigned byte) {
    file[at] = static_cast<std::byte>(byte);
    return file;
}

/// A field of the header, its checksum made right again, in the footers too.
template <class T>
FileBytes with_header(std::size_t at, T number) {
    FileBytes file = empty_file();
    store_le(&file[at], number);
    reseal(file);
    return file;
}

/// A field of the last footer, its checksum made right again.
template <class T>
FileBytes with_footer(std::size_t at, T number) {
    FileBytes file = empty_file();
    const std::size_t footer = file.size() - format::kFooterNbytes;
    store_le(&file[footer + at], number);
    reseal_footer(file, footer);
    return file;
}

FileBytes with_index_offset(std::uint64_t offset) {
    return with_footer(16, offset);
}
FileBytes with_index_nbytes(std::uint32_t nbytes) {
    return with_footer(24, nbytes);
}

/// As a transfer in text mode leaves it.
template <class Change>
FileBytes rewritten(Change change) {
    FileBytes file;
    const FileBytes from = empty_file();
    for (std::size_t i = 0; i < from.size(); ++i) {
        change(file, std::to_integer<unsigned>(from[i]),
               i + 1 < from.size() ? std::to_integer<unsigned>(from[i + 1]) : 0);
    }
    return file;
}

void put(FileBytes& file, unsigned byte) {
    file.push_back(static_cast<std::byte>(byte));
}

/// The smallest checkpoint, whole, inside of a storage of another one.
FileBytes nested() {
    static const FileBytes inner = empty_file();
    const auto u8 = *find_dtype(Dtype::u8);
    return build(parts_of(one_value(TensorView(u8, {inner.size()}, StorageView(inner)))));
}

FileBytes cut_behind_nested() {
    FileBytes file = nested();
    file.resize(64 + empty_file().size());
    return file;
}

/// The first index copy and its footer are left, everything after them is cut off.
FileBytes cut_behind_footer_a() {
    FileBytes file = empty_file();
    file.resize(static_cast<std::size_t>(last_footer(file)->placement.gap()));
    return file;
}

FileBytes middle_removed() {
    FileBytes file = small_file();
    file.erase(file.begin() + 128, file.begin() + 256);
    return file;
}

FileBytes zero_tail() {
    FileBytes file = small_file();
    std::fill(file.end() - 1000, file.end(), std::byte{0});
    return file;
}

/// A footer that is whole and of this file, of a header that is whole and of another.
FileBytes other_header() {
    FileBytes file = empty_file();
    format::Header header;
    header.alignment = 128;
    const auto bytes = header.encode();
    std::copy(bytes.begin(), bytes.end(), file.begin());
    return file;
}

/// The body of another checkpoint of the same size, then the last footer of the smallest checkpoint.
FileBytes other_body() {
    FileBytes file = empty_file();
    const auto footer = last_footer(file);
    for (const std::uint64_t copy : {footer->placement.index_offset, footer->placement.copy_b()}) {
        file[static_cast<std::size_t>(copy) + 20] ^= std::byte{1};
    }
    return file;
}

constexpr FileRow kFileLayoutRows[] = {
    {"section 7", "no-bytes", [] { return FileBytes(); }, "truncated/empty", "A file of no bytes."},
    {"section 7", "one-byte", [] { return cut_to(1); }, "truncated/short"},
    {"section 7", "part-of-a-header", [] { return cut_to(40); }, "truncated/short",
     "The first 40 bytes of a checkpoint."},
    {"section 7", "header-less-a-byte", [] { return cut_to(63); }, "truncated/short"},
    {"section 7", "short-foreign", [] { return of_text("hello"); }, "not_a_checkpoint/magic",
     "Five bytes of something else."},
    {"section 7", "header-alone", [] { return cut_to(64); }, "truncated/no_footer",
     "A header and nothing else."},
    {"section 7", "127-bytes", [] { return cut_to(127); }, "truncated/no_footer"},
    {"section 7", "zero", [] { return FileBytes(192); }, "not_a_checkpoint/zero_header",
     "Zeros, as a power cut may leave a file."},
    {"section 7", "zero-byte", [] { return FileBytes(1); }, "not_a_checkpoint/zero_header"},
    {"section 7", "zip", [] { return of_text("PK\x03\x04", 128); }, "not_a_checkpoint/magic",
     "A zip archive, as `torch.save` writes."},
    {"section 7", "safetensors", [] { return of_text(std::string_view("\x40\0\0\0\0\0\0\0{\"", 10), 128); },
     "not_a_checkpoint/magic", "A .safetensors file."},
    {"section 7", "bytes-prepended",
     [] {
         FileBytes file = empty_file();
         file.insert(file.begin(), 64, std::byte{'#'});
         return file;
     },
     "not_a_checkpoint/magic"},

    {"section 7", "high-bits-cleared",
     [] { return rewritten([](FileBytes& to, unsigned byte, unsigned) { put(to, byte & 0x7FU); }); },
     "corrupt/text_mode", "The high bit of each byte is lost."},
    {"section 7", "crlf-to-lf",
     [] {
         return rewritten([](FileBytes& to, unsigned byte, unsigned next) {
             if (byte != '\r' || next != '\n') put(to, byte);
         });
     },
     "corrupt/text_mode", "Each CR LF became LF."},
    {"section 7", "lf-to-crlf",
     [] {
         return rewritten([](FileBytes& to, unsigned byte, unsigned) {
             if (byte == '\n') put(to, '\r');
             put(to, byte);
         });
     },
     "corrupt/text_mode", "Each LF became CR LF."},
    {"section 7", "lone-lf-to-crlf",
     [] {
         FileBytes file;
         unsigned before = 0;
         for (const std::byte each : empty_file()) {
             const auto byte = std::to_integer<unsigned>(each);
             if (byte == '\n' && before != '\r') put(file, '\r');
             put(file, byte);
             before = byte;
         }
         return file;
     },
     "corrupt/text_mode", "Each LF that did not follow a CR became CR LF."},
    {"section 7", "as-utf8",
     [] {
         return rewritten([](FileBytes& to, unsigned byte, unsigned) {
             if (byte >= 0x80) put(to, 0xC0U | byte >> 6U);
             put(to, byte < 0x80 ? byte : 0x80U | (byte & 0x3FU));
         });
     },
     "corrupt/text_mode", "Each byte above 7F became two, as Latin-1 does in UTF-8."},

    {"section 3", "header-magic", [] { return with_byte(empty_file(), 1, 'N'); }, "corrupt/header_checksum",
     "The header's magic is damaged; the footer shows that this is a checkpoint."},
    {"section 3", "header-bit", [] { return with_byte(empty_file(), 24, 1); }, "corrupt/header_checksum",
     "A bit of the header is flipped: the checksum finds it before the flag means anything."},
    {"section 3", "header-version", [] { return with_byte(empty_file(), 8, 1); }, "corrupt/header_checksum"},
    {"section 3", "version", [] { return with_header<std::uint32_t>(8, 1); }, "unsupported/version",
     "Format version 1."},
    {"section 3", "version-max", [] { return with_header<std::uint32_t>(8, UINT32_MAX); },
     "unsupported/version"},
    {"section 3", "required-flag", [] { return with_header<std::uint64_t>(16, 1); },
     "unsupported/required_flag", "The first required flag is set."},
    {"section 3", "required-flag-63", [] { return with_header<std::uint64_t>(16, std::uint64_t{1} << 63U); },
     "unsupported/required_flag"},
    {"section 3", "header-reserved", [] { return with_header<std::uint8_t>(47, 1); }, "corrupt/reserved",
     "The last reserved byte of the header is not zero."},
    {"section 3", "alignment-3", [] { return with_header<std::uint32_t>(12, 3); }, "corrupt/alignment",
     "An alignment of 3, which is not a power of two."},
    {"section 3", "alignment-0", [] { return with_header<std::uint32_t>(12, 0); }, "corrupt/alignment"},
    {"section 3", "alignment-32", [] { return with_header<std::uint32_t>(12, 32); }, "corrupt/alignment"},
    {"section 3", "alignment-4-mib", [] { return with_header<std::uint32_t>(12, 1U << 22U); },
     "corrupt/alignment"},
    {"section 3", "alignment-2-gib", [] { return with_header<std::uint32_t>(12, 1U << 31U); },
     "corrupt/alignment"},

    {"section 5", "footer-magic",
     [] {
         FileBytes file = empty_file();
         return with_byte(file, file.size() - 63, 'N');
     },
     "corrupt/footer_checksum", "The magic of the last footer is damaged; its checksum shows it."},
    {"section 5", "footer-bit",
     [] {
         FileBytes file = empty_file();
         return with_byte(file, file.size() - 40, 0xFF);
     },
     "corrupt/footer_checksum", "A byte of the last footer is damaged."},
    {"section 5", "footer-overwritten",
     [] {
         FileBytes file = empty_file();
         std::fill(file.end() - 64, file.end(), std::byte{'x'});
         return file;
     },
     "corrupt/footer_checksum", "The last footer is overwritten; the first one shows where it was."},
    {"section 5", "other-header", other_header, "corrupt/footer_header",
     "A whole header, but not the one that the footer knows."},
    {"section 5", "other-body", other_body, "corrupt/index_checksum",
     "The footer belongs to another index of the same size."},
    {"section 5", "footer-reserved", [] { return with_footer<std::uint32_t>(28, 1); }, "corrupt/reserved",
     "The reserved field of the footer is not zero."},
    {"section 5", "file-size-more", [] { return with_footer<std::uint64_t>(8, empty_file().size() + 1); },
     "truncated/cut", "The footer states one byte more than there is."},
    {"section 5", "file-size-max", [] { return with_footer<std::uint64_t>(8, UINT64_MAX); }, "truncated/cut"},
    {"section 5", "file-size-less", [] { return with_footer<std::uint64_t>(8, empty_file().size() - 1); },
     "corrupt/file_size", "The footer states one byte less than there is."},
    {"section 5", "file-size-0", [] { return with_footer<std::uint64_t>(8, 0); }, "corrupt/file_size"},
    {"section 5", "index-offset-0", [] { return with_index_offset(0); }, "corrupt/index_range"},
    {"section 5", "index-offset-128", [] { return with_index_offset(128); }, "corrupt/index_range",
     "The index does not end where the file wants it to."},
    {"section 5", "index-offset-65", [] { return with_index_offset(65); }, "corrupt/index_range"},
    {"section 5", "index-offset-2-to-63", [] { return with_index_offset(std::uint64_t{1} << 63U); },
     "corrupt/index_range"},
    {"section 5", "index-offset-wraps", [] { return with_index_offset(UINT64_MAX - 63); },
     "corrupt/index_range", "The index at 2^64 - 64: all that follows from it wraps."},
    {"section 5", "index-nbytes-0", [] { return with_index_nbytes(0); }, "corrupt/index_range"},
    {"section 5", "index-nbytes-7", [] { return with_index_nbytes(7); }, "corrupt/index_range"},
    {"section 5", "index-nbytes-64-more",
     [] {
         return with_index_nbytes(
             static_cast<std::uint32_t>(last_footer(empty_file())->placement.index_nbytes) + 64);
     },
     "corrupt/index_range"},
    {"section 5", "index-2-gib", [] { return with_index_nbytes(1U << 31U); }, "limit_exceeded/index_bytes",
     "An index of 2 GiB, in a file of a few thousand bytes."},
    {"section 5", "index-above-the-limit", [] { return with_index_nbytes((512U << 20U) + 1); },
     "limit_exceeded/index_bytes"},

    {"section 7", "cut", [] { return cut_to(1000); }, "truncated/no_footer",
     "Cut within the first copy of the index."},
    {"section 7", "cut-behind-footer-a", cut_behind_footer_a, "truncated/cut",
     "Cut after the first footer, which is whole."},
    {"section 7", "cut-in-the-gap",
     [] {
         FileBytes file = cut_behind_footer_a();
         file.resize(file.size() + 1000);
         return file;
     },
     "truncated/cut"},
    {"section 7", "middle-removed", middle_removed, "truncated/cut",
     "128 bytes of the middle are gone, the last footer is there."},
    {"section 7", "cut-behind-nested", cut_behind_nested, "corrupt/file_size",
     "Cut right after a whole checkpoint inside of a storage."},
    {"section 7", "trailing-byte", [] { return longer(1, std::byte{0}); }, "corrupt/trailing_bytes",
     "One byte after the last footer."},
    {"section 7", "trailing-page", [] { return longer(4096, std::byte{'x'}); }, "corrupt/trailing_bytes",
     "4096 bytes after the last footer."},
    {"section 7", "trailing-64", [] { return longer(64, std::byte{0}); }, "corrupt/trailing_bytes"},
    {"section 7", "tail-zero", zero_tail, "truncated/no_footer",
     "The last 1000 bytes are zero, as a power cut may leave them."},
};

}  // namespace

std::span<const FileRow> file_layout_rows() {
    return kFileLayoutRows;
}

}  // namespace milepost::golden

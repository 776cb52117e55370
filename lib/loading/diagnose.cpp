#include "loading/diagnose.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <milepost/error.hpp>
#include <milepost/io.hpp>
#include <milepost/result.hpp>

#include "base/checked.hpp"
#include "base/little_endian.hpp"
#include "base/message.hpp"
#include "format/file_layout.hpp"

namespace milepost::loading {
namespace {

using base::message;
using format::FooterBytes;
using format::HeaderBytes;

struct KnownFormat {
    std::size_t at;
    std::string_view begin;
    std::string_view what;
};

using namespace std::string_view_literals;

constexpr std::array kKnownFormats = {
    KnownFormat{0, "PK\x03\x04"sv, "a zip archive (PyTorch's .pt, or .npz)"},
    KnownFormat{0, "PK\x05\x06"sv, "an empty zip archive"},
    KnownFormat{8, "{\""sv, "a .safetensors file"},
    KnownFormat{0, "GGUF"sv, "a GGUF file"},
    KnownFormat{0, "\x89HDF\r\n\x1a\n"sv, "an HDF5 file"},
    KnownFormat{0, "\x93NUMPY"sv, "a NumPy .npy file"},
    KnownFormat{0, "\x80\x02"sv, "a pickle (an old PyTorch file)"},
    KnownFormat{0, "\x80\x03"sv, "a pickle"},
    KnownFormat{0, "\x80\x04"sv, "a pickle"},
    KnownFormat{0, "\x80\x05"sv, "a pickle"},
    KnownFormat{0, "version https://git-lfs"sv, "a git-lfs pointer (run git lfs pull)"},
    KnownFormat{0, "\x1f\x8b"sv, "a gzip file"},
    KnownFormat{0, "\x28\xb5\x2f\xfd"sv, "a zstd file"},
    KnownFormat{0, "BZh"sv, "a bzip2 file"},
    KnownFormat{0,
                "\xFD"
                "7zXZ\0"sv,
                "an xz file"},
    KnownFormat{257, "ustar"sv, "a tar archive (unpack it)"},
    KnownFormat{0, "%PDF"sv, "a PDF"},
    KnownFormat{4, "TFL3"sv, "a TensorFlow Lite file"},
};

// What servers send in place of a file. Found after white space, and in any case.
constexpr std::array kAnswers = {
    KnownFormat{0, "<!doctype html"sv, "an HTML page (a failed download?)"},
    KnownFormat{0, "<html"sv, "an HTML page (a failed download?)"},
    KnownFormat{0, "<?xml"sv, "an XML text (the error message of a server?)"},
    KnownFormat{0, "<error>"sv, "an XML text (the error message of a server?)"},
};
constexpr std::string_view kJson = "a JSON text (the error message of a server?)";

/// The largest beginning of a file that looks_like uses.
constexpr std::size_t kBeginNbytes = 512;

bool is_zero(std::span<const std::byte> bytes) noexcept {
    return std::all_of(bytes.begin(), bytes.end(), [](std::byte byte) { return byte == std::byte{0}; });
}

char lower(char c) noexcept {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

std::string_view without_white_space(std::string_view text) noexcept {
    text.remove_prefix(std::min(text.find_first_not_of(" \t\r\n"sv), text.size()));
    return text;
}

/// An object or an array, as far as its first two tokens show.
bool is_json(std::string_view text) noexcept {
    if (text.empty() || (text[0] != '{' && text[0] != '[')) return false;
    const std::string_view next = without_white_space(text.substr(1));
    const std::string_view expected = text[0] == '{' ? "\"}"sv : "\"{[]-0123456789tfn"sv;
    return !next.empty() && expected.find(next[0]) != std::string_view::npos;
}

/// Returns what a text that a server sends is, or "".
std::string_view answer_like(std::string_view text) noexcept {
    if (text.starts_with("\xEF\xBB\xBF"sv)) text.remove_prefix(3);  // a byte order mark
    text = without_white_space(text);
    for (const KnownFormat& answer : kAnswers) {
        if (text.size() >= answer.begin.size() &&
            std::equal(answer.begin.begin(), answer.begin.end(), text.begin(),
                       [](char a, char b) { return a == lower(b); }))
            return answer.what;
    }
    return is_json(text) ? kJson : std::string_view();
}

Error not_ours(std::span<const std::byte> begin) {
    const std::string_view what = looks_like(begin);
    return Error(Condition::magic, what.empty() ? std::string("not a Milepost checkpoint: unknown magic at 0")
                                                : message("not a Milepost checkpoint: it looks like ", what));
}

/// The magic as text-mode transfers leave it: section 7.
std::vector<std::string> damaged_magics() {
    const std::string magic(reinterpret_cast<const char*>(format::kHeaderMagic.data()),
                            format::kHeaderMagic.size());
    std::string cleared = magic, unix_text, dos_text, lone_to_dos_text, utf8;
    cleared[0] = static_cast<char>(magic[0] & 0x7F);
    for (std::size_t i = 0; i < magic.size(); ++i) {
        const bool is_pair = magic[i] == '\r' && i + 1 < magic.size() && magic[i + 1] == '\n';
        if (!is_pair) unix_text += magic[i];
        if (magic[i] == '\n') dos_text += '\r';
        dos_text += magic[i];
        if (magic[i] == '\n' && (i == 0 || magic[i - 1] != '\r')) lone_to_dos_text += '\r';
        lone_to_dos_text += magic[i];
        const auto byte = static_cast<unsigned char>(magic[i]);
        if (byte < 0x80) {
            utf8 += magic[i];
        } else {
            utf8 += static_cast<char>(0xC0U | (byte >> 6U));
            utf8 += static_cast<char>(0x80U | (byte & 0x3FU));
        }
    }
    return {cleared, unix_text, dos_text, lone_to_dos_text, utf8};
}

bool begins_with(std::span<const std::byte> bytes, std::string_view text) noexcept {
    return bytes.size() >= text.size() &&
           std::equal(text.begin(), text.end(), bytes.begin(), [](char a, std::byte b) {
               return static_cast<unsigned char>(a) == std::to_integer<unsigned char>(b);
           });
}

/// The last footer that is at a multiple of 64 within 1 MiB of the end and belongs to the header.
struct Found {
    std::uint64_t offset;
    std::uint64_t file_size;
};

std::optional<Found> find_footer(std::span<const std::byte> tail, std::uint64_t tail_offset,
                                 const HeaderBytes& header) {
    const std::uint64_t file_end = tail_offset + tail.size();
    if (file_end < format::kFooterNbytes) return std::nullopt;
    for (std::uint64_t at = (file_end - format::kFooterNbytes) / 64 * 64; at >= tail_offset; at -= 64) {
        FooterBytes bytes;
        std::copy_n(tail.begin() + static_cast<std::ptrdiff_t>(at - tail_offset), bytes.size(),
                    bytes.begin());
        if (format::Footer::has_magic(bytes) && format::Footer::checksum_holds(bytes)) {
            if (const auto footer = format::Footer::decode(bytes, header, at))
                return Found{at, footer->file_size};
        }
        if (at == 0) break;
    }
    return std::nullopt;
}

}  // namespace

std::string_view looks_like(std::span<const std::byte> begin) noexcept {
    for (const KnownFormat& known : kKnownFormats) {
        if (begin.size() > known.at && begins_with(begin.subspan(known.at), known.begin)) return known.what;
    }
    return answer_like({reinterpret_cast<const char*>(begin.data()), begin.size()});
}

Error diagnose_short(std::span<const std::byte> file) {
    if (file.empty()) return Error(Condition::empty, "not a checkpoint: the file is empty");
    if (is_zero(file)) {
        return Error(Condition::zero_header,
                     "all bytes are zero, as a power cut may leave a file; use the previous checkpoint");
    }
    const std::size_t common = std::min(file.size(), format::kHeaderMagic.size());
    if (std::equal(file.begin(), file.begin() + static_cast<std::ptrdiff_t>(common),
                   format::kHeaderMagic.begin())) {
        return Error(Condition::short_file,
                     message("truncated: the header expected 64 bytes, the file has ", file.size()));
    }
    return not_ours(file);
}

Error diagnose_header(const Source& source, std::uint64_t file_size, const HeaderBytes& header) {
    if (is_zero(header)) {
        return Error(
            Condition::zero_header,
            "the first 64 bytes are zero, as a power cut may leave a file; use the previous checkpoint");
    }
    FooterBytes last;
    MILEPOST_TRY(source.read(file_size - last.size(), last));
    if (format::Footer::has_magic(last) && format::Footer::checksum_holds(last) &&
        base::load_le<std::uint64_t>(&last[8]) == file_size) {
        return Error(Condition::header_checksum,
                     "header at 0: the magic is damaged, but the footer is that of a checkpoint");
    }
    for (const std::string& magic : damaged_magics()) {
        if (begins_with(header, magic)) {
            return Error(Condition::text_mode,
                         "header at 0: the file was transferred as text; transfer it as binary");
        }
    }
    std::array<std::byte, kBeginNbytes> begin{};
    const auto nbytes = static_cast<std::size_t>(std::min<std::uint64_t>(file_size, begin.size()));
    const std::span<std::byte> read = std::span(begin).first(nbytes);
    if (source.read(0, read)) return not_ours(read);
    return not_ours(header);
}

Error diagnose_footer(const Source& source, std::uint64_t file_size, const HeaderBytes& header,
                      const FooterBytes& last) {
    const std::uint64_t at = file_size - last.size();
    FooterBytes restored = last;
    std::copy(format::kFooterMagic.begin(), format::kFooterMagic.end(), restored.begin());
    if (format::Footer::checksum_holds(restored)) {
        return Error(Condition::footer_checksum, message("footer at ", at, ": the magic is damaged"));
    }
    constexpr std::uint64_t kSearched = std::uint64_t{1} << 20U;
    const std::uint64_t begin = file_size > kSearched ? base::align_up(file_size - kSearched, 64) : 0;
    std::vector<std::byte> tail(static_cast<std::size_t>(file_size - begin));
    MILEPOST_TRY(source.read(begin, tail));
    const auto found = find_footer(tail, begin, header);
    if (found && found->file_size == found->offset + format::kFooterNbytes) {
        return Error(Condition::trailing_bytes, message("the checkpoint ends at ", found->file_size,
                                                        ", the file has ", file_size, " bytes"));
    }
    if (found && found->file_size > file_size) {
        return Error(Condition::cut,
                     message("truncated: the file has ", file_size, " of ", found->file_size, " bytes"));
    }
    if (found && !is_zero(last))
        return Error(Condition::footer_checksum, message("footer at ", at, " is damaged"));
    return Error(Condition::no_footer, message("truncated: no footer at ", at, "..", file_size,
                                               ": the save did not finish, or the file was cut"));
}

}  // namespace milepost::loading

#include "convert/sniff.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include <milepost/convert.hpp>
#include <milepost/io.hpp>
#include <milepost/result.hpp>

namespace milepost::convert {
namespace {

using namespace std::string_view_literals;

/// An index of shards names its tensors after a few lines; this is much more than that.
constexpr std::size_t kBeginNbytes = 65'536;

bool is_at(std::string_view begin, std::size_t at, std::string_view what) noexcept {
    return begin.size() >= at + what.size() && begin.substr(at, what.size()) == what;
}

std::uint64_t little_endian(std::string_view bytes) noexcept {
    std::uint64_t number = 0;
    for (std::size_t i = bytes.size(); i-- > 0;)
        number = number << 8U | static_cast<unsigned char>(bytes[i]);
    return number;
}

/// Whether a zip archive is one of NumPy: its first entry is an array.
bool is_npz(std::string_view begin) noexcept {
    constexpr std::size_t kNameSizeAt = 26, kNameAt = 30;
    if (begin.size() < kNameAt) return false;
    const auto nbytes = static_cast<std::size_t>(little_endian(begin.substr(kNameSizeAt, 2)));
    return begin.substr(kNameAt, nbytes).ends_with(".npy");
}

/// The size of the header, then the header, which is a JSON object.
bool is_safetensors(std::string_view begin, std::uint64_t file_size) noexcept {
    if (!is_at(begin, 8, "{")) return false;
    return little_endian(begin.substr(0, 8)) <= file_size - 8;
}

bool is_safetensors_index(std::string_view begin) noexcept {
    const std::size_t first = begin.find_first_not_of(" \t\r\n"sv);
    return first != std::string_view::npos && begin[first] == '{' &&
           begin.find("\"weight_map\"") != std::string_view::npos;
}

/// The superblock of HDF5 may come after a block of the user.
bool is_hdf5(std::string_view begin) noexcept {
    constexpr std::string_view kMagic = "\x89HDF\r\n\x1a\n"sv;
    for (std::size_t at = 0; at < begin.size(); at = at == 0 ? 512 : at * 2) {
        if (is_at(begin, at, kMagic)) return true;
    }
    return false;
}

/// A pickle of protocol 2 to 5: a legacy file of PyTorch, if anything that is read here.
bool is_pickle(std::string_view begin) noexcept {
    return begin.size() >= 2 && begin[0] == '\x80' && begin[1] >= 2 && begin[1] <= 5;
}

/// A tar archive of PyTorch before 0.1.10: refused, but as one of these.
bool is_tar_of_pytorch(std::string_view begin) noexcept {
    constexpr std::size_t kMagicAt = 257;
    if (!is_at(begin, kMagicAt, "ustar"sv)) return false;
    for (const std::string_view name : {"sys_info\0"sv, "pickle\0"sv, "tensors\0"sv, "storages\0"sv}) {
        if (begin.starts_with(name)) return true;
    }
    return false;
}

}  // namespace

Result<std::optional<FileFormat>> sniff(const Source& source) {
    MILEPOST_TRY_ASSIGN(const std::uint64_t size, source.size());
    std::string bytes(static_cast<std::size_t>(std::min<std::uint64_t>(size, kBeginNbytes)), '\0');
    MILEPOST_TRY(source.read(0, std::as_writable_bytes(std::span(bytes))));
    const std::string_view begin = bytes;
    if (is_at(begin, 0, "PK\x03\x04"sv)) return is_npz(begin) ? FileFormat::npz : FileFormat::pytorch;
    if (is_at(begin, 0, "PK\x05\x06"sv)) return FileFormat::npz;  // without an entry
    if (is_at(begin, 0, "GGUF"sv)) return FileFormat::gguf;
    if (is_at(begin, 0, "\x93NUMPY"sv)) return FileFormat::npy;
    if (is_safetensors(begin, size) || is_safetensors_index(begin)) return FileFormat::safetensors;
    if (is_hdf5(begin)) return FileFormat::hdf5;
    if (is_pickle(begin) || is_tar_of_pytorch(begin)) return FileFormat::pytorch;
    return std::nullopt;
}

}  // namespace milepost::convert

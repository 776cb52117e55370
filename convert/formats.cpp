#include "convert/formats.hpp"

#include <array>
#include <cstddef>
#include <span>
#include <string_view>

#include <milepost/convert.hpp>

#include "convert/gguf/gguf.hpp"
#include "convert/hdf5/hdf5.hpp"
#include "convert/milepost_format.hpp"
#include "convert/numpy/numpy.hpp"
#include "convert/pytorch/read_format.hpp"
#include "convert/pytorch/write_format.hpp"
#include "convert/safetensors/safetensors.hpp"

namespace milepost::convert {
namespace {

using Extensions = std::span<const std::string_view>;

constexpr std::array<std::string_view, 1> kMilepost = {".milepost"};
constexpr std::array<std::string_view, 4> kPytorch = {".pt", ".pth", ".ckpt", ".bin"};
constexpr std::array<std::string_view, 1> kSafetensors = {".safetensors"};
constexpr std::array<std::string_view, 1> kNpz = {".npz"};
constexpr std::array<std::string_view, 1> kNpy = {".npy"};
constexpr std::array<std::string_view, 1> kGguf = {".gguf"};
constexpr std::array<std::string_view, 3> kHdf5 = {".h5", ".hdf5", ".keras"};

constexpr std::array<FormatRow, 7> kRows = {{
    {FileFormat::milepost, "milepost", kMilepost, false, import_milepost, no_losses, write_milepost},
    {FileFormat::pytorch, "pytorch", kPytorch, false, pytorch::import_pytorch, pytorch::find_losses,
     pytorch::write_pytorch},
    {FileFormat::safetensors, "safetensors", kSafetensors, true, safetensors::import_safetensors,
     safetensors::find_losses, safetensors::write_safetensors},
    {FileFormat::npz, "npz", kNpz, true, numpy::import_npz, numpy::find_npz_losses, numpy::write_npz},
    {FileFormat::npy, "npy", kNpy, true, numpy::import_npy, numpy::find_npy_losses, numpy::write_npy,
     numpy::npy_as_read},
    {FileFormat::gguf, "gguf", kGguf, true, gguf::import_gguf, gguf::find_losses, gguf::write_gguf},
    {FileFormat::hdf5, "hdf5", kHdf5, true, hdf5::import_hdf5, nullptr, nullptr},
}};

constexpr bool rows_match_enum() {
    for (std::size_t i = 0; i < kRows.size(); ++i) {
        if (static_cast<std::size_t>(kRows[i].format) != i) return false;
    }
    return true;
}
static_assert(rows_match_enum(), "rows are in the order of the enum, one for each value");

}  // namespace

const FormatRow& row_of(FileFormat format) noexcept {
    return kRows[static_cast<std::size_t>(format)];
}

std::span<const FormatRow> all_formats() noexcept {
    return kRows;
}

}  // namespace milepost::convert

#include <algorithm>
#include <array>
#include <cstddef>
#include <optional>
#include <string_view>

#include <milepost/dtype.hpp>

namespace milepost {
namespace {

/// The only definition of the names and sizes of dtypes (docs/format.md, section 6.3).
constexpr std::array kDtypes = {
    DtypeInfo{Dtype::boolean, 8, "bool"},
    DtypeInfo{Dtype::i8, 8, "i8"},
    DtypeInfo{Dtype::i16, 16, "i16"},
    DtypeInfo{Dtype::i32, 32, "i32"},
    DtypeInfo{Dtype::i64, 64, "i64"},
    DtypeInfo{Dtype::u8, 8, "u8"},
    DtypeInfo{Dtype::u16, 16, "u16"},
    DtypeInfo{Dtype::u32, 32, "u32"},
    DtypeInfo{Dtype::u64, 64, "u64"},
    DtypeInfo{Dtype::f16, 16, "f16"},
    DtypeInfo{Dtype::bf16, 16, "bf16"},
    DtypeInfo{Dtype::f32, 32, "f32"},
    DtypeInfo{Dtype::f64, 64, "f64"},
    DtypeInfo{Dtype::c64, 64, "c64"},
    DtypeInfo{Dtype::c128, 128, "c128"},
    DtypeInfo{Dtype::f8_e4m3fn, 8, "f8_e4m3fn"},
    DtypeInfo{Dtype::f8_e5m2, 8, "f8_e5m2"},
    DtypeInfo{Dtype::f8_e4m3fnuz, 8, "f8_e4m3fnuz"},
    DtypeInfo{Dtype::f8_e5m2fnuz, 8, "f8_e5m2fnuz"},
    DtypeInfo{Dtype::f8_e8m0fnu, 8, "f8_e8m0fnu"},
    DtypeInfo{Dtype::f8_e3m4, 8, "f8_e3m4"},
    DtypeInfo{Dtype::f8_e4m3, 8, "f8_e4m3"},
    DtypeInfo{Dtype::f8_e4m3b11fnuz, 8, "f8_e4m3b11fnuz"},
    DtypeInfo{Dtype::f6_e2m3fn, 6, "f6_e2m3fn"},
    DtypeInfo{Dtype::f6_e3m2fn, 6, "f6_e3m2fn"},
    DtypeInfo{Dtype::f4_e2m1fn, 4, "f4_e2m1fn"},
};

/// Rows are in the order of the codes, from 1 on, so that a row is found without a search.
constexpr bool rows_match_codes() {
    for (std::size_t i = 0; i < kDtypes.size(); ++i) {
        if (static_cast<std::size_t>(kDtypes[i].code) != i + 1) return false;
    }
    return kDtypes.back().code == Dtype::f4_e2m1fn;
}
static_assert(rows_match_codes(), "one row for each dtype");

}  // namespace

std::optional<DtypeInfo> find_dtype(Dtype code) noexcept {
    const auto number = static_cast<std::size_t>(code);
    if (number < 1 || number > kDtypes.size()) return std::nullopt;
    return kDtypes[number - 1];
}

std::optional<DtypeInfo> find_dtype(std::string_view name) noexcept {
    const auto* row = std::find_if(kDtypes.begin(), kDtypes.end(),
                                   [name](const DtypeInfo& dtype) { return dtype.name == name; });
    if (row == kDtypes.end()) return std::nullopt;
    return *row;
}

}  // namespace milepost

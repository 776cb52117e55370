#include "convert/safetensors/dtypes.hpp"

#include <array>
#include <cstddef>
#include <optional>
#include <string_view>

#include <milepost/dtype.hpp>

namespace milepost::convert::safetensors {
namespace {

struct Row {
    std::string_view word;
    Dtype dtype;
};

/// In the order in which the reference writer sorts: larger elements first, so that each is aligned.
constexpr std::array<Row, 22> kRows = {{
    {"U64", Dtype::u64},
    {"I64", Dtype::i64},
    {"F64", Dtype::f64},
    {"C64", Dtype::c64},
    {"F32", Dtype::f32},
    {"U32", Dtype::u32},
    {"I32", Dtype::i32},
    {"BF16", Dtype::bf16},
    {"F16", Dtype::f16},
    {"U16", Dtype::u16},
    {"I16", Dtype::i16},
    {"F8_E5M2FNUZ", Dtype::f8_e5m2fnuz},
    {"F8_E4M3FNUZ", Dtype::f8_e4m3fnuz},
    {"F8_E8M0", Dtype::f8_e8m0fnu},
    {"F8_E4M3", Dtype::f8_e4m3fn},
    {"F8_E5M2", Dtype::f8_e5m2},
    {"I8", Dtype::i8},
    {"U8", Dtype::u8},
    {"F6_E3M2", Dtype::f6_e3m2fn},
    {"F6_E2M3", Dtype::f6_e2m3fn},
    {"F4", Dtype::f4_e2m1fn},
    {"BOOL", Dtype::boolean},
}};

}  // namespace

std::optional<DtypeInfo> dtype_of(std::string_view word) noexcept {
    for (const Row& row : kRows) {
        if (row.word == word) return find_dtype(row.dtype);
    }
    return std::nullopt;
}

std::optional<DtypeWord> word_of(const DtypeInfo& dtype) noexcept {
    for (std::size_t i = 0; i < kRows.size(); ++i) {
        if (kRows[i].dtype == dtype.code) return DtypeWord{kRows[i].word, i};
    }
    return std::nullopt;
}

}  // namespace milepost::convert::safetensors

#include "convert/numpy/descr.hpp"

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

#include <milepost/dtype.hpp>
#include <milepost/error.hpp>
#include <milepost/result.hpp>
#include <milepost/text.hpp>

#include "base/message.hpp"

namespace milepost::convert::numpy {
namespace {

struct Row {
    std::string_view descr;
    Dtype dtype;
    std::uint32_t number_nbytes;  ///< a complex has two numbers
};

constexpr std::array<Row, 14> kRows = {{
    {"|b1", Dtype::boolean, 1},
    {"|i1", Dtype::i8, 1},
    {"<i2", Dtype::i16, 2},
    {"<i4", Dtype::i32, 4},
    {"<i8", Dtype::i64, 8},
    {"|u1", Dtype::u8, 1},
    {"<u2", Dtype::u16, 2},
    {"<u4", Dtype::u32, 4},
    {"<u8", Dtype::u64, 8},
    {"<f2", Dtype::f16, 2},
    {"<f4", Dtype::f32, 4},
    {"<f8", Dtype::f64, 8},
    {"<c8", Dtype::c64, 4},
    {"<c16", Dtype::c128, 8},
}};

std::string_view reason_of(std::string_view kind) noexcept {
    if (kind.starts_with('O')) return "Python objects, which only a pickle can hold";
    if (kind.starts_with('S') || kind.starts_with('U') || kind.starts_with('a') || kind.starts_with('T'))
        return "texts";
    if (kind.starts_with('M') || kind.starts_with('m')) return "dates or durations";
    if (kind.starts_with('V')) {
        return "raw bytes without a type, which is how NumPy saves bfloat16 and other dtypes of ml_dtypes; "
               "save a view of them as unsigned integers";
    }
    return "numbers that Milepost does not have";
}

}  // namespace

Result<ElementType> parse_descr(std::string_view descr) {
    const char order = descr.empty() ? '\0' : descr.front();
    const bool is_ordered = order == '<' || order == '>' || order == '|';
    const std::string_view kind = descr.substr(is_ordered ? 1 : 0);
    for (const Row& row : kRows) {
        if (!is_ordered || row.descr.substr(1) != kind) continue;
        if (order == '|' && row.number_nbytes > 1) break;
        const bool swapped = order == '>' && row.number_nbytes > 1;
        return ElementType{*find_dtype(row.dtype), swapped ? row.number_nbytes : 0};
    }
    return Error(Condition::feature,
                 base::message("an array of dtype ", escape(descr, 40), ": ", reason_of(kind)));
}

std::optional<std::string_view> descr_of(const DtypeInfo& dtype) noexcept {
    for (const Row& row : kRows) {
        if (row.dtype == dtype.code) return row.descr;
    }
    return std::nullopt;
}

}  // namespace milepost::convert::numpy

#include "convert/pickle/torch_dtypes.hpp"

#include <array>
#include <string_view>

#include <milepost/dtype.hpp>

namespace milepost::convert::pickle {
namespace {

// clang-format off
constexpr std::array kTorchDtypes = {
    TorchDtype{"bool", 1, Dtype::boolean},
    TorchDtype{"int8", 1, Dtype::i8}, TorchDtype{"int16", 2, Dtype::i16},
    TorchDtype{"int32", 4, Dtype::i32}, TorchDtype{"int64", 8, Dtype::i64},
    TorchDtype{"uint8", 1, Dtype::u8}, TorchDtype{"uint16", 2, Dtype::u16},
    TorchDtype{"uint32", 4, Dtype::u32}, TorchDtype{"uint64", 8, Dtype::u64},
    TorchDtype{"float16", 2, Dtype::f16}, TorchDtype{"bfloat16", 2, Dtype::bf16},
    TorchDtype{"float32", 4, Dtype::f32}, TorchDtype{"float64", 8, Dtype::f64},
    TorchDtype{"complex64", 8, Dtype::c64}, TorchDtype{"complex128", 16, Dtype::c128},
    TorchDtype{"float8_e4m3fn", 1, Dtype::f8_e4m3fn}, TorchDtype{"float8_e5m2", 1, Dtype::f8_e5m2},
    TorchDtype{"float8_e4m3fnuz", 1, Dtype::f8_e4m3fnuz}, TorchDtype{"float8_e5m2fnuz", 1, Dtype::f8_e5m2fnuz},
    TorchDtype{"float8_e8m0fnu", 1, Dtype::f8_e8m0fnu},
    TorchDtype{"float4_e2m1fn_x2", 1, Dtype::f4_e2m1fn},
    // Only as values, and as storages whose tensors are refused.
    TorchDtype{"complex32", 4},
    TorchDtype{"qint8", 1}, TorchDtype{"quint8", 1}, TorchDtype{"qint32", 4},
    TorchDtype{"quint4x2", 1}, TorchDtype{"quint2x4", 1},
    TorchDtype{"bits1x8", 1}, TorchDtype{"bits2x4", 1}, TorchDtype{"bits4x2", 1},
    TorchDtype{"bits8", 1}, TorchDtype{"bits16", 2},
    TorchDtype{"int1", 0}, TorchDtype{"int2", 0}, TorchDtype{"int3", 0}, TorchDtype{"int4", 0},
    TorchDtype{"int5", 0}, TorchDtype{"int6", 0}, TorchDtype{"int7", 0},
    TorchDtype{"uint1", 0}, TorchDtype{"uint2", 0}, TorchDtype{"uint3", 0}, TorchDtype{"uint4", 0},
    TorchDtype{"uint5", 0}, TorchDtype{"uint6", 0}, TorchDtype{"uint7", 0},
};
// clang-format on

}  // namespace

const TorchDtype* find_torch_dtype(std::string_view name) noexcept {
    for (const TorchDtype& row : kTorchDtypes) {
        if (row.name == name) return &row;
    }
    return nullptr;
}

}  // namespace milepost::convert::pickle

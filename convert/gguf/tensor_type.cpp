#include "convert/gguf/tensor_type.hpp"

#include <array>
#include <cstdint>
#include <span>
#include <string_view>

#include <milepost/dtype.hpp>

namespace milepost::convert::gguf {
namespace {

constexpr TensorType plain(std::uint32_t number, Dtype code, std::uint16_t bits, std::string_view name) {
    return {number, 1, {code, bits, name}};
}

/// Quantized: `nbytes` bytes for a block.
constexpr TensorType blocks(std::uint32_t number, std::string_view name, std::uint32_t elements,
                            std::uint32_t nbytes) {
    return {
        number, elements, {static_cast<Dtype>(128 + number), static_cast<std::uint16_t>(8 * nbytes), name}};
}

/// Types of ggml, with its spelling. It has removed 4, 5, 31 to 33 and 36 to 38.
constexpr std::array kTensorTypes = {
    plain(0, Dtype::f32, 32, "f32"),     plain(1, Dtype::f16, 16, "f16"),
    blocks(2, "ggml.q4_0", 32, 18),      blocks(3, "ggml.q4_1", 32, 20),
    blocks(6, "ggml.q5_0", 32, 22),      blocks(7, "ggml.q5_1", 32, 24),
    blocks(8, "ggml.q8_0", 32, 34),      blocks(9, "ggml.q8_1", 32, 36),
    blocks(10, "ggml.q2_K", 256, 84),    blocks(11, "ggml.q3_K", 256, 110),
    blocks(12, "ggml.q4_K", 256, 144),   blocks(13, "ggml.q5_K", 256, 176),
    blocks(14, "ggml.q6_K", 256, 210),   blocks(15, "ggml.q8_K", 256, 292),
    blocks(16, "ggml.iq2_xxs", 256, 66), blocks(17, "ggml.iq2_xs", 256, 74),
    blocks(18, "ggml.iq3_xxs", 256, 98), blocks(19, "ggml.iq1_s", 256, 50),
    blocks(20, "ggml.iq4_nl", 32, 18),   blocks(21, "ggml.iq3_s", 256, 110),
    blocks(22, "ggml.iq2_s", 256, 82),   blocks(23, "ggml.iq4_xs", 256, 136),
    plain(24, Dtype::i8, 8, "i8"),       plain(25, Dtype::i16, 16, "i16"),
    plain(26, Dtype::i32, 32, "i32"),    plain(27, Dtype::i64, 64, "i64"),
    plain(28, Dtype::f64, 64, "f64"),    blocks(29, "ggml.iq1_m", 256, 56),
    plain(30, Dtype::bf16, 16, "bf16"),  blocks(34, "ggml.tq1_0", 256, 54),
    blocks(35, "ggml.tq2_0", 256, 66),   blocks(39, "ggml.mxfp4", 32, 17),
    blocks(40, "ggml.nvfp4", 64, 36),    blocks(41, "ggml.q1_0", 128, 18),
};

}  // namespace

const TensorType* find_tensor_type(std::uint32_t number) noexcept {
    for (const TensorType& type : kTensorTypes) {
        if (type.number == number) return &type;
    }
    return nullptr;
}

const TensorType* find_tensor_type(const DtypeInfo& dtype) noexcept {
    for (const TensorType& type : kTensorTypes) {
        if (type.dtype == dtype) return &type;
    }
    return nullptr;
}

std::span<const TensorType> all_tensor_types() noexcept {
    return kTensorTypes;
}

}  // namespace milepost::convert::gguf

// Compiled for AVX2 and BMI1 where the compiler can do so; base/cpu.hpp has the rule for what may be called.

#include "format/name_order_pass.hpp"

#ifdef __AVX2__

#include <immintrin.h>

#include <cstddef>
#include <cstdint>

namespace milepost::format {
namespace {

struct Register {
    __m256i bytes;

    static Register load(const char* from) noexcept {
        return {_mm256_loadu_si256(reinterpret_cast<const __m256i*>(from))};
    }
};

std::size_t first_difference(Register a, Register b) noexcept {
    const auto equal = static_cast<std::uint32_t>(_mm256_movemask_epi8(_mm256_cmpeq_epi8(a.bytes, b.bytes)));
    return _tzcnt_u32(~equal);
}

bool names_ascend_avx2(const OrderedNames& names) noexcept {
    return names_ascend<Register>(names);
}

}  // namespace

NameOrderPass* const kNamesAscendAvx2 = names_ascend_avx2;

}  // namespace milepost::format

#else

namespace milepost::format {

NameOrderPass* const kNamesAscendAvx2 = nullptr;

}  // namespace milepost::format

#endif

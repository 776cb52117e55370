#include "codec/word_kernels.hpp"

#include "base/cpu.hpp"

namespace milepost::codec {

const WordKernels& word_kernels() noexcept {
    static const WordKernels& best = base::cpu_has_avx512_vbmi2() && kAvx512WordKernels.join != nullptr
                                         ? kAvx512WordKernels
                                         : kPortableWordKernels;
    return best;
}

}  // namespace milepost::codec

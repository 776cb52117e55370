#include "codec/list_kernels.hpp"

#include "base/cpu.hpp"

namespace milepost::codec {

const ListKernels& list_kernels() noexcept {
    static const ListKernels& best = base::cpu_has_avx512_vbmi2() && kAvx512ListKernels.merge != nullptr
                                         ? kAvx512ListKernels
                                         : kPortableListKernels;
    return best;
}

}  // namespace milepost::codec

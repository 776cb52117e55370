#include "codec/list_kernels.hpp"

#include "base/cpu.hpp"

namespace milepost::codec {

const ListKernels& list_kernels() noexcept {
    static const ListKernels& best = *base::choose_implementation(
        base::Implementations<const ListKernels>{&kPortableListKernels, nullptr, kAvx512ListKernels});
    return best;
}

}  // namespace milepost::codec

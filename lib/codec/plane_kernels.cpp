#include "codec/plane_kernels.hpp"

#include "base/cpu.hpp"
#include "codec/join_kernels.hpp"
#include "codec/list_kernels.hpp"
#include "codec/split_kernels.hpp"

namespace milepost::codec {
namespace {

template <class Kernels>
const Kernels* choose(const Kernels& portable, const Kernels* avx2, const Kernels* avx512) noexcept {
    return base::choose_implementation(base::Implementations<const Kernels>{&portable, avx2, avx512});
}

}  // namespace

const PlaneKernels& plane_kernels() noexcept {
    static const PlaneKernels best = {choose(kPortableListKernels, kAvx2ListKernels, kAvx512ListKernels),
                                      choose(kPortableSplitKernels, kAvx2SplitKernels, kAvx512SplitKernels),
                                      choose(kPortableJoinKernels, kAvx2JoinKernels, kAvx512JoinKernels)};
    return best;
}

}  // namespace milepost::codec

#include "codec/plane_kernels.hpp"

#include "base/cpu.hpp"
#include "codec/join_kernels.hpp"
#include "codec/list_kernels.hpp"
#include "codec/split_kernels.hpp"

namespace milepost::codec {

const PlaneKernels& plane_kernels() noexcept {
    using base::choose_implementation, base::Implementations;
    static const PlaneKernels best = {
        choose_implementation(Implementations<const ListKernels>{&kPortableListKernels, kAvx2ListKernels,
                                                                 kAvx512ListKernels, kNeonListKernels}),
        choose_implementation(Implementations<const SplitKernels>{&kPortableSplitKernels, kAvx2SplitKernels,
                                                                  kAvx512SplitKernels, kNeonSplitKernels}),
        choose_implementation(Implementations<const JoinKernels>{&kPortableJoinKernels, kAvx2JoinKernels,
                                                                 kAvx512JoinKernels, kNeonJoinKernels})};
    return best;
}

}  // namespace milepost::codec

#include "codec/plane_kernels.hpp"

#include "base/cpu.hpp"
#include "codec/list_kernels.hpp"
#include "codec/word_kernels.hpp"

namespace milepost::codec {

const PlaneKernels& plane_kernels() noexcept {
    static const PlaneKernels best = {base::choose_implementation(base::Implementations<const ListKernels>{
                                          &kPortableListKernels, nullptr, kAvx512ListKernels}),
                                      base::choose_implementation(base::Implementations<const WordKernels>{
                                          &kPortableWordKernels, nullptr, kAvx512WordKernels})};
    return best;
}

}  // namespace milepost::codec

#include "codec/word_kernels.hpp"

#include "base/cpu.hpp"

namespace milepost::codec {

const WordKernels& word_kernels() noexcept {
    static const WordKernels& best = *base::choose_implementation(
        base::Implementations<const WordKernels>{&kPortableWordKernels, nullptr, kAvx512WordKernels});
    return best;
}

}  // namespace milepost::codec

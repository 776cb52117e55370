#pragma once

#include "codec/list_kernels.hpp"
#include "codec/word_kernels.hpp"

namespace milepost::codec {

/// The kernels of the codec planes for one instruction set.
struct PlaneKernels {
    const ListKernels* lists;
    const WordKernels* words;
};

/// The best ones that this machine can run.
[[nodiscard]] const PlaneKernels& plane_kernels() noexcept;

}  // namespace milepost::codec

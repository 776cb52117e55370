#pragma once

#include "codec/join_kernels.hpp"
#include "codec/list_kernels.hpp"
#include "codec/split_kernels.hpp"

namespace milepost::codec {

/// The kernels of the codec planes for one instruction set.
struct PlaneKernels {
    const ListKernels* lists;
    const SplitKernels* split;
    const JoinKernels* join;
};

/// The best ones that this machine can run.
[[nodiscard]] const PlaneKernels& plane_kernels() noexcept;

}  // namespace milepost::codec

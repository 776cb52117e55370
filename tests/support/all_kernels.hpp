#pragma once

#include <string_view>
#include <vector>

#include "base/cpu.hpp"
#include "codec/join_kernels.hpp"
#include "codec/list_kernels.hpp"
#include "codec/plane_kernels.hpp"
#include "codec/split_kernels.hpp"

namespace milepost::codec {

struct NamedKernels {
    std::string_view name;
    PlaneKernels kernels;
};

/// Each set of kernels that this machine can run, the portable one first.
inline const std::vector<NamedKernels>& all_kernels() {
    static const std::vector<NamedKernels> all = [] {
        std::vector<NamedKernels> made;
        const auto add = [&made](std::string_view name, const ListKernels* lists, const SplitKernels* split,
                                 const JoinKernels* join) {
            if (lists != nullptr && split != nullptr && join != nullptr)
                made.push_back({name, {lists, split, join}});
        };
        add("portable", &kPortableListKernels, &kPortableSplitKernels, &kPortableJoinKernels);
        if (base::cpu_has_avx2()) add("AVX2", kAvx2ListKernels, kAvx2SplitKernels, kAvx2JoinKernels);
        if (base::cpu_has_avx512_vbmi2())
            add("AVX-512", kAvx512ListKernels, kAvx512SplitKernels, kAvx512JoinKernels);
        add("NEON", kNeonListKernels, kNeonSplitKernels, kNeonJoinKernels);
        return made;
    }();
    return all;
}

}  // namespace milepost::codec

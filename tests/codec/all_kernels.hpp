#pragma once

#include <string_view>
#include <vector>

#include "base/cpu.hpp"
#include "codec/list_kernels.hpp"
#include "codec/plane_kernels.hpp"
#include "codec/word_kernels.hpp"

namespace milepost::codec {

struct NamedKernels {
    std::string_view name;
    PlaneKernels kernels;
};

/// Each set of kernels that this machine can run, the portable one first.
inline const std::vector<NamedKernels>& all_kernels() {
    static const std::vector<NamedKernels> all = [] {
        std::vector<NamedKernels> made{{"portable", {&kPortableListKernels, &kPortableWordKernels}}};
        if (base::cpu_has_avx512_vbmi2() && kAvx512ListKernels != nullptr && kAvx512WordKernels != nullptr)
            made.push_back({"AVX-512", {kAvx512ListKernels, kAvx512WordKernels}});
        return made;
    }();
    return all;
}

}  // namespace milepost::codec

#pragma once

#include <cstdint>
#include <map>
#include <string>

#include <milepost/checkpoint.hpp>
#include <milepost/dtype.hpp>
#include <milepost/options.hpp>

#include "any_file.hpp"

namespace milepost::cli {

struct DtypeUse {
    std::string name;
    std::uint64_t tensors = 0;
    std::uint64_t nbytes = 0;
};

/// What `milepost info` counts. Sums saturate: with a stride of 0 a small file can hold tensors of any size.
struct Summary {
    std::uint64_t tensors = 0;
    std::uint64_t model_tensors = 0;
    std::uint64_t optimizer_tensors = 0;
    std::uint64_t parameters = 0;  ///< elements of the tensors of models, and of nested state_dicts
    std::uint64_t storages = 0;
    std::uint64_t nbytes = 0;
    std::uint64_t stored_nbytes = 0;
    std::map<Dtype, DtypeUse> dtypes;
    std::map<Codec, std::uint64_t> codecs;  ///< number of storages
};

[[nodiscard]] Summary summarize(const AnyFile& file, const Checkpoint& checkpoint);

}  // namespace milepost::cli

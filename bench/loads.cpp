#include "loads.hpp"

#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include <milepost/options.hpp>
#include <milepost/reader.hpp>
#include <milepost/tensor.hpp>

#include "failure.hpp"

namespace bench {

milepost::Reader open_mapped(const std::string& path) {
    return must(milepost::Reader::open(path, {.access = milepost::Access::mapped}));
}

void load_fresh(const milepost::Reader& file) {
    std::vector<milepost::Tensor> loaded;
    for (const milepost::TensorView& tensor : file.tensors("model"))
        loaded.push_back(must(tensor.load()));
}

void load_into_memory(const milepost::Reader& file, std::span<std::byte> to) {
    for (const milepost::TensorView& tensor : file.tensors("model")) {
        must(tensor.copy_to(to.first(tensor.nbytes())));
        to = to.subspan(tensor.nbytes());
    }
}

}  // namespace bench

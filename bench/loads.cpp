#include "loads.hpp"

#include <cstddef>
#include <span>
#include <vector>

#include <milepost/reader.hpp>
#include <milepost/tensor.hpp>

#include "failure.hpp"

namespace bench {

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

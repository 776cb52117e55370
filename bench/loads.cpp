#include "loads.hpp"

#include <cstddef>
#include <span>
#include <string>

#include <milepost/load_all.hpp>
#include <milepost/options.hpp>
#include <milepost/read_plan.hpp>
#include <milepost/reader.hpp>
#include <milepost/tensor.hpp>

#include "failure.hpp"

namespace bench {

milepost::Reader open_mapped(const std::string& path) {
    return must(milepost::Reader::open(path, {.access = milepost::Access::mapped}));
}

void load_fresh(const milepost::Reader& file) {
    (void)must(milepost::load_all(file, {.threads = kLoadThreads}));
}

void load_into_memory(const milepost::Reader& file, std::span<std::byte> to, unsigned threads) {
    milepost::ReadPlan plan(file);
    for (const milepost::TensorView& tensor : file.tensors("model")) {
        must(plan.add(tensor, to.first(tensor.nbytes())));
        to = to.subspan(tensor.nbytes());
    }
    must(plan.read({.threads = threads}));
}

}  // namespace bench

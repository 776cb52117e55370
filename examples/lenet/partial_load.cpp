#include "partial_load.hpp"

#include <string>
#include <vector>

#include <milepost/load_into.hpp>
#include <milepost/reader.hpp>

#include "checkpoint.hpp"
#include "failure.hpp"
#include "layers.hpp"

namespace lenet {

milepost::LoadReport partial_load(const milepost::Reader& file, const std::string& model,
                                  const std::vector<std::string>& only, Buffer& weights) {
    milepost::LoadOptions options;
    options.strict = false;  // what fits is loaded, the rest is in the report
    options.only = only;
    options.strip_prefixes = {"module.", "_orig_mod."};  // what PyTorch's wrappers leave in names
    milepost::LoadReport report = or_fail(milepost::load_into(file, model, targets_of(weights), options));
    if (report.loaded.empty()) throw Failure("no weight of " + model + " fits: " + report.to_string());
    return report;
}

}  // namespace lenet

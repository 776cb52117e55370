#include "convert/milepost_format.hpp"

#include <string>
#include <vector>

#include <milepost/checkpoint.hpp>
#include <milepost/convert.hpp>
#include <milepost/options.hpp>
#include <milepost/reader.hpp>
#include <milepost/result.hpp>
#include <milepost/writer.hpp>

#include "convert/import_input.hpp"

namespace milepost::convert {

/// Never mapped: a failing disk then causes an error instead of a signal.
Result<Checkpoint> import_milepost(const ImportInput& input) {
    OpenOptions options;
    options.access = Access::read;
    options.limits = input.options.limits;
    MILEPOST_TRY_ASSIGN(auto reader, Reader::open(input.source, options));
    return reader.checkpoint();
}

std::vector<Loss> no_losses(const Checkpoint&) {
    return {};
}

Result<std::string> write_milepost(const std::string& path, const Checkpoint& checkpoint,
                                   const ExportOptions& options) {
    MILEPOST_TRY(save(path, checkpoint, options.save));
    return path;
}

}  // namespace milepost::convert

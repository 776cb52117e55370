#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include <milepost/convert.hpp>
#include <milepost/io.hpp>

namespace milepost::convert {

/// A file that an importer reads. Borrows the path and the options for the call.
struct ImportInput {
    const std::string& path;               ///< for files beside it, and nothing else
    std::shared_ptr<const Source> source;  ///< the file
    std::uint64_t size;                    ///< its size
    const ImportOptions& options;
};

}  // namespace milepost::convert

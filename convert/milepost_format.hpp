#pragma once

#include <string>
#include <vector>

#include <milepost/checkpoint.hpp>
#include <milepost/convert.hpp>
#include <milepost/result.hpp>

#include "convert/import_input.hpp"

namespace milepost::convert {

/// Our own format among the others: FormatRow has what the functions do.
///@{
[[nodiscard]] Result<Checkpoint> import_milepost(const ImportInput& input);
[[nodiscard]] std::vector<Loss> no_losses(const Checkpoint& checkpoint);
[[nodiscard]] Result<std::string> write_milepost(const std::string& path, const Checkpoint& checkpoint,
                                                 const ExportOptions& options);
///@}

}  // namespace milepost::convert

#pragma once

#include <string>
#include <vector>

#include <milepost/checkpoint.hpp>
#include <milepost/convert.hpp>
#include <milepost/io.hpp>
#include <milepost/result.hpp>

#include "convert/import_input.hpp"

namespace milepost::convert::safetensors {

/// FormatRow has what the functions do. The input is one file, or the index of many.
///@{
[[nodiscard]] Result<Checkpoint> import_safetensors(const ImportInput& input);
[[nodiscard]] std::vector<Loss> find_losses(const Checkpoint& checkpoint);
[[nodiscard]] Result<std::string> write_safetensors(const std::string& path, const Checkpoint& checkpoint,
                                                    const ExportOptions& options);
/// One file to any sink, which it commits. After an error nothing is committed.
[[nodiscard]] Result<void> write_safetensors(Sink& sink, const Checkpoint& checkpoint,
                                             const ExportOptions& options);
///@}

}  // namespace milepost::convert::safetensors

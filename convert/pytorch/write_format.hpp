#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <milepost/checkpoint.hpp>
#include <milepost/convert.hpp>
#include <milepost/io.hpp>
#include <milepost/progress.hpp>
#include <milepost/result.hpp>

namespace milepost::convert::pytorch {

/// FormatRow has what the functions do. The object is what milepost.load() returns in Python.
///@{
[[nodiscard]] std::vector<Loss> find_losses(const Checkpoint& checkpoint);
[[nodiscard]] Result<std::string> write_pytorch(const std::string& path, const Checkpoint& checkpoint,
                                                const ExportOptions& options);
///@}
/// The same to any sink, which it commits. `folder` is the one folder of the archive. After an error nothing
/// is committed.
[[nodiscard]] Result<void> write_pytorch(Sink& sink, std::string_view folder, const Checkpoint& checkpoint,
                                         const ProgressCallback& progress);

}  // namespace milepost::convert::pytorch

#pragma once

#include <string>
#include <vector>

#include <milepost/checkpoint.hpp>
#include <milepost/convert.hpp>
#include <milepost/io.hpp>
#include <milepost/result.hpp>

#include "convert/import_input.hpp"

namespace milepost::convert::numpy {

/// FormatRow has what the functions do. The array of a `.npy` has the name that numpy.savez gives to the
/// first one without a name: "arr_0".
///@{
[[nodiscard]] Result<Checkpoint> import_npy(const ImportInput& input);
[[nodiscard]] Result<Checkpoint> import_npz(const ImportInput& input);
[[nodiscard]] std::vector<Loss> find_npz_losses(const Checkpoint& checkpoint);
[[nodiscard]] std::vector<Loss> find_npy_losses(const Checkpoint& checkpoint);
[[nodiscard]] Result<void> write_npy(const std::string& path, const Checkpoint& checkpoint,
                                     const ExportOptions& options);
[[nodiscard]] Result<void> write_npz(const std::string& path, const Checkpoint& checkpoint,
                                     const ExportOptions& options);
/// The same to any sink, which it commits. After an error nothing is committed.
[[nodiscard]] std::vector<Loss> find_npy_losses(const Checkpoint& checkpoint);
[[nodiscard]] Result<void> write_npy(const std::string& path, const Checkpoint& checkpoint,
                                     const ExportOptions& options);
[[nodiscard]] Result<void> write_npz(Sink& sink, const Checkpoint& checkpoint, const ExportOptions& options);
///@}

}  // namespace milepost::convert::numpy

#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <milepost/checkpoint.hpp>
#include <milepost/convert.hpp>
#include <milepost/io.hpp>
#include <milepost/result.hpp>

#include "convert/import_input.hpp"

namespace milepost::convert::numpy {

/// The array of a `.npy` has the name that numpy.savez gives to the first one without a name.
inline constexpr std::string_view kArrayName = "arr_0";
/// Of a file with one array, and of the members of an archive.
inline constexpr std::string_view kExtension = ".npy";

/// FormatRow has what the functions do.
///@{
[[nodiscard]] Result<Checkpoint> import_npy(const ImportInput& input);
[[nodiscard]] Result<Checkpoint> import_npz(const ImportInput& input);
[[nodiscard]] std::vector<Loss> find_npz_losses(const Checkpoint& checkpoint);
[[nodiscard]] std::vector<Loss> find_npy_losses(const Checkpoint& checkpoint);
[[nodiscard]] Result<std::string> write_npy(const std::string& path, const Checkpoint& checkpoint,
                                            const ExportOptions& options);
[[nodiscard]] Result<std::string> write_npz(const std::string& path, const Checkpoint& checkpoint,
                                            const ExportOptions& options);
[[nodiscard]] Checkpoint npy_as_read(const Checkpoint& checkpoint);
/// The same to any sink, which it commits. After an error nothing is committed.
[[nodiscard]] Result<void> write_npz(Sink& sink, const Checkpoint& checkpoint, const ExportOptions& options);
///@}

}  // namespace milepost::convert::numpy

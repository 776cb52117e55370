#pragma once

#include <cstdint>
#include <string>

#include <milepost/checkpoint.hpp>
#include <milepost/io.hpp>
#include <milepost/options.hpp>
#include <milepost/result.hpp>

#include "convert/import_input.hpp"

namespace milepost::convert::pytorch {

/// A file of torch.save, of any version, or the parameters and buffers of one of torch.jit.save: what
/// milepost.save(torch.load(path)) makes of it in Python. No tensor is read. Errors: those of import_file().
/// Throws std::bad_alloc.
[[nodiscard]] Result<Checkpoint> import_pytorch(const ImportInput& input);

/// The forms that files have.
///@{
/// A zip archive: PyTorch 1.6 and newer, and TorchScript.
[[nodiscard]] Result<Checkpoint> import_archive(const ImportInput& input);
/// Several pickles, and the storages after them: PyTorch before 1.6.
[[nodiscard]] Result<Checkpoint> import_legacy(const ImportInput& input);
///@}

/// A range of a source as a string. Errors: limit_exceeded/index_bytes; those of the source.
[[nodiscard]] Result<std::string> read_text(const Source& source, std::uint64_t begin, std::uint64_t nbytes,
                                            const Limits& limits);

}  // namespace milepost::convert::pytorch

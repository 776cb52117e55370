#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <milepost/checkpoint.hpp>
#include <milepost/convert.hpp>
#include <milepost/io.hpp>
#include <milepost/progress.hpp>
#include <milepost/result.hpp>

#include "convert/import_input.hpp"

namespace milepost::convert::gguf {

// What a GGUF file becomes in a checkpoint, and the names of its parts:
//
//     model            the tensors
//     metadata         the key-values: ints, floats, strings, lists; bytes for strings that are not UTF-8
//     gguf             what else is needed to write the same file: {"version": 2, "types": {key: "u32"}}
//     milepost.python  that a file of tensors is what the checkpoint is
inline constexpr std::string_view kMagic = "GGUF";
inline constexpr std::string_view kModel = "model", kMetadata = "metadata", kGguf = "gguf";
inline constexpr std::string_view kVersion = "version", kTypes = "types";
inline constexpr std::uint32_t kOldVersion = 2, kNewVersion = 3;

/// FormatRow has what the functions do.
///@{
[[nodiscard]] Result<Checkpoint> import_gguf(const ImportInput& input);
[[nodiscard]] std::vector<Loss> find_losses(const Checkpoint& checkpoint);
[[nodiscard]] Result<std::string> write_gguf(const std::string& path, const Checkpoint& checkpoint,
                                             const ExportOptions& options);
///@}
/// The same to any sink, which it commits. After an error nothing is committed.
[[nodiscard]] Result<void> write_gguf(Sink& sink, const Checkpoint& checkpoint,
                                      const ProgressCallback& progress);

}  // namespace milepost::convert::gguf

#pragma once

#include <string>
#include <vector>

#include <milepost/error.hpp>
#include <milepost/result.hpp>
#include <milepost/run.hpp>

#include "platform/open_folder.hpp"
#include "run/checkpoint_name.hpp"

/// What is in a run's folder. Functions throw std::bad_alloc.
namespace milepost::run {

/// The file without which a distributed checkpoint is not complete.
inline constexpr const char* kLastFile = "checkpoint.milepost";

/// The checkpoint of that name in the folder at `folder`.
[[nodiscard]] RunCheckpoint checkpoint_in(const std::string& folder, const CheckpointName& name);
/// The name of the checkpoint.
[[nodiscard]] std::string name_of(const RunCheckpoint& checkpoint);
/// The file that holds the index and the values of the checkpoint.
[[nodiscard]] std::string index_file(const RunCheckpoint& checkpoint);

/// The names of all checkpoints, complete or not, the newest first. Errors: those of OpenFolder::names.
[[nodiscard]] Result<std::vector<CheckpointName>> all_names(const platform::OpenFolder& folder);
/// The complete ones. Errors: also those of OpenFolder::holds.
[[nodiscard]] Result<std::vector<RunCheckpoint>> complete_checkpoints(const platform::OpenFolder& folder,
                                                                      const std::string& path);

/// Whether an error of opening a checkpoint means that its bytes are not those that were saved.
[[nodiscard]] bool is_damage(const Error& error) noexcept;

}  // namespace milepost::run

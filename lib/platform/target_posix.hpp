#pragma once

#include <string>
#include <string_view>

#include <milepost/error.hpp>
#include <milepost/result.hpp>

#include "platform/descriptor_posix.hpp"

namespace milepost::platform {

/// The folder and the file name of a path. The folder is "." if the path has no slash, and "/" for a file in
/// the root folder.
struct SplitPath {
    std::string folder, name;
};
[[nodiscard]] SplitPath split_path(const std::string& path);

/// invalid_argument/target: "PATH: cannot be saved to: WHY".
[[nodiscard]] Error bad_target(std::string_view path, std::string_view why) noexcept;

/// Looks at the target `name` in `folder`; `path` is for messages. Returns whether it exists. Errors:
/// invalid_argument/target unless it is absent, or a regular file that may be replaced; io_error/open;
/// io_error/rename if the rename at the end of the save would be refused, which would otherwise be found out
/// after hours of writing.
[[nodiscard]] Result<bool> inspect_target(const Descriptor& folder, const std::string& path,
                                          const std::string& name, bool create_only);

/// The same for the name that the old file will be kept under. Errors: as inspect_target.
[[nodiscard]] Result<void> check_previous(const Descriptor& folder, const std::string& path,
                                          const std::string& previous_name);

}  // namespace milepost::platform

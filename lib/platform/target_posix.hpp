#pragma once

#include <string>
#include <string_view>

#include <sys/types.h>

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

/// What is at the path of a save before it begins.
struct TargetStatus {
    bool exists = false;
    mode_t permissions = 0;  ///< of the file that exists; never set-user-id and the like on new content
};

/// Looks at the target `name` in `folder`; `path` is for messages. Errors: invalid_argument/target unless it
/// is absent, or a regular file that may be replaced; io_error/open.
[[nodiscard]] Result<TargetStatus> inspect_target(const Descriptor& folder, const std::string& path,
                                                  const std::string& name, bool create_only);

/// Checks that the old file can later be renamed to `previous_name`: a folder of that name would be found
/// only at commit, perhaps after hours of writing. Errors: as inspect_target.
[[nodiscard]] Result<void> check_previous(const Descriptor& folder, const std::string& path,
                                          const std::string& previous_name);

}  // namespace milepost::platform

#pragma once

#include <filesystem>
#include <string>
#include <utility>
#include <vector>

namespace bench {

/// What ratios depend on: name and value of each fact, in the order in which they are printed.
[[nodiscard]] std::vector<std::pair<std::string, std::string>> describe_machine(
    const std::filesystem::path& folder);

}  // namespace bench

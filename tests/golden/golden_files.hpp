#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "support/memory.hpp"

namespace milepost::golden {

/// A file under tests/golden/files.
struct GoldenFile {
    std::string name;      ///< "bad-rule07-groups.milepost"
    std::string where;     ///< the part of docs/format.md
    std::string expected;  ///< as Row::expected
    std::string limits;    ///< as Row::limits
    std::string about;
    testing::FileBytes bytes;
};

/// All of them, in the order of README.md.
[[nodiscard]] std::vector<GoldenFile> make_golden_files();

/// tests/golden/README.md: what each file is, and what opening and verifying it must answer. The tests read
/// it.
[[nodiscard]] std::string make_readme(const std::vector<GoldenFile>& files);

/// Whether chunks were compressed by zstd itself: the bytes then depend on its version.
[[nodiscard]] bool depends_on_zstd(std::string_view name) noexcept;

}  // namespace milepost::golden

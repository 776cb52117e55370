#pragma once

#include <cstdint>
#include <filesystem>

namespace bench {

/// How much is measured: `full` is what docs/performance.md reports, `quick` takes two minutes, and with
/// `tiny` every case runs once or twice on little data, so that a test can show that it works; its figures
/// mean nothing.
enum class Scale { tiny, quick, full };

struct Settings {
    Scale scale = Scale::full;
    std::filesystem::path folder;  ///< where files are written, on the file system that is measured

    /// One of three values, by scale.
    template <class T>
    [[nodiscard]] T pick(T tiny, T quick, T full) const {
        return scale == Scale::tiny ? tiny : scale == Scale::quick ? quick : full;
    }
    /// Bytes of the model that most cases save and load.
    [[nodiscard]] std::uint64_t nbytes() const {
        constexpr std::uint64_t kMiB = 1ULL << 20U;
        return pick(8 * kMiB, 256 * kMiB, 1024 * kMiB);
    }
};

}  // namespace bench

#pragma once

#include <filesystem>
#include <vector>

#include <benchmark/benchmark.h>

#include "settings.hpp"

namespace bench {

/// Prints the machine, then a line for each case as it ends: its ratio, its goal, both sides. Google
/// Benchmark calls it.
class TableReporter : public benchmark::BenchmarkReporter {
public:
    explicit TableReporter(const Settings& settings) : settings_(settings) {}

    bool ReportContext(const Context& context) override;
    void ReportRuns(const std::vector<Run>& runs) override;

    /// Cases that failed: not those that missed their goal.
    [[nodiscard]] int failed() const noexcept { return failed_; }

private:
    Settings settings_;
    int failed_ = 0;
};

/// Writes what was measured: {"machine": {name: text}, "cases": {name: {"ratio": number, "sense": "at least"
/// or "at most", "goal": number, "met": boolean, ...}}}. Without a goal the last three are null. Times are in
/// seconds.
void write_json(const std::filesystem::path& path, const Settings& settings);

}  // namespace bench

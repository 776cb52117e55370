#pragma once

#include <chrono>
#include <string>

#include <milepost/progress.hpp>

namespace milepost::cli {

/// A line on stderr that shows the progress for one file, only on a terminal and only after one second. The
/// destructor erases it. One thread at a time.
class ProgressLine {
public:
    explicit ProgressLine(const std::string& file);
    ~ProgressLine();
    ProgressLine(const ProgressLine&) = delete;
    ProgressLine& operator=(const ProgressLine&) = delete;

    void show(const Progress& progress);

private:
    using Clock = std::chrono::steady_clock;

    std::string label_;
    Clock::time_point next_;
    bool on_;
    bool shown_ = false;
};

}  // namespace milepost::cli

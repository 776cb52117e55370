#pragma once

#include <condition_variable>
#include <mutex>
#include <optional>
#include <utility>

#include <milepost/async_saver.hpp>
#include <milepost/progress.hpp>
#include <milepost/result.hpp>

namespace milepost {

/// What a save in the background and its handles share. Any thread.
struct PendingSave::State {
    std::mutex mutex;
    std::condition_variable ended;
    std::optional<Result<void>> result;
    Progress progress;
    bool cancelled = false;

    Result<void> wait() {
        std::unique_lock lock(mutex);
        ended.wait(lock, [&] { return result.has_value(); });
        return *result;
    }
    bool is_done() {
        const std::lock_guard lock(mutex);
        return result.has_value();
    }
    void end(Result<void> with) {
        const std::lock_guard lock(mutex);
        result = std::move(with);
        ended.notify_all();
    }
    /// Returns whether to go on.
    bool note(const Progress& now) {
        const std::lock_guard lock(mutex);
        progress = now;
        return !cancelled;
    }
};

}  // namespace milepost

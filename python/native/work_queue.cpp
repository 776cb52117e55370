#include "work_queue.hpp"

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <mutex>
#include <optional>
#include <system_error>
#include <thread>
#include <vector>

#include <milepost/milepost.hpp>

namespace milepost::python {
namespace {

/// The items that threads take one after the other, and the first error.
class Queue {
public:
    Queue(std::size_t count, const std::function<Result<void>(std::size_t)>& work)
        : count_(count), work_(work) {}

    void work() {
        for (std::size_t i = next_++; i < count_ && !is_stopped_; i = next_++) {
            const auto done = work_(i);
            if (done) continue;
            const std::lock_guard lock(mutex_);
            if (!error_ || i < first_bad_) {
                error_ = done.error();
                first_bad_ = i;
            }
            is_stopped_ = true;
        }
    }

    [[nodiscard]] Result<void> result() const {
        if (error_) return *error_;
        return {};
    }

private:
    std::size_t count_;
    const std::function<Result<void>(std::size_t)>& work_;
    std::atomic<std::size_t> next_ = 0;
    std::atomic<bool> is_stopped_ = false;
    std::mutex mutex_;
    std::optional<Error> error_;
    std::size_t first_bad_ = 0;
};

}  // namespace

Result<void> ProgressMeter::add(std::uint64_t nbytes) {
    const std::lock_guard lock(mutex_);
    total_.done_nbytes += nbytes;
    if (!progress_ || progress_(total_)) return {};
    return Error(Condition::by_caller, what_ + " was cancelled");
}

Result<void> run_all(std::size_t count, unsigned threads,
                     const std::function<Result<void>(std::size_t)>& work) {
    const unsigned wanted = threads != 0 ? threads : std::min(8U, std::thread::hardware_concurrency());
    const auto most = std::clamp<std::size_t>(wanted, 1, std::max<std::size_t>(count, 1));
    Queue queue(count, work);
    std::vector<std::thread> others;
    others.reserve(most);
    try {
        for (std::size_t i = 1; i < most; ++i)
            others.emplace_back([&] { queue.work(); });
    } catch (const std::system_error&) {
        // The system has no more threads: those that there are do all of it.
    }
    queue.work();
    for (std::thread& each : others)
        each.join();
    return queue.result();
}

}  // namespace milepost::python

#pragma once

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <exception>
#include <mutex>
#include <thread>
#include <vector>

namespace milepost::base {

/// As many threads as asked for; 0: as many as the machine has, at most 8.
[[nodiscard]] inline unsigned thread_count(unsigned wanted) noexcept {
    constexpr unsigned kMostByDefault = 8;
    return wanted != 0 ? wanted : std::clamp(std::thread::hardware_concurrency(), 1U, kMostByDefault);
}

/// Calls make_worker() once on each of up to `threads` threads, the caller's among them, and what it returns
/// for each number below `count`, in no order; each number goes to one worker. With fewer threads than asked
/// for it takes longer, nothing else. The first exception that a worker throws is thrown again here, when all
/// have stopped.
template <class MakeWorker>
void parallel_for(std::size_t count, unsigned threads, MakeWorker make_worker) {
    std::atomic<std::size_t> next{0};
    std::mutex mutex;
    std::exception_ptr thrown;
    auto run = [&]() noexcept {
        try {
            auto worker = make_worker();
            for (std::size_t i = next++; i < count; i = next++)
                worker(i);
        } catch (...) {
            next = count;  // the others stop at their next number
            const std::lock_guard lock(mutex);
            if (!thrown) thrown = std::current_exception();
        }
    };
    std::vector<std::thread> others;
    const std::size_t wanted = std::min<std::size_t>(threads, count);
    others.reserve(wanted);
    for (std::size_t i = 1; i < wanted; ++i) {
        try {
            others.emplace_back(run);
        } catch (const std::exception&) {
            break;  // the machine gives no more threads
        }
    }
    run();
    for (std::thread& thread : others)
        thread.join();
    if (thrown) std::rethrow_exception(thrown);
}

}  // namespace milepost::base

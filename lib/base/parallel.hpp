#pragma once

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <exception>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>
#include <vector>

#include <milepost/error.hpp>
#include <milepost/result.hpp>

namespace milepost::base {

/// As many threads as asked for; 0: as many as the machine has, at most 8.
[[nodiscard]] inline unsigned thread_count(unsigned wanted) noexcept {
    constexpr unsigned kMostByDefault = 8;
    return wanted != 0 ? wanted : std::clamp(std::thread::hardware_concurrency(), 1U, kMostByDefault);
}

/// Calls work(state, i) for each i below `count`, in no order, on up to `threads` threads, one of which is
/// the calling thread. Each thread has a state of its own, made by make_state() on that thread. If the
/// machine provides fewer threads, it only takes longer. The first exception that is thrown by a thread is
/// thrown again here, after all threads have stopped.
template <class MakeState, class Work>
void parallel_for(std::size_t count, unsigned threads, MakeState make_state, Work work) {
    std::atomic<std::size_t> next{0};
    std::mutex mutex;
    std::exception_ptr thrown;
    auto run = [&]() noexcept {
        try {
            auto state = make_state();
            for (std::size_t i = next++; i < count; i = next++)
                work(state, i);
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
            break;  // the machine provides no more threads
        }
    }
    run();
    for (std::thread& thread : others)
        thread.join();
    if (thrown) std::rethrow_exception(thrown);
}

/// The same for work(state, i) that returns a Result<void>. All numbers are worked on, also after an error.
/// Errors: that of the lowest number that failed.
template <class MakeState, class Work>
[[nodiscard]] Result<void> try_parallel_for(std::size_t count, unsigned threads, MakeState make_state,
                                            Work work) {
    std::mutex mutex;
    std::optional<std::pair<std::size_t, Error>> lowest;
    parallel_for(count, threads, make_state, [&](auto& state, std::size_t i) {
        Result<void> done = work(state, i);
        if (done) return;
        const std::lock_guard lock(mutex);
        if (!lowest || i < lowest->first) lowest.emplace(i, std::move(done).error());
    });
    if (lowest) return std::move(lowest->second);
    return {};
}

}  // namespace milepost::base

#pragma once

#include <algorithm>
#include <cstddef>
#include <exception>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace bench {

/// Calls work(0) ... work(threads - 1), each in a thread of its own, the first in the calling one. Rethrows
/// what one of them threw.
inline void in_parallel(std::size_t threads, const std::function<void(std::size_t)>& work) {
    std::exception_ptr failure;
    std::mutex mutex;
    const auto guarded = [&](std::size_t i) {
        try {
            work(i);
        } catch (...) {
            const std::lock_guard lock(mutex);
            failure = std::current_exception();
        }
    };
    std::vector<std::thread> started;
    for (std::size_t i = 1; i < threads; ++i)
        started.emplace_back(guarded, i);
    guarded(0);
    for (std::thread& thread : started)
        thread.join();
    if (failure) std::rethrow_exception(failure);
}

/// The part [begin, end) of `count` items that thread i of `threads` takes, in whole pieces.
struct Part {
    std::size_t begin;
    std::size_t end;
};
inline Part part_of(std::size_t count, std::size_t piece, std::size_t i, std::size_t threads) {
    const std::size_t pieces = (count + piece - 1) / piece;
    return {std::min(count, pieces * i / threads * piece),
            std::min(count, pieces * (i + 1) / threads * piece)};
}

}  // namespace bench

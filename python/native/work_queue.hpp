#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <mutex>
#include <string>
#include <utility>

#include <milepost/milepost.hpp>

namespace milepost::python {

/// How far the threads of one call have come together. Threads: any.
class ProgressMeter {
public:
    /// `what` is done: "reading tensors". The callback must outlive the meter.
    ProgressMeter(const ProgressCallback& progress, std::uint64_t total_nbytes, std::string what)
        : progress_(progress), what_(std::move(what)), total_{0, total_nbytes} {}

    /// Errors: cancelled/by_caller.
    [[nodiscard]] Result<void> add(std::uint64_t nbytes);

private:
    const ProgressCallback& progress_;
    std::string what_;
    std::mutex mutex_;
    Progress total_;
};

/// Calls work(0) to work(count - 1), on several threads (0: as many as the machine has, at most 8). The error
/// is that of the first of them that has one; after an error no other is begun. Requires: not the GIL.
[[nodiscard]] Result<void> run_all(std::size_t count, unsigned threads,
                                   const std::function<Result<void>(std::size_t)>& work);

}  // namespace milepost::python

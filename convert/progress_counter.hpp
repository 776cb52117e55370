#pragma once

#include <cstdint>

#include <milepost/progress.hpp>
#include <milepost/result.hpp>

namespace milepost::convert {

/// Tells a callback, which may be empty, how far a call of one thread has come. Borrows the callback.
class ProgressCounter {
public:
    ProgressCounter(const ProgressCallback& progress, std::uint64_t total_nbytes) noexcept
        : progress_(progress), total_nbytes_(total_nbytes) {}

    /// Errors: those of the callback (cancelled/by_caller, invalid_argument/callback). Throws std::bad_alloc.
    ///@{
    [[nodiscard]] Result<void> add(std::uint64_t nbytes);
    [[nodiscard]] Result<void> finish();  ///< the rest was nothing to do
    ///@}

private:
    const ProgressCallback& progress_;
    std::uint64_t total_nbytes_;
    std::uint64_t done_nbytes_ = 0;
};

}  // namespace milepost::convert

#include "core/progress_meter.hpp"

#include <cstdint>
#include <mutex>

#include <milepost/error.hpp>
#include <milepost/progress.hpp>
#include <milepost/result.hpp>

#include "base/message.hpp"
#include "core/callback.hpp"

namespace milepost::core {

void ProgressMeter::set_total(std::uint64_t total_nbytes) noexcept {
    const std::lock_guard lock(mutex_);
    progress_.total_nbytes = total_nbytes;
}

Result<void> ProgressMeter::add(std::uint64_t nbytes) noexcept {
    if (!callback_) return {};
    const std::lock_guard lock(mutex_);
    progress_.done_nbytes += nbytes;
    if (!ended_ && is_due()) {
        if (auto told = tell(); !told) ended_ = told.error();
    }
    if (ended_) return *ended_;
    return {};
}

bool ProgressMeter::is_due() const noexcept {
    const std::uint64_t done = progress_.done_nbytes;
    return done - told_nbytes_ >= kStep || (done == progress_.total_nbytes && done != told_nbytes_);
}

Result<void> ProgressMeter::tell() noexcept {
    told_nbytes_ = progress_.done_nbytes;
    return call_guarded(Condition::callback, who_, [&]() -> Result<void> {
        if (callback_(progress_)) return {};
        return Error(Condition::by_caller,
                     base::message("cancelled by the caller after ", progress_.done_nbytes, " bytes"));
    });
}

}  // namespace milepost::core

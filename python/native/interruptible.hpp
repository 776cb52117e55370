#pragma once

#include <cstdint>
#include <functional>
#include <optional>

#include <nanobind/nanobind.h>

#include <milepost/milepost.hpp>

#include "error.hpp"

namespace milepost::python {

/// A function of the caller that is told how far a long call has come: None, or progress(done, total), whose
/// result does not matter. An exception of it, and Ctrl-C, end the call.
using ProgressFunction = nanobind::object;

/// Runs `call` without the GIL, on a thread of its own if signals are to be noticed: Python handles them on
/// its main thread alone, which must not be the one that is busy. `call` gets a callback to be passed on as
/// `progress` of its options. An exception of the progress function, or KeyboardInterrupt, is thrown when
/// `call` has ended. Requires the GIL.
void run_interruptible(const ProgressFunction& progress,
                       const std::function<void(const ProgressCallback& callback)>& call);

/// What takes less than some milliseconds is not worth a thread.
inline constexpr std::uint64_t kShortNbytes = std::uint64_t{4} << 20U;

/// The same, for a call that returns a Result, whose error becomes an exception. `nbytes`: how many it has to
/// do with.
template <class Call>
auto interruptible(const ProgressFunction& progress, const Call& call, std::uint64_t nbytes = UINT64_MAX) {
    std::optional<decltype(call(ProgressCallback()))> result;
    if (nbytes < kShortNbytes && progress.is_none()) {
        const nanobind::gil_scoped_release released;
        result.emplace(call(ProgressCallback()));
    } else
        run_interruptible(progress,
                          [&](const ProgressCallback& callback) { result.emplace(call(callback)); });
    return or_raise(*std::move(result));
}

}  // namespace milepost::python

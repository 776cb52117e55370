#pragma once

#include <cstdint>
#include <functional>

namespace milepost {

/// How far a call has come.
struct Progress {
    /// What was done so far: it never decreases. Each option that takes a ProgressCallback states what it
    /// counts.
    std::uint64_t done_nbytes = 0;
    /// What there is to do in all; 0 as long as that is not known.
    std::uint64_t total_nbytes = 0;
};

/// Called from time to time during a long call: after each MiB or so, and when all is done. Returns whether
/// to go on. If it returns false, the call ends soon with cancelled/by_caller and undoes what it did, as
/// after any other error; nothing is undone that was finished before.
///
///     milepost::SaveOptions options;
///     options.progress = [&](const milepost::Progress& progress) {
///         bar.show(progress.done_nbytes, progress.total_nbytes);
///         return !stop_requested;
///     };
///
/// Threads: called by one thread at a time, which need not be the one that made the call. It should return
/// quickly, since a thread waits for it, and must not call what it was given to. What it throws ends the call
/// with invalid_argument/callback.
using ProgressCallback = std::function<bool(const Progress&)>;

}  // namespace milepost

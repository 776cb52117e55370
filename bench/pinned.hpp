#pragma once

#include <sched.h>

namespace bench {

/// Keeps the calling thread, and the threads that it starts, on one core as long as it exists: what is
/// measured meanwhile is the speed of one core, however many threads the library starts.
class PinnedToOneCore {
public:
    PinnedToOneCore();
    PinnedToOneCore(const PinnedToOneCore&) = delete;
    PinnedToOneCore& operator=(const PinnedToOneCore&) = delete;
    ~PinnedToOneCore();

private:
    cpu_set_t before_;
};

}  // namespace bench

#include "pinned.hpp"

#include <sched.h>

#include "failure.hpp"

namespace bench {

PinnedToOneCore::PinnedToOneCore() : before_{} {
    must_succeed(::sched_getaffinity(0, sizeof before_, &before_) == 0, "sched_getaffinity");
    cpu_set_t one;
    CPU_ZERO(&one);
    // The last one: interrupts go to the first one more often.
    int last = 0;
    for (int core = 0; core < CPU_SETSIZE; ++core) {
        if (CPU_ISSET(core, &before_)) last = core;
    }
    CPU_SET(last, &one);
    must_succeed(::sched_setaffinity(0, sizeof one, &one) == 0, "sched_setaffinity");
}

PinnedToOneCore::~PinnedToOneCore() {
    ::sched_setaffinity(0, sizeof before_, &before_);
}

}  // namespace bench

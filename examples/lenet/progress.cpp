#include "progress.hpp"

#include <cstdint>
#include <cstdio>

#include "terminal.hpp"

namespace lenet {

Progress::Progress(std::int64_t steps) : steps_(steps), on_terminal_(stderr_is_terminal()) {}

void Progress::show(std::int64_t done, double loss) const {
    if (!on_terminal_) return;
    std::fprintf(stderr, "\rstep %lld of %lld: loss %.4f ", static_cast<long long>(done),
                 static_cast<long long>(steps_), loss);
}

void Progress::clear() const {
    if (on_terminal_) std::fprintf(stderr, "\r\x1b[K");
}

}  // namespace lenet

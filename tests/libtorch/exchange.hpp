#pragma once

#include <iostream>

#include "optimizer_cases.hpp"

namespace libtorch_test {

/// For tests/pytorch/check_libtorch.py: `save OPTIMIZER FILE NEXT` makes a run of three steps, saves it to
/// FILE, and what a further step made of it to NEXT. `load OPTIMIZER FILE NEXT` loads FILE, which has such a
/// run of Python, and saves what a further step makes of it to NEXT. Returns the exit status.
inline int exchange(const std::string& what, const std::string& optimizer, const std::string& file,
                    const std::string& next) {
    Run run(optimizer, 1, what == "save" ? 3 : 0);
    auto done = what == "save" ? libtorch::save(file, {{"net", run.net}, {"optimizer", *run.optimizer}},
                                                {.durable = false})
                               : [&]() -> milepost::Result<void> {
        MILEPOST_TRY_ASSIGN(const auto reader, milepost::Reader::open(file));
        MILEPOST_TRY(libtorch::load_into(reader, "net", *run.net));
        MILEPOST_TRY(libtorch::load_into(reader, "optimizer", *run.optimizer));
        return {};
    }();
    if (done) {
        step_on(run.net, *run.optimizer, 3, 1);
        done = libtorch::save(next, {{"net", run.net}, {"optimizer", *run.optimizer}}, {.durable = false});
    }
    if (!done) std::cerr << done.error().to_string() << '\n';
    return done ? 0 : 1;
}

}  // namespace libtorch_test

#include "assertions.hpp"

// Linked with libFuzzer. A replay has its own, in replay_main.cpp.
bool milepost::fuzz::in_campaign() noexcept {
    return true;
}

#include <unistd.h>

#include "platform/process.hpp"

namespace milepost::platform {

OwnerProcess::OwnerProcess() noexcept : id_(::getpid()) {}

bool OwnerProcess::is_current() const noexcept {
    return id_ == ::getpid();
}

}  // namespace milepost::platform

#include <unistd.h>

#include "terminal.hpp"

namespace milepost::cli {

bool is_terminal(Stream stream) noexcept {
    return ::isatty(stream == Stream::out ? STDOUT_FILENO : STDERR_FILENO) == 1;
}

}  // namespace milepost::cli

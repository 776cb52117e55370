#include "terminal.hpp"

#include <unistd.h>

namespace lenet {

bool stderr_is_terminal() {
    return isatty(STDERR_FILENO) != 0;
}

}  // namespace lenet

#include "terminal.hpp"

#include <io.h>

#include <cstdio>

namespace lenet {

bool stderr_is_terminal() {
    return _isatty(_fileno(stderr)) != 0;
}

}  // namespace lenet

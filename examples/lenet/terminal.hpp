#pragma once

namespace lenet {

/// Whether stderr is read by a person.
bool stderr_is_terminal();

}  // namespace lenet

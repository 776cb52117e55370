#pragma once

#include <milepost/milepost.hpp>

namespace milepost::python {

/// A checkpoint as a file in memory, for functions that take a Reader. Errors: those of save() and of
/// Reader::open; limit_exceeded/total_bytes if the file is larger than that limit. Throws std::bad_alloc.
[[nodiscard]] Result<Reader> copy_in_memory(const Checkpoint& checkpoint, const Limits& limits);

}  // namespace milepost::python

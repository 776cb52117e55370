#pragma once

#include <cstddef>
#include <string>

namespace bench {

/// Opens a safetensors file as a fast C++ program does: maps it, parses the header with simdjson into a map
/// from name to dtype, shape and range, and checks that each range is within the file. Returns the number of
/// tensors.
std::size_t open_safetensors(const std::string& path);

}  // namespace bench

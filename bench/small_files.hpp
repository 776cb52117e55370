#pragma once

#include <cstddef>
#include <string>

namespace bench {

/// Name of tensor i of a transformer's state_dict: some 30 bytes.
[[nodiscard]] std::string tensor_name(std::size_t i);

/// Writes a checkpoint of many small f32 tensors: 2-D weights and 1-D biases. `elements` of each: 64 or 1024.
void write_checkpoint(const std::string& path, std::size_t tensors, std::size_t elements);

/// Writes the header of a safetensors file with the same names, dtypes and shapes; its tensors are a hole of
/// the file.
void write_safetensors(const std::string& path, std::size_t tensors, std::size_t elements);

}  // namespace bench

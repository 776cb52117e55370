#pragma once

#include <functional>
#include <string>
#include <string_view>

namespace milepost::fuzz {

/// Seeds of fuzz_npy and fuzz_safetensors: calls `put` with the folder, the name and the bytes of each.
void make_array_seeds(
    const std::function<void(std::string_view folder, std::string_view name, std::string_view bytes)>& put);

}  // namespace milepost::fuzz

#pragma once

#include <cstdint>
#include <string_view>

#include <milepost/dtype.hpp>

namespace milepost::convert::pickle {

/// A dtype of PyTorch, all of which can be values.
struct TorchDtype {
    std::string_view name;   ///< "float32"
    std::uint8_t nbytes;     ///< of one element, as PyTorch counts; 0: less than a byte
    Dtype dtype = Dtype{0};  ///< of a tensor in Milepost; 0: there is none
};

/// The dtype of that name, or null. Static memory.
[[nodiscard]] const TorchDtype* find_torch_dtype(std::string_view name) noexcept;

/// The dtype that PyTorch's name for two elements in a byte means: its tensors count pairs in the last dim.
[[nodiscard]] constexpr bool is_packed(const TorchDtype& dtype) noexcept {
    return dtype.dtype == Dtype::f4_e2m1fn;
}

}  // namespace milepost::convert::pickle

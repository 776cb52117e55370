#pragma once

#include <cstdint>
#include <span>

#include <milepost/dtype.hpp>

namespace milepost::convert::gguf {

/// A type of ggml: a row of tensors is a number of blocks, each of as many elements in as many bytes. In a
/// checkpoint a block of one element is an element of a known dtype; any other one is an element of a dtype
/// that only has a size (docs/format.md, section 6.3).
struct TensorType {
    std::uint32_t number;    ///< ggml's, stored in files
    std::uint32_t elements;  ///< of a block
    DtypeInfo dtype;         ///< of a block in a checkpoint; its bits are those of a block
};

/// The type of that number, or null where this library does not know the size of its blocks.
[[nodiscard]] const TensorType* find_tensor_type(std::uint32_t number) noexcept;
/// The type whose blocks are elements of that dtype, or null.
[[nodiscard]] const TensorType* find_tensor_type(const DtypeInfo& dtype) noexcept;
[[nodiscard]] std::span<const TensorType> all_tensor_types() noexcept;

}  // namespace milepost::convert::gguf

#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

#include <milepost/dtype.hpp>

namespace milepost::convert::safetensors {

/// The dtype that a word of a header means, such as "BF16".
[[nodiscard]] std::optional<DtypeInfo> dtype_of(std::string_view word) noexcept;

/// The word of a dtype, and its place among them: the reference writer sorts tensors by it.
struct DtypeWord {
    std::string_view word;
    std::size_t place;
};
/// Nothing for a dtype that the format does not have.
[[nodiscard]] std::optional<DtypeWord> word_of(const DtypeInfo& dtype) noexcept;

}  // namespace milepost::convert::safetensors

#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include <milepost/dtype.hpp>
#include <milepost/result.hpp>

namespace milepost::convert::numpy {

/// What a `descr`, such as "<f4", means.
struct ElementType {
    DtypeInfo dtype;
    std::uint32_t swapped_nbytes;  ///< of each number whose bytes are to be reversed; 0 if none are
};

/// Decodes a descr. Errors: unsupported/feature, with the reason, for what is not a number or a bool, and for
/// numbers that Milepost does not have. Throws std::bad_alloc.
[[nodiscard]] Result<ElementType> parse_descr(std::string_view descr);

/// The little-endian descr of a dtype; nothing for those that NumPy does not have.
[[nodiscard]] std::optional<std::string_view> descr_of(const DtypeInfo& dtype) noexcept;

}  // namespace milepost::convert::numpy

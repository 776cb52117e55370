#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include <milepost/options.hpp>
#include <milepost/result.hpp>
#include <milepost/tensor.hpp>
#include <milepost/value.hpp>

#include "format/decode_budget.hpp"
#include "format/index.hpp"
#include "format/index_columns.hpp"
#include "format/index_offsets.hpp"

/// Values between their two forms: trees of Value, and the flat columns of docs/format.md, sections 6.1
/// and 6.4.
namespace milepost::format {

/// Whether values of the kind take a size from value_sizes: the number of their bytes or children.
[[nodiscard]] constexpr bool has_size(Kind kind) noexcept {
    return kind == Kind::integer || (kind >= Kind::string && kind <= Kind::dict);
}

/// Bytes of the kinds that always take the same number of value_bytes; 0 for others.
[[nodiscard]] constexpr std::uint32_t fixed_nbytes(Kind kind) noexcept {
    return kind == Kind::floating ? 8 : kind == Kind::complex ? 16 : 0;
}

[[nodiscard]] constexpr bool has_children(Kind kind) noexcept {
    return kind >= Kind::list && kind <= Kind::dict;
}

/// The columns of a list of root values, in the order of the file.
struct ValueColumns {
    std::vector<ValueRecord> records;
    std::vector<std::uint32_t> sizes;
    std::vector<std::byte> bytes;
    std::vector<const TensorView*> tensors;
};

/// Roots in order, then all children breadth first; elements of sets in canonical order. The views borrow
/// from the roots. After an error, `failed` is the number of the value that could not be encoded. Errors:
/// limit_exceeded/depth, /records; invalid_argument/save_name for an element of a set that cannot be one;
/// /layout for a string or list of 4 Gi or more. Throws std::bad_alloc.
[[nodiscard]] Result<ValueColumns> encode_values(std::span<const Value* const> roots, const Limits& limits,
                                                 std::size_t& failed);

/// Where a value is.
struct ValuePlace {
    std::size_t root = 0;
    std::string below;  ///< the path from the root on, "/layers/0", as Paths writes it
};

/// The place of value `number` of encode_values, for messages: encodes all values before it again. Requires:
/// number < roots.size() for a root, else encode_values came as far as that. Throws std::bad_alloc.
[[nodiscard]] ValuePlace place_of_value(std::span<const Value* const> roots, const Limits& limits,
                                        std::size_t number);

using MakeTensor = std::function<TensorView(std::uint32_t tensor)>;

/// The tree below one value. Takes hardly more memory than what it returns. Requires: a validated index.
/// Errors: limit_exceeded/decoded_bytes. Throws std::bad_alloc.
[[nodiscard]] Result<Value> decode_value(const Index& index, const IndexOffsets& offsets,
                                         std::uint32_t number, const MakeTensor& make_tensor,
                                         DecodeBudget& budget);

}  // namespace milepost::format

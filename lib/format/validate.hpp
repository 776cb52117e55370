#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <utility>

#include <milepost/error.hpp>
#include <milepost/options.hpp>
#include <milepost/result.hpp>

#include "format/index.hpp"
#include "format/index_offsets.hpp"

namespace milepost::format {

/// What the rules compare the index with.
struct ValidationContext {
    std::uint64_t index_offset = 0;  ///< of copy A
    std::uint64_t alignment = 0;     ///< the header's
};

/// An element of a column of the index.
struct Subject {
    std::string_view column = {};  ///< "values"; empty for none
    std::size_t number = 0;
};

/// A rule that an index breaks, and what it is about where that is one element.
struct BrokenRule {
    BrokenRule(Error broken, Subject about = {}) noexcept : error(std::move(broken)), subject(about) {}

    Error error;
    Subject subject;
};

/// All rules of docs/format.md, section 6.5, in their order; the first that is broken decides. Throws
/// std::bad_alloc. Errors: those of the table there.
[[nodiscard]] Result<IndexOffsets> validate(const Index& index, const ValidationContext& context,
                                            const Limits& limits);

/// The same without the rules on storages and references to them (23, 30 to 38): a writer calls this before
/// it has written storages, and has checked the views of tensors one by one. Returns nothing if all hold.
/// Throws std::bad_alloc.
[[nodiscard]] std::optional<BrokenRule> validate_content(const Index& index, const Limits& limits);

}  // namespace milepost::format

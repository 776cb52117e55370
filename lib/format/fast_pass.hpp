#pragma once

#include <milepost/options.hpp>

#include "format/derive_offsets.hpp"
#include "format/index.hpp"
#include "format/index_offsets.hpp"
#include "format/validate.hpp"

/// Quick tests for the rules of docs/format.md, section 6.5, that concern every name or storage: one pass
/// over plain columns each. True means that the rules hold. False means nothing: then the rules are to be
/// judged one by one, which finds the first that is broken.
namespace milepost::format::fast_pass {

/// Rules 3, 4 and 5.
[[nodiscard]] bool string_sizes_fit(const Index& index, const Limits& limits) noexcept;

/// Rule 6.
[[nodiscard]] bool strings_are_ascii(const Index& index) noexcept;

/// Rules 9, 10 and 11. Requires: rules 3 and 8; the entry lists are derived.
[[nodiscard]] bool names_ascend(const Index& index, const IndexOffsets& offsets) noexcept;

/// Whether no storage has a codec, so that derive_raw_storages may be called.
[[nodiscard]] bool is_raw(const Index& index) noexcept;

/// Rules 33, 34, 35, 37 and 38. Requires: is_raw.
[[nodiscard]] bool raw_storages_fit(const Index& index, const ValidationContext& context,
                                    const RawStorageTotals& totals) noexcept;

}  // namespace milepost::format::fast_pass

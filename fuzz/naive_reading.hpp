#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include <milepost/options.hpp>

#include "format/index.hpp"
#include "format/validate.hpp"

/// What the files of the naive rules share: the columns, and what was read of them so far.
namespace milepost::fuzz::naive {

/// Of sums and products of stored numbers.
__extension__ using Wide = unsigned __int128;

/// Section 6.4.
inline constexpr std::uint8_t kNull = 0, kBool = 1, kInt = 2, kFloat = 3, kComplex = 4, kString = 5,
                              kBytes = 6, kList = 7, kTuple = 8, kSet = 9, kDict = 10, kTensor = 11;

/// Section 6: of a group without names.
inline constexpr std::uint32_t kNoNames = 0xFFFFFFFF;

/// Whose entries a list holds: some of them have names that others may not have. `keys` are not entries.
enum class Owner : std::uint8_t { model, group, state, state_extra, extra, top, keys };

/// A entry list: a list of entries, section 6.1.
struct Run {
    Owner owner;
    std::size_t first, count;
};

struct Layout {
    std::uint64_t bits = 0;
    std::vector<std::uint64_t> shape, strides;
    bool strided = false;
    Wide reach = 0;
};

struct Chunk {
    std::uint64_t raw, stored;
};

/// Names in the order of the fields of `Index`.
inline constexpr std::size_t kModelNames = 0, kOptimizerNames = 1, kAlgorithms = 2, kEntryNames = 3,
                             kParamNames = 4, kDtypeNames = 5, kParamKeys = 6;

/// Each rule may use what the rules before it have filled in.
struct Reading {
    const format::Index& index;
    const format::ValidationContext& validation_context;
    const Limits& limits;

    std::array<std::vector<std::string>, 7> texts = {};  ///< rule 3
    std::vector<Run> runs = {};                          ///< rule 8: entry lists
    std::vector<Run> keys = {};                          ///< rule 8: the param keys of each optimizer
    std::vector<std::uint64_t> value_size = {};          ///< rule 17: bytes or children
    std::vector<std::uint64_t> first_child = {};         ///< rule 18
    std::vector<std::uint64_t> first_byte = {};          ///< rule 20
    std::vector<Layout> layouts = {};                    ///< rules 26, 27 and 29
    std::vector<std::vector<Chunk>> chunks = {};         ///< rule 33: of each storage
};

/// Section 6.1: the number of stored sizes, or of tensors if no size is stored.
[[nodiscard]] std::size_t storage_count(const format::Index& index);
/// Of a tensor.
[[nodiscard]] std::size_t storage_of(const format::Index& index, std::size_t tensor);
/// Of a storage. Requires: the layouts were read.
[[nodiscard]] Wide nbytes_of(const Reading& reading, std::size_t storage);

enum class Control : std::uint8_t { allowed, refused };
/// Whether it is UTF-8: no surrogates, no overlong forms.
[[nodiscard]] bool is_utf8(const std::string& text, Control control);

[[nodiscard]] std::uint8_t byte_at(const std::string& text, std::size_t at);
/// Of a value of kind 2 to 6.
[[nodiscard]] std::string bytes_of(const Reading& reading, std::size_t value);
[[nodiscard]] bool has_children(std::uint8_t kind);
/// Two's complement, little-endian, without the bytes that only repeat the sign.
[[nodiscard]] std::string minimal(std::string bytes);
/// Rule 22, of the whole column.
[[nodiscard]] bool keys_hold(Reading& reading);

// The rules, each true where it holds. Limits, texts and names: naive_rules_names.cpp.
bool tables_within_limit(Reading& reading);         // 1
bool records_within_limit(Reading& reading);        // 2
bool texts_tile(Reading& reading);                  // 3
bool texts_have_bytes(Reading& reading);            // 4
bool texts_within_limit(Reading& reading);          // 5
bool texts_are_utf8(Reading& reading);              // 6
bool sums_match(Reading& reading);                  // 7
bool orders_have_numbers(Reading& reading);         // 8
bool entry_order_in_range(Reading& reading);        // 9
bool names_differ_from_the_last(Reading& reading);  // 10
bool names_ascend(Reading& reading);                // 11
bool top_order_has_each_once(Reading& reading);     // 12
bool names_differ(Reading& reading);                // 13
// Values: naive_rules_values.cpp, and rule 22 in naive_rules_keys.cpp.
bool value_kinds_known(Reading& reading);    // 17
bool values_are_trees(Reading& reading);     // 18
bool depth_within_limit(Reading& reading);   // 19
bool value_bytes_used_up(Reading& reading);  // 20
bool ints_minimal(Reading& reading);         // 21
// Dtypes, layouts and tensors: naive_rules_tensors.cpp.
bool reserved_is_zero(Reading& reading);           // 14
bool dtypes_ascend(Reading& reading);              // 15
bool dtypes_agree_with_table(Reading& reading);    // 16
bool tensor_columns_fit(Reading& reading);         // 23
bool layout_flags_known(Reading& reading);         // 24
bool ranks_within_limit(Reading& reading);         // 25
bool dims_used_up(Reading& reading);               // 26
bool products_fit(Reading& reading);               // 27
bool small_elements_fill_bytes(Reading& reading);  // 28
bool strides_fit(Reading& reading);                // 29
bool tensors_within_storages(Reading& reading);    // 30
// Storages and optimizers: naive_rules_storages.cpp.
bool codecs_known(Reading& reading);               // 31
bool codec_parameters_defined(Reading& reading);   // 32
bool storage_sums_match(Reading& reading);         // 33
bool chunk_sizes_fit(Reading& reading);            // 34
bool ratios_fit(Reading& reading);                 // 35
bool storages_viewed(Reading& reading);            // 36
bool storages_end_before_index(Reading& reading);  // 37
bool index_follows_storages(Reading& reading);     // 38
bool key_positions_fit(Reading& reading);          // 39
bool params_in_one_group(Reading& reading);        // 40
bool states_ascend(Reading& reading);              // 41
bool param_keys_are_of_params(Reading& reading);   // 42

}  // namespace milepost::fuzz::naive

#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "format/index.hpp"
#include "format/index_offsets.hpp"

/// Paths, as docs/format.md, section 2, defines them. All functions require a validated index and throw
/// std::bad_alloc.
namespace milepost::format {

/// The steps of a path that are not names.
///@{
inline constexpr std::string_view kMetadataStep = "_metadata";
inline constexpr std::string_view kGroupsStep = "param_groups/";
inline constexpr std::string_view kStateStep = "state/";
inline constexpr std::string_view kAttributesStep = "attributes";
///@}

/// The text of a string value. Borrows from the index.
[[nodiscard]] std::string_view string_of(const Index& index, const IndexOffsets& offsets,
                                         std::uint32_t value) noexcept;

/// The step to the value of a key. Time is bounded by the size of the key.
[[nodiscard]] std::string key_path_step(const Index& index, const IndexOffsets& offsets, std::uint32_t key);

/// Makes paths. A path takes the time of its own text and a binary search for each level. Borrows from the
/// index and its offsets, and must not outlive them.
class Paths {
public:
    /// One pass over the values.
    Paths(const Index& index, const IndexOffsets& offsets);

    [[nodiscard]] std::string of_tensor(std::uint32_t tensor) const;
    /// The path, or its beginning of at least `nbytes` bytes: for messages, which shorten it anyway. Keys of
    /// any size cost no more than that.
    [[nodiscard]] std::string beginning_of_tensor(std::uint32_t tensor, std::size_t nbytes) const;

private:
    [[nodiscard]] std::string of_value(std::uint32_t value, std::size_t nbytes) const;
    [[nodiscard]] std::uint32_t parent_of(std::uint32_t child) const noexcept;
    [[nodiscard]] std::string root_path(std::uint32_t root) const;
    [[nodiscard]] std::string step(std::uint32_t parent, std::uint32_t child, std::size_t nbytes) const;
    [[nodiscard]] std::string key_step(std::uint32_t key, std::size_t nbytes) const;
    [[nodiscard]] bool has_more_values(std::uint32_t root, std::size_t most) const;

    const Index* index_;
    const IndexOffsets* offsets_;
    /// The values that have children, ascending. Their children follow each other in the same order.
    std::vector<std::uint32_t> parents_;
};

}  // namespace milepost::format

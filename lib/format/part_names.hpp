#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "format/index.hpp"

namespace milepost::format {

/// Finds models and optimizers by their names: their numbers in the order of names. The index has no such
/// column, because a file rarely has more than a handful. Borrows from the index, and must not outlive it.
class PartNames {
public:
    /// Throws std::bad_alloc.
    explicit PartNames(const Index& index);

    [[nodiscard]] std::optional<std::uint32_t> model(std::string_view name) const noexcept;
    [[nodiscard]] std::optional<std::uint32_t> optimizer(std::string_view name) const noexcept;
    /// Bytes of the longest name.
    [[nodiscard]] std::size_t longest() const noexcept { return longest_; }

private:
    const Index* index_;
    std::vector<std::uint32_t> models_;
    std::vector<std::uint32_t> optimizers_;
    std::size_t longest_ = 0;
};

}  // namespace milepost::format

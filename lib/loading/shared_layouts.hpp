#pragma once

#include <cstdint>
#include <memory>
#include <unordered_map>

#include <milepost/tensor.hpp>

#include "loading/open.hpp"

namespace milepost::loading {

/// The layouts of tensors, each made once, so that many views take no more memory for their dimensions than
/// the file does. For the time of one call: it is not thread-safe.
class SharedLayouts {
public:
    using Layout = std::shared_ptr<const detail::TensorLayout>;

    explicit SharedLayouts(const OpenedIndex& opened) noexcept : opened_(opened) {}

    /// The layout of that number in the file. Throws std::bad_alloc.
    [[nodiscard]] Layout get(std::uint32_t number);

private:
    const OpenedIndex& opened_;
    std::unordered_map<std::uint32_t, Layout> made_;
};

/// A layout of the file; null for rank 0. Throws std::bad_alloc.
[[nodiscard]] SharedLayouts::Layout make_layout(const OpenedIndex& opened, std::uint32_t number);

}  // namespace milepost::loading

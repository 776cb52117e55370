#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "codec/huffman.hpp"
#include "codec/list_code.hpp"
#include "codec/plane.hpp"
#include "codec/plane_kernels.hpp"

namespace milepost::codec {

/// The most bytes that PlaneWriter writes.
[[nodiscard]] constexpr std::size_t plane_bound(const PlaneShape& plane) noexcept {
    return plane.packed_nbytes() + 16;
}

/// Writes planes in their smallest form; a form that takes longer to decode only where it gains. Functions
/// return the number of bytes. Require: room for plane_bound(); the count is at least 1 and at most
/// kBlockWords.
class PlaneWriter {
public:
    PlaneWriter(const PlaneKernels& kernels, ListCoder& coder) noexcept : kernels_(kernels), coder_(coder) {}

    /// A plane of symbols, which occur as often as counts tell. They are there as other bytes: a symbol as
    /// its element of `written`.
    std::size_t write_symbols(const Counts& counts, const std::array<std::uint8_t, 256>& written,
                              std::size_t count, ValueBuffer& values, std::byte* to) noexcept;

    /// A plane that is close to random in most data: looks at a sample first.
    std::size_t write(const PlaneShape& plane, const ValueBuffer& values, std::byte* to) noexcept;

    /// A plane of bytes that are symbols.
    std::size_t write_bytes(std::size_t count, const ValueBuffer& values, std::byte* to) noexcept;

private:
    [[nodiscard]] bool sample_gains(const PlaneShape& plane, const ValueBuffer& values) const noexcept;
    std::size_t write_counted(const PlaneShape& plane, const ValueBuffer& values, std::byte* to) noexcept;
    std::size_t write_packed(const PlaneShape& plane, const ValueBuffer& values, std::byte* to) noexcept;

    const PlaneKernels& kernels_;
    ListCoder& coder_;
};

}  // namespace milepost::codec

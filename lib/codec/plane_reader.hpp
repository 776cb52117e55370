#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "codec/huffman.hpp"
#include "codec/join_kernels.hpp"
#include "codec/list_code.hpp"
#include "codec/list_kernels.hpp"
#include "codec/plane.hpp"

namespace milepost::codec {

/// What is left of the stored bytes of a block.
struct StoredBytes {
    std::span<const std::uint8_t> left;

    /// The next `nbytes`, or nothing where there are fewer.
    [[nodiscard]] std::optional<std::span<const std::uint8_t>> take(std::size_t nbytes) noexcept {
        if (nbytes > left.size()) return std::nullopt;
        const auto taken = left.first(nbytes);
        left = left.subspan(nbytes);
        return taken;
    }
    [[nodiscard]] std::optional<unsigned> take_byte() noexcept {
        const auto taken = take(1);
        return taken ? std::optional<unsigned>((*taken)[0]) : std::nullopt;
    }
};

/// A plane that is stored, not decoded yet. Borrows the stored bytes.
struct StoredPlane {
    PlaneShape shape;
    PlaneForm form;
    std::uint8_t value;                    ///< if it is the only one
    std::span<const std::uint8_t> packed;  ///< if the values are packed
    CodeLengths lengths;                   ///< if they are coded, as the bits
    CodedBits bits;

    /// Takes a plane whose values are all less than `limit`, and checks everything but the bits of a code.
    /// Returns what is wrong, or "". Requires: the limit is 2^bits, or values have 8 bits.
    [[nodiscard]] std::string_view take(StoredBytes& stored, const PlaneShape& of,
                                        std::size_t limit) noexcept;

    /// Points `values` at the values: in `buffer`, or where they are stored. Returns what is wrong, or "".
    [[nodiscard]] std::string_view read(const JoinKernels& kernels, ListCoder& coder, ValueBuffer& buffer,
                                        const std::uint8_t*& values) const noexcept;

    /// Makes of them what merges to their list, with each value replaced by its element of `written`. It is
    /// valid until the next use of the coder or the buffer. Requires: values have 8 bits.
    [[nodiscard]] std::string_view read_list(const ListKernels& kernels, ListCoder& coder,
                                             const std::array<std::uint8_t, 256>& written,
                                             ValueBuffer& buffer, ListMerge& list) const noexcept;

private:
    [[nodiscard]] std::string_view take_code(StoredBytes& stored, std::size_t limit) noexcept;
    [[nodiscard]] std::string_view take_lengths(StoredBytes& stored, std::size_t limit) noexcept;
};

}  // namespace milepost::codec

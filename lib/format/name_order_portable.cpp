#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <iterator>

#include "format/name_order_pass.hpp"

namespace milepost::format {
namespace {

static_assert(std::endian::native == std::endian::little, "the first byte of a word is its lowest");

struct Words {
    std::uint64_t words[kNameBlockNbytes / sizeof(std::uint64_t)];

    static Words load(const char* from) noexcept {
        Words block;
        std::memcpy(&block, from, sizeof block);
        return block;
    }
};

std::size_t first_difference(const Words& a, const Words& b) noexcept {
    for (std::size_t i = 0; i < std::size(a.words); ++i) {
        const std::uint64_t differing = a.words[i] ^ b.words[i];
        if (differing != 0)
            return i * sizeof differing + static_cast<std::size_t>(std::countr_zero(differing)) / 8;
    }
    return kNameBlockNbytes;
}

}  // namespace

bool names_ascend_portable(const OrderedNames& names) noexcept {
    return names_ascend<Words>(names);
}

}  // namespace milepost::format

#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>

/// The pass of names_strictly_ascend over one entry list, and its implementations for instruction sets.
namespace milepost::format {

/// Names that are to be compared in an order. All numbers of the order are below `count`.
struct OrderedNames {
    const char* pool;  ///< of all names
    std::size_t pool_nbytes;
    const std::uint32_t* ends;  ///< where each name of the list ends in the pool
    std::size_t begin;          ///< where the first name of the list begins
    const std::uint32_t* order;
    std::size_t count;
};

using NameOrderPass = bool(const OrderedNames& names) noexcept;

NameOrderPass names_ascend_portable;
extern NameOrderPass* const kNamesAscendAvx2;  ///< null where the library was built without AVX2

/// Names share long beginnings, so they are compared this many bytes at a time.
inline constexpr std::size_t kNameBlockNbytes = 32;

/// Whether the names strictly ascend. `Block` holds kNameBlockNbytes bytes in the registers of an instruction
/// set: Block::load(from), and first_difference(block, block), which is kNameBlockNbytes if there is none.
/// Requires: Block is a type of one source file, so that this instance is too; see base/cpu.hpp.
template <class Block>
[[nodiscard]] bool names_ascend(const OrderedNames& names) noexcept {
    // A name that begins before this is followed by a whole block of the pool, part of which may belong to
    // the next names.
    const std::size_t blocks_end =
        names.pool_nbytes < kNameBlockNbytes ? 0 : names.pool_nbytes - kNameBlockNbytes + 1;
    const char* last = names.pool;
    std::size_t last_size = 0, last_known = 0;  // known: bytes of the name that its block holds, or more
    Block last_block{};
    for (std::size_t i = 0; i < names.count; ++i) {
        const std::size_t number = names.order[i];
        const std::size_t begin = number == 0 ? names.begin : names.ends[number - 1];
        const char* const name = names.pool + begin;
        const std::size_t size = names.ends[number] - begin;
        std::size_t known = 0;
        Block block{};
        if (begin < blocks_end) {
            block = Block::load(name);
            known = size;
        }
        // Of nearly all names the first block decides. The others are compared as strings.
        const std::size_t at = first_difference(last_block, block);
        const bool is_less = at < last_known && at < known &&
                             static_cast<unsigned char>(last[at]) < static_cast<unsigned char>(name[at]);
        if (!is_less && i != 0) {
            const int order = std::memcmp(last, name, last_size < size ? last_size : size);
            if (order > 0 || (order == 0 && last_size >= size)) return false;
        }
        last = name;
        last_size = size;
        last_known = known;
        last_block = block;
    }
    return true;
}

}  // namespace milepost::format

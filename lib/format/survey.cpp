#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>

#include "format/rules.hpp"

namespace milepost::format::rules {
namespace {

template <class Record>
Record or_of(std::span<const Record> column) noexcept {
    using Words = std::array<std::uint64_t, sizeof(Record) / 8>;
    Words any{};
    for (const Record& record : column) {
        const auto words = std::bit_cast<Words>(record);
        for (std::size_t i = 0; i < words.size(); ++i)
            any[i] |= words[i];
    }
    return std::bit_cast<Record>(any);
}

}  // namespace

Survey::Survey(const Index& index) noexcept
    : values(or_of(index.values)), tensors(or_of(index.tensors)), storages(or_of(index.storages)) {}

}  // namespace milepost::format::rules

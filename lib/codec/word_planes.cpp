#include "codec/word_planes.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>

#include "codec/join_kernels.hpp"
#include "codec/list_code.hpp"
#include "codec/list_kernels.hpp"
#include "codec/plane_kernels.hpp"

namespace milepost::codec {
namespace {

/// In the order of the parameters, from 1 on: f8, f16, bf16, f32, f64.
constexpr std::array kKinds = {WordKind{1, 0}, WordKind{2, 5}, WordKind{2, 8}, WordKind{4, 8},
                               WordKind{8, 11}};

void join_widest(const TopBuffer& tops, const PlanePointers& planes, std::span<std::uint8_t> words) noexcept {
    for (std::size_t i = 0; i < words.size() / 8; ++i) {
        std::uint64_t word = std::uint64_t{tops[i]} << 48U;
        for (std::size_t plane = 2; plane < 8; ++plane)
            word |= std::uint64_t{planes[plane][i]} << 8 * (7 - plane);
        std::memcpy(words.data() + 8 * i, &word, sizeof word);
    }
}

/// Words of 16 or 32 bits, of which kernels join kJoinedWords at a time: what is left is joined in memory
/// that has room for as many.
void join_narrow(const PlaneKernels& kernels, bool is_wide, const PlaneSources& from, const TopForm& form,
                 const WordTarget& to) noexcept {
    JoinKernel* const join = is_wide ? kernels.join->join_wide : kernels.join->join;
    const std::size_t word_nbytes = is_wide ? 4 : 2;
    const std::size_t last = to.count % kJoinedWords, first = to.count - last;
    if (first != 0) join(from, form, {to.words, first, to.is_streamed});
    if (last == 0) return;
    std::array<std::uint8_t, kJoinedWords + kListSlack> symbols;
    std::array<std::array<std::uint8_t, kJoinedWords>, 3> planes{};
    const auto copy = [&](std::size_t plane, const std::uint8_t* values) {
        if (values != nullptr) std::copy_n(values + first, last, planes[plane].begin());
        return planes[plane].data();
    };
    kernels.lists->merge(rest_of(*kernels.lists, from.symbols, first), last, symbols.data());
    std::fill(symbols.begin() + static_cast<std::ptrdiff_t>(last), symbols.end(), std::uint8_t{0});
    const PlaneSources padded{plain_list(symbols.data()), copy(0, from.rests), copy(1, from.high),
                              copy(2, from.low)};
    std::array<std::uint8_t, kJoinedWords * sizeof(std::uint32_t)> joined;
    join(padded, form, {joined.data(), kJoinedWords, false});
    std::copy_n(joined.begin(), last * word_nbytes, to.words + first * word_nbytes);
}

}  // namespace

const WordKind* find_word_kind(std::uint8_t parameter) noexcept {
    return parameter == 0 || parameter > kKinds.size() ? nullptr : &kKinds[parameter - 1];
}

SymbolForm::SymbolForm(const WordKind& kind, const WordCut& cut) noexcept : low_bits_(cut.low_bits()) {
    const unsigned b = cut.symbol_mantissa_bits;
    const auto& exponents = cut.exponents.values;
    const unsigned first = kind.exponent_bits + b <= 8 ? 0 : exponents[0];
    is_computed_ = (exponents[cut.exponents.count - 1] - first + 1) << b <= 256;
    base_ = static_cast<std::uint16_t>(is_computed_ ? first << cut.top_mantissa_bits : 0);
    for (std::size_t symbol = 0; symbol < cut.symbol_count(); ++symbol) {
        const unsigned exponent = exponents[symbol >> b];
        const unsigned mantissa = static_cast<unsigned>(symbol) & ((1U << b) - 1);
        written_[symbol] =
            static_cast<std::uint8_t>(is_computed_ ? (exponent - first) << b | mantissa : symbol);
        tops_[symbol] = static_cast<std::uint16_t>(exponent << cut.top_mantissa_bits | mantissa << low_bits_);
    }
}

void join_words(const PlaneKernels& kernels, const WordKind& kind, const SymbolForm& form,
                const ListMerge& symbols, const PlanePointers& planes, const JoinTarget& to) noexcept {
    const std::size_t count = to.words.size() / kind.nbytes;
    const bool is_wide = kind.nbytes == 4;
    const PlaneSources from{symbols, planes[1], is_wide ? planes[2] : nullptr, is_wide ? planes[3] : nullptr};
    if (kind.nbytes <= 4)
        return join_narrow(kernels, is_wide, from, form.top_form(), {to.words.data(), count, to.is_streamed});
    auto* const tops = reinterpret_cast<std::uint8_t*>(to.tops.data());
    join_narrow(kernels, is_wide, from, form.top_form(), {tops, count, false});
    join_widest(to.tops, planes, to.words);
}

}  // namespace milepost::codec

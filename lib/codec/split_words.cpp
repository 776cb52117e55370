#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <numeric>
#include <optional>
#include <span>

#include "codec/huffman.hpp"
#include "codec/plane_kernels.hpp"
#include "codec/split_kernels.hpp"
#include "codec/word_planes.hpp"

namespace milepost::codec {
namespace {

constexpr std::size_t kMaxExponents = std::size_t{1} << 11U;

/// The cut with as many mantissa bits in a symbol as there is room for.
std::optional<WordCut> choose_cut(const WordKind& kind, const ExponentList& exponents,
                                  unsigned mantissa_bits) noexcept {
    const unsigned top = kind.top_mantissa_bits();
    const unsigned least = top >= kMaxRestBits ? top + 1 - kMaxRestBits : 0;
    WordCut cut{top, std::max(least, mantissa_bits), exponents};
    while (cut.symbol_count() > kMaxSymbols && cut.symbol_mantissa_bits > least)
        --cut.symbol_mantissa_bits;
    return cut.symbol_count() > kMaxSymbols ? std::nullopt : std::optional(cut);
}

Counts count_bytes(const PlaneKernels& kernels, std::size_t count, const Planes& planes) noexcept {
    Counts counts;
    kernels.lists->count_values(planes[0].data(), count, counts.data());
    return counts;
}

/// Words of 64 bits, for which there are no kernels.
class WideSplitter {
public:
    explicit WideSplitter(std::span<const std::uint8_t> words) noexcept : words_(words) {}

    /// Nothing if there are too many.
    [[nodiscard]] std::optional<ExponentList> exponents(unsigned mantissa_bits) const noexcept {
        std::array<bool, kMaxExponents> occurs{};
        for (std::size_t i = 0; i < words_.size() / 8; ++i)
            occurs[(word(i) >> 48U & 0x7FFFU) >> mantissa_bits] = true;
        ExponentList exponents;
        for (std::size_t exponent = 0; exponent < kMaxExponents; ++exponent)
            if (occurs[exponent] && !exponents.add(exponent)) return std::nullopt;
        return exponents;
    }

    void split(const WordCut& cut, Planes& planes) const noexcept {
        std::array<std::uint8_t, kMaxExponents> first_symbols{};
        for (std::size_t rank = 0; rank < cut.exponents.count; ++rank)
            first_symbols[cut.exponents.values[rank]] =
                static_cast<std::uint8_t>(rank << cut.symbol_mantissa_bits);
        const unsigned low_bits = cut.low_bits();
        for (std::size_t i = 0; i < words_.size() / 8; ++i) {
            const std::uint64_t all = word(i);
            const auto top = static_cast<unsigned>(all >> 48U);
            const unsigned first = first_symbols[(top & 0x7FFFU) >> cut.top_mantissa_bits];
            const unsigned mantissa = top & ((1U << cut.top_mantissa_bits) - 1);
            planes[0][i] = static_cast<std::uint8_t>(first + (mantissa >> low_bits));
            planes[1][i] =
                static_cast<std::uint8_t>(top >> 15U << low_bits | (mantissa & ((1U << low_bits) - 1)));
            for (std::size_t plane = 2; plane < 8; ++plane)
                planes[plane][i] = static_cast<std::uint8_t>(all >> 8 * (7 - plane));
        }
    }

private:
    [[nodiscard]] std::uint64_t word(std::size_t i) const noexcept {
        std::uint64_t word;
        std::memcpy(&word, words_.data() + 8 * i, sizeof word);
        return word;
    }

    std::span<const std::uint8_t> words_;
};

std::optional<SplitBlock> split_widest(const PlaneKernels& kernels, const WordKind& kind,
                                       unsigned mantissa_bits, std::span<const std::uint8_t> words,
                                       Planes& planes) noexcept {
    const WideSplitter splitter(words);
    const auto exponents = splitter.exponents(kind.top_mantissa_bits());
    if (!exponents) return std::nullopt;
    const auto cut = choose_cut(kind, *exponents, mantissa_bits);
    if (!cut) return std::nullopt;
    splitter.split(*cut, planes);
    SplitBlock block{*cut, {}, count_bytes(kernels, words.size() / 8, planes)};
    std::iota(block.written.begin(), block.written.end(), std::uint8_t{0});
    return block;
}

/// Words of 16 or 32 bits.
class Splitter {
public:
    Splitter(const PlaneKernels& kernels, const WordKind& kind, std::span<const std::uint8_t> words,
             Planes& planes) noexcept
        : is_wide_(kind.nbytes == 4),
          words_(words),
          count_(words.size() / kind.nbytes),
          kernel_(is_wide_ ? kernels.split->split_wide : kernels.split->split),
          to_{planes[0].data(), planes[1].data(), is_wide_ ? planes[2].data() : nullptr,
              is_wide_ ? planes[3].data() : nullptr} {}

    void split(const TopCut& cut) const noexcept { kernel_(words_.data(), count_, cut, to_); }

    /// Symbols are written as the form tells.
    void split(const WordCut& cut, const SymbolForm& form) const noexcept {
        const unsigned low_bits = cut.low_bits();
        if (form.is_computed()) {
            const auto base = static_cast<std::uint16_t>(form.top_form().base >> low_bits);
            return split({cut.top_mantissa_bits, low_bits, base, nullptr});
        }
        std::array<std::uint8_t, 256> first_symbols{};
        for (std::size_t rank = 0; rank < cut.exponents.count; ++rank)
            first_symbols[cut.exponents.values[rank]] =
                static_cast<std::uint8_t>(rank << cut.symbol_mantissa_bits);
        split({cut.top_mantissa_bits, low_bits, 0, first_symbols.data()});
    }

    [[nodiscard]] std::size_t count() const noexcept { return count_; }

private:
    bool is_wide_;
    std::span<const std::uint8_t> words_;
    std::size_t count_;
    SplitKernel* kernel_;
    PlaneTargets to_;
};

}  // namespace

std::optional<SplitBlock> split_words(const PlaneKernels& kernels, const WordKind& kind,
                                      unsigned mantissa_bits, std::span<const std::uint8_t> words,
                                      Planes& planes) noexcept {
    if (kind.nbytes == 8) return split_widest(kernels, kind, mantissa_bits, words, planes);
    const Splitter splitter(kernels, kind, words, planes);
    // First with as many mantissa bits as fit into a byte beside any exponent, which mostly is what is
    // wanted.
    const unsigned first_bits = 8 - kind.exponent_bits;
    splitter.split({kind.top_mantissa_bits(), kind.top_mantissa_bits() - first_bits, 0, nullptr});
    Counts written = count_bytes(kernels, splitter.count(), planes);
    ExponentList exponents;
    for (std::size_t exponent = 0; exponent < std::size_t{1} << kind.exponent_bits; ++exponent) {
        const auto begin = written.begin() + static_cast<std::ptrdiff_t>(exponent << first_bits);
        const bool occurs =
            std::any_of(begin, begin + (1 << first_bits), [](auto count) { return count != 0; });
        if (occurs) (void)exponents.add(exponent);  // there are 256 exponents at most
    }
    const auto cut = choose_cut(kind, exponents, mantissa_bits);
    if (!cut) return std::nullopt;
    const SymbolForm form(kind, *cut);
    if (cut->symbol_mantissa_bits != first_bits) {
        splitter.split(*cut, form);
        written = count_bytes(kernels, splitter.count(), planes);
    }
    SplitBlock block{*cut, form.written(), {}};
    for (std::size_t symbol = 0; symbol < cut->symbol_count(); ++symbol)
        block.counts[symbol] = written[form.written()[symbol]];
    return block;
}

}  // namespace milepost::codec

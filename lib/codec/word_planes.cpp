#include "codec/word_planes.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <span>
#include <type_traits>

#include "base/little_endian.hpp"
#include "codec/word_kernels.hpp"

namespace milepost::codec {
namespace {

/// In the order of the parameters, from 1 on: f8, f16, bf16, f32, f64.
constexpr std::array kKinds = {WordKind{1, 0}, WordKind{2, 5}, WordKind{2, 8}, WordKind{4, 8},
                               WordKind{8, 11}};
constexpr std::size_t kMaxExponents = std::size_t{1} << 11U;

template <class Word>
constexpr unsigned kLowBits = 8 * sizeof(Word) - 16;  ///< below the 16 highest bits

/// Calls with a word of 2, 4 or 8 bytes: a type as an argument that is not used.
template <class Call>
void with_word(const WordKind& kind, Call call) noexcept {
    if (kind.nbytes == 2) return call(std::uint16_t{});
    if (kind.nbytes == 4) return call(std::uint32_t{});
    return call(std::uint64_t{});
}

template <class Word>
std::uint16_t top_of(Word word) noexcept {
    return static_cast<std::uint16_t>(word >> kLowBits<Word>);
}

/// The 16 highest bits of the words.
template <class Word>
void take_tops(std::span<const std::byte> words, TopBuffer& tops) noexcept {
    if constexpr (sizeof(Word) == sizeof tops[0]) {
        std::memcpy(tops.data(), words.data(), words.size());
    } else {
        for (std::size_t i = 0; i < words.size() / sizeof(Word); ++i)
            tops[i] = top_of(base::load_le<Word>(words.data() + i * sizeof(Word)));
    }
}

TopCut top_cut(const WordCut& cut) noexcept {
    return {cut.top_mantissa_bits, cut.top_mantissa_bits - cut.symbol_mantissa_bits};
}

void join_tops(const WordCut& cut, const PlanePointers& planes, std::size_t count,
               std::uint16_t* tops) noexcept {
    const unsigned b = cut.symbol_mantissa_bits, low = cut.top_mantissa_bits - b;
    std::array<std::uint16_t, 256> of_symbols{};
    for (std::size_t symbol = 0; symbol < cut.symbol_count(); ++symbol) {
        const auto mantissa = static_cast<unsigned>(symbol) & ((1U << b) - 1);
        of_symbols[symbol] = static_cast<std::uint16_t>(
            unsigned{cut.exponents.values[symbol >> b]} << cut.top_mantissa_bits | mantissa << low);
    }
    word_kernels().join(planes[0], planes[1], count, top_cut(cut), of_symbols.data(), tops);
}

/// The words as numbers, if they are at an address where they may be.
template <class Word, class Byte>
auto* aligned_words(std::span<Byte> words) noexcept {
    using Pointer = std::conditional_t<std::is_const_v<Byte>, const Word*, Word*>;
    const bool is_aligned = reinterpret_cast<std::uintptr_t>(words.data()) % alignof(Word) == 0;
    return is_aligned ? reinterpret_cast<Pointer>(words.data()) : nullptr;
}

template <class Word>
void split_low(std::span<const std::byte> words, Planes& planes) noexcept {
    for (std::size_t plane = 2; plane < sizeof(Word); ++plane) {
        const std::byte* byte = words.data() + sizeof(Word) - 1 - plane;
        for (std::size_t i = 0; i < words.size() / sizeof(Word); ++i)
            planes[plane][i] = std::to_integer<std::uint8_t>(byte[i * sizeof(Word)]);
    }
}

/// In parts that are in a cache, and in memory that no other buffer can be.
template <class Word>
void join_low(const TopBuffer& tops, const PlanePointers& planes, std::span<std::byte> words) noexcept {
    constexpr std::size_t kPart = 512;
    std::array<Word, kPart> part;
    const std::size_t count = words.size() / sizeof(Word);
    for (std::size_t begin = 0; begin < count; begin += kPart) {
        const std::size_t some = std::min(kPart, count - begin);
        for (std::size_t i = 0; i < some; ++i) {
            Word word = static_cast<Word>(Word{tops[begin + i]} << kLowBits<Word>);
            for (std::size_t plane = 2; plane < sizeof(Word); ++plane)
                word = static_cast<Word>(word | Word{planes[plane][begin + i]}
                                                    << 8 * (sizeof(Word) - 1 - plane));
            part[i] = word;
        }
        std::memcpy(words.data() + begin * sizeof(Word), part.data(), some * sizeof(Word));
    }
}

/// Words of 16 bits are made in their place, unless that is at an odd address.
void join_halves(const WordCut& cut, const PlanePointers& planes, std::span<std::byte> words,
                 TopBuffer& tops) noexcept {
    const std::size_t count = words.size() / sizeof(std::uint16_t);
    if (auto* in_place = aligned_words<std::uint16_t>(words)) return join_tops(cut, planes, count, in_place);
    join_tops(cut, planes, count, tops.data());
    std::memcpy(words.data(), tops.data(), words.size());
}

}  // namespace

const WordKind* find_word_kind(std::uint8_t parameter) noexcept {
    return parameter == 0 || parameter > kKinds.size() ? nullptr : &kKinds[parameter - 1];
}

void take_words(const WordKind& kind, std::span<const std::byte> words, TopBuffer& tops,
                Planes& planes) noexcept {
    const auto* const wide = kind.nbytes == 4 ? aligned_words<std::uint32_t>(words) : nullptr;
    if (wide != nullptr) {
        return word_kernels().split_wide(wide, words.size() / 4, tops.data(), planes[2].data(),
                                         planes[3].data());
    }
    with_word(kind, [&]<class Word>(Word) {
        take_tops<Word>(words, tops);
        split_low<Word>(words, planes);
    });
}

std::optional<ExponentList> exponents_of(const WordKind& kind, std::span<const std::uint16_t> tops) noexcept {
    // Four tables: the same exponent twice in a row would wait for itself.
    std::array<std::array<std::uint32_t, kMaxExponents>, 4> counts{};
    const unsigned shift = kind.top_mantissa_bits();
    for (std::size_t i = 0; i < tops.size(); ++i)
        ++counts[i % 4][(tops[i] & 0x7FFFU) >> shift];
    ExponentList exponents;
    for (std::size_t exponent = 0; exponent < kMaxExponents; ++exponent) {
        const std::uint32_t of_it =
            counts[0][exponent] + counts[1][exponent] + counts[2][exponent] + counts[3][exponent];
        if (of_it != 0 && !exponents.add(exponent, of_it)) return std::nullopt;
    }
    return exponents;
}

void split_tops(const WordCut& cut, std::span<const std::uint16_t> tops, Planes& planes) noexcept {
    std::array<std::uint8_t, kMaxExponents> first_symbols{};
    for (std::size_t rank = 0; rank < cut.exponents.count; ++rank)
        first_symbols[cut.exponents.values[rank]] =
            static_cast<std::uint8_t>(rank << cut.symbol_mantissa_bits);
    const bool fits = cut.top_mantissa_bits >= 7;  // exponents below 256
    const WordKernels& kernels = fits ? word_kernels() : kPortableWordKernels;
    kernels.split(tops.data(), tops.size(), top_cut(cut), first_symbols.data(), planes[0].data(),
                  planes[1].data());
}

void join_words(const WordKind& kind, const WordCut& cut, const PlanePointers& planes,
                std::span<std::byte> words, TopBuffer& tops) noexcept {
    if (kind.nbytes == sizeof tops[0]) return join_halves(cut, planes, words, tops);
    const std::size_t count = words.size() / kind.nbytes;
    join_tops(cut, planes, count, tops.data());
    auto* const wide = kind.nbytes == 4 ? aligned_words<std::uint32_t>(words) : nullptr;
    if (wide != nullptr) return word_kernels().join_wide(tops.data(), planes[2], planes[3], count, wide);
    with_word(kind, [&]<class Word>(Word) { join_low<Word>(tops, planes, words); });
}

}  // namespace milepost::codec

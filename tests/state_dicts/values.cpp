#include "state_dicts/values.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <complex>
#include <set>
#include <string>
#include <utility>

#include "core/canonical_key.hpp"
#include "core/integer.hpp"
#include "state_dicts/names.hpp"

namespace milepost::state_dicts {
namespace {

constexpr unsigned kUsualLevels = 5;

/// Where the number of bytes of an int changes, where C++ and Python types end, and what files allow.
constexpr std::array<unsigned, 14> kIntegerBits = {0, 7, 8, 15, 16, 31, 32, 53, 63, 64, 127, 128, 2038, 2039};

/// Zeros, ones, infinities, the least and the greatest, NaNs quiet and signalling with payloads, 2^53, 2^63.
constexpr std::array<std::uint64_t, 16> kFloatBits = {
    0x0000'0000'0000'0000U, 0x8000'0000'0000'0000U, 0x3FF0'0000'0000'0000U, 0xBFF0'0000'0000'0000U,
    0x7FF0'0000'0000'0000U, 0xFFF0'0000'0000'0000U, 0x0000'0000'0000'0001U, 0x800F'FFFF'FFFF'FFFFU,
    0x0010'0000'0000'0000U, 0x7FEF'FFFF'FFFF'FFFFU, 0x7FF8'0000'0000'0000U, 0xFFF8'0000'00AB'CDEFU,
    0x7FF0'0000'0000'0001U, 0xFFF7'FFFF'FFFF'FFFFU, 0x4340'0000'0000'0000U, 0x43E0'0000'0000'0000U};
constexpr std::array<double, 8> kUsualFloats = {0.001, 0.9, 0.999, 1e-8, 0.1, 2.0, 65536.0, 1e22};

void trim(Integer& number) {
    while (!core::is_minimal(number.bytes))
        number.bytes.pop_back();
}

bool is_key(const Value& value) {
    return core::canonical_key(value).has_value();
}

/// The value within one more level, or two.
Value wrapped(Random& random, Value inner, unsigned& levels) {
    const bool both = levels > 1;
    --levels;
    switch (random.below(7)) {
        case 0:
            return List{{std::move(inner)}};
        case 1:
            return Dict{{{"inner", std::move(inner)}}, {}, static_cast<DictSubtype>(random.below(3))};
        case 2:
            if (!both) break;
            --levels;
            return Dict{{}, {{"_metadata", std::move(inner)}}, DictSubtype::ordered_dict};
        case 3:
            if (!is_key(inner)) break;
            return Set{{std::move(inner)}};
        case 4:
            if (!is_key(inner)) break;
            return Dict{{{std::move(inner), nullptr}}, {}};
        default:
            break;
    }
    return Tuple{{std::move(inner)}, static_cast<TupleSubtype>(random.below(2))};
}

}  // namespace

Integer near_power_of_two(unsigned bits, bool negative, int delta) {
    constexpr std::size_t kNbytes = 257;
    Integer number{std::vector<std::byte>(kNbytes)};
    unsigned carry = delta < 0 ? 0xFFU : static_cast<unsigned>(delta);
    const unsigned extension = delta < 0 ? 0xFFU : 0U;
    unsigned sum = 0;
    for (std::size_t i = 0; i < kNbytes; ++i, carry = extension) {
        sum = (sum >> 8U) + carry + (i == bits / 8 ? 1U << (bits % 8) : 0U);
        number.bytes[i] = static_cast<std::byte>(sum);
    }
    if (negative) {
        sum = 1U << 8U;
        for (std::byte& byte : number.bytes) {
            sum = (sum >> 8U) + std::to_integer<unsigned>(~byte);
            byte = static_cast<std::byte>(sum);
        }
    }
    trim(number);
    if (number.bytes.size() > 255) return Integer{{std::byte{0}}};
    return number;
}

Value nested(Random& random, Value innermost, unsigned levels) {
    Value value = std::move(innermost);
    for (unsigned left = levels - 1; left > 0;)
        value = wrapped(random, std::move(value), left);
    return value;
}

Integer ValueMaker::integer() {
    if (random_.one_in(2)) return core::make_integer(false, random_.below(300));
    if (random_.one_in(2)) {
        const unsigned bits = random_.pick(kIntegerBits);
        const bool negative = random_.one_in(2);
        return near_power_of_two(bits, negative, static_cast<int>(random_.below(3)) - 1);
    }
    Integer number;
    for (std::uint64_t nbytes = 1 + random_.below(random_.one_in(16) ? 255 : 20); nbytes > 0; --nbytes)
        number.bytes.push_back(static_cast<std::byte>(random_.next()));
    trim(number);
    return number;
}

double ValueMaker::floating() {
    if (random_.one_in(3)) return random_.pick(kUsualFloats);
    return std::bit_cast<double>(random_.one_in(3) ? random_.next() : random_.pick(kFloatBits));
}

Value ValueMaker::hyperparameter() {
    switch (random_.below(8)) {
        case 0:
            return 0;
        case 1:
            return false;
        case 2:
            return nullptr;
        case 3:
            return tensors_.tensor();  // a learning rate may be one
        case 4:
            return Tuple{{floating(), random_.one_in(4) ? Value(tensors_.tensor()) : Value(floating())}};
        case 5:
            return value();
        default:
            return random_.one_in(3) ? Value(0.0) : Value(floating());
    }
}

Value ValueMaker::metadata() {
    if (random_.one_in(2)) return nullptr;
    if (random_.one_in(4)) return dict();
    Dict modules;
    modules.subtype = DictSubtype::ordered_dict;
    for (const char* module : {"", "conv1", "conv1.bn"})
        modules.items.emplace_back(module, Dict{{{"version", random_.below(3)}}, {}});
    return modules;
}

Value ValueMaker::value(unsigned level) {
    if (random_.one_in(4)) return tensors_.tensor();
    if (level < kUsualLevels && random_.one_in(2)) return container(level);
    return scalar();
}

Value ValueMaker::scalar() {
    switch (random_.below(8)) {
        case 0:
            return nullptr;
        case 1:
            return random_.one_in(2);
        case 2:
        case 3:
            return integer();
        case 4:
            return floating();
        case 5: {
            const double real = floating();
            return std::complex<double>(real, floating());
        }
        case 6:
            return String{random_text(random_), static_cast<StringSubtype>(random_.below(4))};
        default:
            return bytes();
    }
}

Value ValueMaker::container(unsigned level) {
    switch (random_.below(6)) {
        case 0:
        case 1:
            return List{items(level)};
        case 2:
            return Tuple{items(level), static_cast<TupleSubtype>(random_.below(2))};
        case 3:
            return Set{keys(level)};
        default:
            return dict(level);
    }
}

Dict ValueMaker::dict(unsigned level) {
    Dict dict;
    dict.subtype = static_cast<DictSubtype>(random_.below(3));
    for (Value& key : keys(level)) {
        Value held = value(level + 1);
        dict.items.emplace_back(std::move(key), std::move(held));
    }
    if (!random_.one_in(6)) return dict;
    for (std::uint64_t i = 0; i <= random_.below(3); ++i) {
        Value name = "attribute " + std::to_string(i) + random_text(random_);
        dict.attributes.emplace_back(std::move(name), value(level + 2));
    }
    return dict;
}

Value ValueMaker::key(unsigned level) {
    switch (random_.below(8)) {
        case 0:
            return random_.one_in(2) ? Value() : Value(random_.one_in(2));
        case 1:
            return floating();
        case 2:
            return bytes();
        case 3: {
            Tuple tuple{{}, static_cast<TupleSubtype>(random_.below(2))};
            for (std::uint64_t count = level < kUsualLevels ? random_.below(3) : 0; count > 0; --count)
                tuple.items.push_back(key(level + 1));
            return tuple;
        }
        case 4:
        case 5:
            return integer();
        default:
            return String{random_text(random_), static_cast<StringSubtype>(random_.below(4))};
    }
}

std::vector<Value> ValueMaker::keys(unsigned level) {
    std::vector<Value> keys;
    std::set<std::string> images;
    for (std::uint64_t count = random_.below(5); count > 0; --count) {
        Value made = key(level + 1);
        const auto image = core::canonical_key(made);
        if (image && images.insert(*image).second) keys.push_back(std::move(made));  // no NaN, none twice
    }
    return keys;
}

std::vector<Value> ValueMaker::items(unsigned level) {
    std::vector<Value> items;
    for (std::uint64_t count = random_.below(5); count > 0; --count)
        items.push_back(value(level + 1));
    return items;
}

Bytes ValueMaker::bytes() {
    Bytes bytes;
    bytes.subtype = static_cast<BytesSubtype>(random_.below(2));
    for (std::uint64_t nbytes = random_.one_in(3) ? 0 : random_.below(20); nbytes > 0; --nbytes)
        bytes.bytes.push_back(static_cast<std::byte>(random_.next()));
    return bytes;
}

}  // namespace milepost::state_dicts

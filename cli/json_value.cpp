#include "json_value.hpp"

#include <bit>
#include <cmath>
#include <complex>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include <fmt/format.h>

#include <milepost/stable_vector.hpp>
#include <milepost/tensor.hpp>
#include <milepost/text.hpp>
#include <milepost/value.hpp>

namespace milepost::cli {
namespace {

/// Up to here every integer has an exact binary64, the only type of number in many JSON readers.
constexpr std::int64_t kLargestExact = std::int64_t{1} << 53U;

Json float_json(double number) {
    Json json = {{"kind", "float"}, {"value", number_json(number)}};
    if (std::isnan(number)) json["bits"] = fmt::format("{:016x}", std::bit_cast<std::uint64_t>(number));
    return json;
}

Json items_json(const StableVector<Value>& items) {
    Json list = Json::array();
    for (const Value& item : items)
        list.push_back(value_json(item));
    return list;
}

Json items_json(const StableVector<std::pair<Value, Value>>& items) {
    Json list = Json::array();
    for (const auto& [key, value] : items) {
        Json pair = Json::array();
        pair.push_back(value_json(key));
        pair.push_back(value_json(value));
        list.push_back(std::move(pair));
    }
    return list;
}

Json string_json(const String& string) {
    Json json = {{"kind", "string"}, {"value", string.text}};
    switch (string.subtype) {
        case StringSubtype::str:
            break;
        case StringSubtype::dtype:
            json["subtype"] = "dtype";
            break;
        case StringSubtype::device:
            json["subtype"] = "device";
            break;
        case StringSubtype::layout:
            json["subtype"] = "layout";
            break;
    }
    return json;
}

Json bytes_json(const Bytes& bytes) {
    Json json = {{"kind", "bytes"}, {"hex", hex(bytes.bytes)}};
    if (bytes.subtype == BytesSubtype::bytearray) json["subtype"] = "bytearray";
    return json;
}

Json tuple_json(const Tuple& tuple) {
    Json json = {{"kind", "tuple"}, {"items", items_json(tuple.items)}};
    if (tuple.subtype == TupleSubtype::size) json["subtype"] = "Size";
    return json;
}

Json dict_json(const Dict& dict) {
    Json json = {{"kind", "dict"}, {"items", items_json(dict.items)}};
    switch (dict.subtype) {
        case DictSubtype::dict:
            break;
        case DictSubtype::ordered_dict:
            json["subtype"] = "OrderedDict";
            break;
        case DictSubtype::counter:
            json["subtype"] = "Counter";
            break;
    }
    if (!dict.attributes.empty()) {
        json["attributes"] = Json{{"kind", "dict"}, {"items", items_json(dict.attributes)}};
    }
    return json;
}

Json tensor_json(const TensorView& tensor) {
    Json json = {{"kind", "tensor"}, {"tensor", nullptr}};
    if (tensor.index()) json["tensor"] = *tensor.index();  // every tensor of a Reader has one
    return json;
}

}  // namespace

Json number_json(std::uint64_t number) {
    if (number > static_cast<std::uint64_t>(kLargestExact)) return std::to_string(number);
    return number;
}

Json number_json(const Integer& integer) {
    const auto number = Value(integer).as_int();
    if (!number || *number > kLargestExact || *number < -kLargestExact) return to_string(integer);
    return *number;
}

Json number_json(double number) {
    if (std::isnan(number)) return "nan";
    if (std::isinf(number)) return number < 0 ? "-inf" : "inf";
    return number;
}

Json numbers_json(std::span<const std::uint64_t> numbers) {
    Json list = Json::array();
    for (const std::uint64_t number : numbers)
        list.push_back(number_json(number));
    return list;
}

Json value_json(const Value& value) {
    if (const auto* truth = value.get_if<bool>()) return {{"kind", "bool"}, {"value", *truth}};
    if (const auto* integer = value.get_if<Integer>())
        return {{"kind", "int"}, {"value", number_json(*integer)}};
    if (const auto* number = value.get_if<double>()) return float_json(*number);
    if (const auto* number = value.get_if<std::complex<double>>()) {
        return {
            {"kind", "complex"}, {"real", float_json(number->real())}, {"imag", float_json(number->imag())}};
    }
    if (const auto* string = value.get_if<String>()) return string_json(*string);
    if (const auto* bytes = value.get_if<Bytes>()) return bytes_json(*bytes);
    if (const auto* list = value.get_if<List>())
        return {{"kind", "list"}, {"items", items_json(list->items)}};
    if (const auto* tuple = value.get_if<Tuple>()) return tuple_json(*tuple);
    if (const auto* set = value.get_if<Set>()) return {{"kind", "set"}, {"items", items_json(set->items)}};
    if (const auto* dict = value.get_if<Dict>()) return dict_json(*dict);
    if (const auto* tensor = value.get_if<TensorView>()) return tensor_json(*tensor);
    return {{"kind", "null"}};
}

std::string hex(std::span<const std::byte> bytes) {
    constexpr std::string_view kDigits = "0123456789abcdef";
    std::string digits;
    digits.reserve(2 * bytes.size());
    for (const std::byte each : bytes) {
        digits += kDigits[std::to_integer<std::size_t>(each >> 4U)];
        digits += kDigits[std::to_integer<std::size_t>(each & std::byte{0x0F})];
    }
    return digits;
}

std::string dump(const Json& json) {
    const std::string plain = json.dump(-1, ' ', false, Json::error_handler_t::replace);
    std::string safe;
    safe.reserve(plain.size());
    // Outside of strings JSON is printable ASCII: a hidden character is always within a string, where it may
    // be escaped.
    for (std::string_view rest = plain; !rest.empty();) {
        const Character character = first_character(rest);
        if (!is_hidden(character.code_point)) {
            safe += rest.substr(0, character.nbytes);
        } else if (character.code_point < 0x10000) {
            safe += fmt::format("\\u{:04x}", static_cast<unsigned>(character.code_point));
        } else {
            const unsigned above = static_cast<unsigned>(character.code_point) - 0x10000U;
            safe += fmt::format("\\u{:04x}\\u{:04x}", 0xD800U + (above >> 10U), 0xDC00U + (above & 0x3FFU));
        }
        rest.remove_prefix(character.nbytes);
    }
    return safe;
}

}  // namespace milepost::cli

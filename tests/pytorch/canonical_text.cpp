#include "canonical_text.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <complex>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include <milepost/text.hpp>

namespace canonical {
namespace {

std::string hex(std::span<const std::byte> bytes) {
    constexpr std::string_view kDigits = "0123456789abcdef";
    std::string text;
    for (const std::byte byte : bytes) {
        text += kDigits[std::to_integer<std::size_t>(byte >> 4U)];
        text += kDigits[std::to_integer<std::size_t>(byte & std::byte{15})];
    }
    return text;
}

/// As Python prints it, and a NaN with its bits.
std::string float_text(double number) {
    if (!std::isnan(number)) return milepost::to_string(number);
    std::array<std::byte, 8> bytes = {};
    for (std::size_t i = 0; i < bytes.size(); ++i) {
        bytes[i] = static_cast<std::byte>(std::bit_cast<std::uint64_t>(number) >> (56 - 8 * i) & 0xFFU);
    }
    return "nan:" + hex(bytes);
}

std::string text_of(std::complex<double> number) {
    return "complex(" + float_text(number.real()) + ", " + float_text(number.imag()) + ")";
}

std::string text_of(const milepost::String& string) {
    using milepost::StringSubtype;
    const std::string text = quoted(string.text);
    switch (string.subtype) {
        case StringSubtype::str:
            return text;
        case StringSubtype::dtype:
            return "dtype(" + text + ")";
        case StringSubtype::device:
            return "device(" + text + ")";
        case StringSubtype::layout:
            return "layout(" + text + ")";
    }
    return {};
}

std::string text_of(const milepost::Bytes& bytes) {
    const std::string text = "b" + hex(bytes.bytes);
    return bytes.subtype == milepost::BytesSubtype::bytes ? text : "bytearray(" + text + ")";
}

std::string join(const std::vector<std::string>& texts) {
    std::string joined;
    for (const std::string& text : texts)
        joined += (joined.empty() ? "" : ", ") + text;
    return joined;
}

std::string numbers(const std::vector<std::uint64_t>& values) {
    std::vector<std::string> texts;
    for (const std::uint64_t value : values)
        texts.push_back(std::to_string(value));
    return "[" + join(texts) + "]";
}

std::string role_text(const milepost::TensorView& tensor) {
    std::string text;
    if (tensor.role() == milepost::Role::parameter) text = ", parameter";
    if (tensor.role() == milepost::Role::buffer) text = ", buffer";
    return tensor.requires_grad() ? text + ", requires_grad" : text;
}

}  // namespace

std::string quoted(std::string_view text) {
    std::string out = "\"";
    while (!text.empty()) {
        const milepost::Character first = milepost::first_character(text);
        const bool plain = first.code_point >= 0x20 && first.code_point < 0x7F && first.code_point != U'"' &&
                           first.code_point != U'\\';
        out += plain ? std::string(text.substr(0, 1)) : "<" + std::to_string(first.code_point) + ">";
        text.remove_prefix(first.nbytes);
    }
    return out + "\"";
}

template <class Items>
std::string Text::joined(const Items& items) {
    std::vector<std::string> texts;
    for (const milepost::Value& item : items)
        texts.push_back(of(item));
    return join(texts);
}

std::string Text::of(const milepost::Dict& dict) {
    constexpr std::array<std::string_view, 3> kNames = {"dict", "OrderedDict", "Counter"};
    std::vector<std::string> texts;
    for (const auto& [key, value] : dict.items) {
        std::string text = of(key) + ": ";  // the key first: storages are numbered as they appear
        texts.push_back(text += of(value));
    }
    std::string text(kNames[static_cast<std::size_t>(dict.subtype)]);
    text += "{" + join(texts) + "}";
    if (dict.attributes.empty()) return text;
    return text + " with " + of(milepost::Dict{.items = dict.attributes, .attributes = {}});
}

std::string Text::of(const milepost::TensorView& tensor) {
    const std::size_t number = storages_.emplace(tensor.storage(), storages_.size()).first->second;
    auto loaded = tensor.load();
    if (!loaded) throw Unreadable{std::move(loaded).error()};
    std::string text = "tensor(" + std::string(tensor.dtype().name) + ", " + numbers(tensor.shape());
    if (!tensor.is_contiguous()) text += ", strides " + numbers(tensor.strides());
    text += ", storage " + std::to_string(number) + " of " + std::to_string(tensor.storage().nbytes());
    text += " from " + std::to_string(tensor.offset()) + role_text(tensor);
    return text + ", " + hex(std::as_const(*loaded).bytes()) + ")";
}

std::string Text::of(const milepost::Value& value) {
    using milepost::Kind;
    switch (value.kind()) {
        case Kind::null:
            return "None";
        case Kind::boolean:
            return *value.get_if<bool>() ? "True" : "False";
        case Kind::integer:
            return milepost::to_string(value);
        case Kind::floating:
            return float_text(*value.get_if<double>());
        case Kind::complex:
            return text_of(*value.get_if<std::complex<double>>());
        case Kind::string:
            return text_of(*value.get_if<milepost::String>());
        case Kind::bytes:
            return text_of(*value.get_if<milepost::Bytes>());
        case Kind::list:
            return "[" + joined(value.get_if<milepost::List>()->items) + "]";
        case Kind::tuple: {
            const auto& tuple = *value.get_if<milepost::Tuple>();
            return (tuple.subtype == milepost::TupleSubtype::size ? "Size(" : "tuple(") +
                   joined(tuple.items) + ")";
        }
        case Kind::set: {
            std::vector<std::string> texts;
            for (const milepost::Value& item : value.get_if<milepost::Set>()->items)
                texts.push_back(of(item));
            std::sort(texts.begin(), texts.end());  // a set has no order
            return "set(" + join(texts) + ")";
        }
        case Kind::dict:
            return of(*value.get_if<milepost::Dict>());
        case Kind::tensor:
            return of(*value.get_if<milepost::TensorView>());
    }
    return {};
}

std::string Text::of(const milepost::Entries& entries) {
    milepost::Dict dict;
    for (const auto& [name, value] : entries)
        dict.items.emplace_back(name, value);
    return of(dict);
}

std::string Text::of(const milepost::ParamGroup& group, const std::vector<std::string>& param_keys) {
    milepost::Dict dict;
    for (const auto& [name, value] : group.hyperparameters)
        dict.items.emplace_back(name, value);
    std::vector<std::pair<std::uint32_t, std::pair<milepost::Value, milepost::Value>>> placed;
    milepost::List params;
    for (const std::uint64_t index : group.params) {
        if (param_keys.empty())
            params.items.emplace_back(index);
        else
            params.items.emplace_back(param_keys.at(static_cast<std::size_t>(index)));
    }
    const auto last = static_cast<std::uint32_t>(dict.items.size());
    placed.push_back(
        {group.params_position.value_or(last + (group.param_names ? 1 : 0)), {"params", params}});
    if (group.param_names) {
        milepost::List names;
        for (const std::string& name : *group.param_names)
            names.items.emplace_back(name);
        placed.push_back({group.param_names_position.value_or(last), {"param_names", names}});
    }
    // In rising order each position counts the key put in before it.
    std::sort(placed.begin(), placed.end(),
              [](const auto& left, const auto& right) { return left.first < right.first; });
    for (const auto& [position, item] : placed)
        dict.items.insert(dict.items.begin() + position, item);
    return of(dict);
}

}  // namespace canonical

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <milepost/error.hpp>
#include <milepost/result.hpp>
#include <milepost/text.hpp>

#include "base/message.hpp"
#include "convert/pickle/calls.hpp"
#include "convert/pickle/globals.hpp"
#include "convert/pickle/objects.hpp"

namespace milepost::convert::pickle {
namespace {

using base::message;

/// A float, or an int that a double holds.
std::optional<double> number_of(const Objects& objects, Ref ref) {
    if (objects.type(ref) == Type::floating) return objects.floating(ref);
    if (objects.type(ref) == Type::integer) return static_cast<double>(objects.integer(ref));
    return std::nullopt;
}

/// The bytes that a text has in Latin-1; nothing if a character is not in it.
std::optional<std::string> latin_1(std::string_view text) {
    std::string bytes;
    bytes.reserve(text.size());
    while (!text.empty()) {
        const Character character = first_character(text);
        if (!character.valid || character.code_point > 0xFF) return std::nullopt;
        bytes += static_cast<char>(character.code_point);
        text.remove_prefix(character.nbytes);
    }
    return bytes;
}

bool is_latin_1(const Objects& objects, Ref ref) {
    const auto codec = text_of(objects, ref);
    return codec == "latin1" || codec == "latin-1";
}

/// What encode(text, 'latin1') and bytearray(text, 'latin-1') make.
Result<Ref> encoded(const Call& call, Type type) {
    const auto text = text_of(call.objects, call.arguments[0]);
    if (!text) return bad_arguments(call);
    if (!is_latin_1(call.objects, call.arguments[1]))
        return Error(Condition::feature,
                     message(full_name(call.row), ": a codec other than latin1, which bytes are saved with"));
    MILEPOST_TRY(call.objects.charge(text->size()));
    auto bytes = latin_1(*text);
    if (!bytes) return bad_arguments(call);
    return call.objects.add_text(type, std::move(*bytes));
}

/// The items of a list of pairs, keys and values by turns. Dicts of Python 2 come so.
std::optional<std::vector<Ref>> pairs_of(const Objects& objects, Ref list) {
    const auto pairs = sequence_of(objects, list);
    if (!pairs) return std::nullopt;
    std::vector<Ref> items;
    for (const Ref pair : *pairs) {
        const auto both = sequence_of(objects, pair);
        if (!both || both->size() != 2) return std::nullopt;
        items.insert(items.end(), both->begin(), both->end());
    }
    return items;
}

Result<Ref> dict_of(const Call& call, Type type) {
    Objects& objects = call.objects;
    if (call.arguments.empty()) return objects.add_container(type, {});
    if (call.arguments.size() != 1) return bad_arguments(call);
    const Ref given = call.arguments[0];
    const Type given_type = objects.type(given);
    if (given_type == Type::dict || given_type == Type::ordered_dict) {
        MILEPOST_TRY(objects.charge(objects.items(given).size() * sizeof(Ref)));
        return objects.add_container(type, objects.items(given));
    }
    if (const auto pairs = sequence_of(objects, given)) {
        MILEPOST_TRY(objects.charge(4 * pairs->size() * sizeof(Ref)));
        if (auto items = pairs_of(objects, given)) return objects.add_container(type, std::move(*items));
    }
    return bad_arguments(call);
}

}  // namespace

Error bad_arguments(const Call& call) {
    std::string types;
    for (std::size_t i = 0; i < call.arguments.size() && i < 8; ++i) {
        if (i != 0) types += ", ";
        types += type_name(call.objects.type(call.arguments[i]));
    }
    return Error(Condition::foreign, message("calls ", full_name(call.row), " with the arguments (", types,
                                             "), which are not those that are saved"));
}

std::optional<std::span<const Ref>> sequence_of(const Objects& objects, Ref ref) {
    const Type type = objects.type(ref);
    if (type != Type::tuple && type != Type::size && type != Type::list) return std::nullopt;
    return std::span<const Ref>(objects.items(ref));
}

std::optional<std::uint64_t> count_of(const Objects& objects, Ref ref) {
    if (objects.type(ref) != Type::integer || objects.integer(ref) < 0) return std::nullopt;
    return static_cast<std::uint64_t>(objects.integer(ref));
}

std::optional<std::vector<std::uint64_t>> counts_of(const Objects& objects, Ref ref) {
    const auto items = sequence_of(objects, ref);
    if (!items) return std::nullopt;
    std::vector<std::uint64_t> counts;
    counts.reserve(items->size());
    for (const Ref item : *items) {
        const auto count = count_of(objects, item);
        if (!count) return std::nullopt;
        counts.push_back(*count);
    }
    return counts;
}

std::optional<bool> boolean_of(const Objects& objects, Ref ref) {
    if (objects.type(ref) != Type::boolean) return std::nullopt;
    return ref == Objects::kTrue;
}

std::optional<std::string_view> text_of(const Objects& objects, Ref ref) {
    const Type type = objects.type(ref);
    if (type != Type::string && type != Type::old_string) return std::nullopt;
    return objects.text(ref);
}

std::optional<std::string_view> bytes_of(const Objects& objects, Ref ref) {
    const Type type = objects.type(ref);
    if (type != Type::bytes && type != Type::bytearray && type != Type::old_string) return std::nullopt;
    return objects.text(ref);
}

Result<Ref> call_ordered_dict(const Call& call) {
    return dict_of(call, Type::ordered_dict);
}

Result<Ref> call_counter(const Call& call) {
    return dict_of(call, Type::counter);
}

Result<Ref> call_set(const Call& call) {
    if (call.arguments.empty()) return call.objects.add_container(Type::set, {});
    const auto items = sequence_of(call.objects, call.arguments[0]);
    if (call.arguments.size() != 1 || !items) return bad_arguments(call);
    MILEPOST_TRY(call.objects.charge(items->size() * sizeof(Ref)));
    return call.objects.add_container(Type::set, {items->begin(), items->end()});
}

Result<Ref> call_complex(const Call& call) {
    if (call.arguments.size() != 2) return bad_arguments(call);
    const auto real = number_of(call.objects, call.arguments[0]);
    const auto imaginary = number_of(call.objects, call.arguments[1]);
    if (!real || !imaginary) return bad_arguments(call);
    return call.objects.add_complex(*real, *imaginary);
}

Result<Ref> call_bytes(const Call& call) {
    if (!call.arguments.empty()) return bad_arguments(call);
    return call.objects.add_text(Type::bytes, std::string());
}

Result<Ref> call_bytearray(const Call& call) {
    if (call.arguments.empty()) return call.objects.add_text(Type::bytearray, std::string());
    if (call.arguments.size() == 2) return encoded(call, Type::bytearray);
    const auto bytes = bytes_of(call.objects, call.arguments[0]);
    if (call.arguments.size() != 1 || !bytes) return bad_arguments(call);
    MILEPOST_TRY(call.objects.charge(bytes->size()));
    return call.objects.add_text(Type::bytearray, std::string(*bytes));
}

Result<Ref> call_encode(const Call& call) {
    if (call.arguments.size() != 2) return bad_arguments(call);
    return encoded(call, Type::bytes);
}

Result<void> build_attributes(Objects& objects, Ref target, Ref state) {
    if (objects.type(state) != Type::dict)
        return Error(Condition::foreign,
                     message("the state of an object of type ", type_name(objects.type(target)), " is a ",
                             type_name(objects.type(state)), ", not a dict"));
    const std::vector<Ref>& items = objects.items(state);
    for (std::size_t i = 0; i < items.size(); i += 2) {
        const auto attribute = text_of(objects, items[i]);
        if (!attribute || attribute->starts_with("__"))
            return Error(Condition::feature,
                         message("an object of type ", type_name(objects.type(target)), " has the attribute ",
                                 attribute ? escape(*attribute, 120) : "that is not named by a str",
                                 ", which is not data"));
    }
    const Ref earlier = objects.attributes(target);
    if (earlier == Objects::kNone) {
        MILEPOST_TRY_ASSIGN(const Ref attributes, objects.add_container(Type::dict, items));
        objects.set_attributes(target, attributes);
        return {};
    }
    return objects.append(earlier, items);
}

}  // namespace milepost::convert::pickle

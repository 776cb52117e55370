// What opcodes do that change the stack and the memo, or make a number or a text.

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <milepost/error.hpp>
#include <milepost/result.hpp>
#include <milepost/text.hpp>

#include "base/message.hpp"
#include "convert/pickle/machine.hpp"
#include "convert/pickle/objects.hpp"

namespace milepost::convert::pickle {
namespace {

using base::message;

/// Python has texts with lone surrogates, which it writes as if they were characters.
Result<void> check_utf8(std::string_view text) {
    constexpr auto is_ascii = [](char c) { return static_cast<unsigned char>(c) < 0x80; };
    const auto first = std::find_if_not(text.begin(), text.end(), is_ascii);
    text.remove_prefix(static_cast<std::size_t>(first - text.begin()));
    while (!text.empty()) {
        const Character character = first_character(text);
        if (!character.valid) {
            const bool is_surrogate = text.starts_with('\xED') && text.size() >= 3;
            return is_surrogate
                       ? Error(Condition::feature, "a str has a lone surrogate, which UTF-8 does not have")
                       : Error(Condition::foreign, "a str is not UTF-8");
        }
        text.remove_prefix(character.nbytes);
    }
    return {};
}

/// An int of `bytes`, two's complement, lowest first, that has 8 of them at most.
std::int64_t small_integer(std::string_view bytes) {
    const bool is_negative = !bytes.empty() && static_cast<unsigned char>(bytes.back()) >= 0x80;
    std::uint64_t bits = is_negative ? ~std::uint64_t{0} : 0;
    for (std::size_t i = bytes.size(); i-- > 0;)
        bits = bits << 8U | static_cast<unsigned char>(bytes[i]);
    return std::bit_cast<std::int64_t>(bits);
}

/// Without the bytes that only repeat the sign.
std::string_view minimal(std::string_view bytes) {
    while (bytes.size() > 1) {
        const auto last = static_cast<unsigned char>(bytes.back());
        const bool is_next_negative = static_cast<unsigned char>(bytes[bytes.size() - 2]) >= 0x80;
        if (last != (is_next_negative ? 0xFF : 0x00)) break;
        bytes.remove_suffix(1);
    }
    return bytes;
}

}  // namespace

Result<void> Machine::proto() {
    MILEPOST_TRY_ASSIGN(const std::uint64_t version, take_number(1));
    if (version < 2 || version > 5)
        return Error(Condition::feature, message("protocol ", version, " of pickles is not one of 2 to 5"));
    return {};
}

/// Frames tell how much can be read at once. All of the pickle is in memory.
Result<void> Machine::frame() {
    MILEPOST_TRY_ASSIGN(const std::uint64_t nbytes, take_number(8));
    if (nbytes > rest().size())
        return Error(Condition::cut,
                     message("a frame of ", nbytes, " bytes, and the pickle has ", rest().size(), " more"));
    return {};
}

Result<void> Machine::stop() {
    MILEPOST_TRY_ASSIGN(root_, pop_one());
    if (!stack_.empty() || !marks_.empty())
        return Error(Condition::foreign, message("the stack has ", stack_.size(), " objects and ",
                                                 marks_.size(), " marks at the end of the pickle"));
    is_stopped_ = true;
    return {};
}

Result<void> Machine::mark() {
    if (marks_.size() >= objects_->limits().max_records)
        return Error(Condition::records, message("more than ", marks_.size(), " marks"));
    marks_.push_back(stack_.size());
    return {};
}

Result<void> Machine::pop() {
    // As Python does it: after a MARK without an object, the mark goes.
    if (!marks_.empty() && stack_.size() == marks_.back()) {
        marks_.pop_back();
        return {};
    }
    MILEPOST_TRY(pop_one());
    return {};
}

Result<void> Machine::pop_mark() {
    MILEPOST_TRY(pop_to_mark());
    return {};
}

Result<void> Machine::memoize() {
    return put(memo_.size());
}

Result<void> Machine::put_1() {
    MILEPOST_TRY_ASSIGN(const std::uint64_t index, take_number(1));
    return put(index);
}

Result<void> Machine::put_4() {
    MILEPOST_TRY_ASSIGN(const std::uint64_t index, take_number(4));
    return put(index);
}

Result<void> Machine::get_1() {
    MILEPOST_TRY_ASSIGN(const std::uint64_t index, take_number(1));
    return get(index);
}

Result<void> Machine::get_4() {
    MILEPOST_TRY_ASSIGN(const std::uint64_t index, take_number(4));
    return get(index);
}

Result<void> Machine::none() {
    return push(Objects::kNone);
}

Result<void> Machine::true_() {
    return push(Objects::kTrue);
}

Result<void> Machine::false_() {
    return push(Objects::kFalse);
}

Result<void> Machine::int_1() {
    MILEPOST_TRY_ASSIGN(const std::uint64_t number, take_number(1));
    return push(objects_->add_integer(static_cast<std::int64_t>(number)));
}

Result<void> Machine::int_2() {
    MILEPOST_TRY_ASSIGN(const std::uint64_t number, take_number(2));
    return push(objects_->add_integer(static_cast<std::int64_t>(number)));
}

Result<void> Machine::int_4() {
    MILEPOST_TRY_ASSIGN(const std::string_view bytes, take(4));
    return push(objects_->add_integer(small_integer(bytes)));
}

Result<void> Machine::long_of(std::string_view bytes) {
    bytes = minimal(bytes);
    if (bytes.size() <= sizeof(std::int64_t)) return push(objects_->add_integer(small_integer(bytes)));
    return push(objects_->add_text(Type::long_integer, std::string(bytes)));
}

Result<void> Machine::long_1() {
    MILEPOST_TRY_ASSIGN(const std::uint64_t nbytes, take_number(1));
    MILEPOST_TRY_ASSIGN(const std::string_view bytes, take(nbytes));
    return long_of(bytes);
}

Result<void> Machine::long_4() {
    MILEPOST_TRY_ASSIGN(const std::uint64_t nbytes, take_number(4));
    MILEPOST_TRY_ASSIGN(const std::string_view bytes, take(nbytes));
    return long_of(bytes);
}

/// The only number of a pickle that has its highest byte first.
Result<void> Machine::floating() {
    MILEPOST_TRY_ASSIGN(const std::string_view bytes, take(8));
    std::uint64_t bits = 0;
    for (const char byte : bytes)
        bits = bits << 8U | static_cast<unsigned char>(byte);
    return push(objects_->add_floating(std::bit_cast<double>(bits)));
}

Result<void> Machine::text(Type type, std::size_t length_nbytes) {
    MILEPOST_TRY_ASSIGN(const std::uint64_t nbytes, take_number(length_nbytes));
    const std::size_t begin = at_;
    MILEPOST_TRY_ASSIGN(const std::string_view bytes, take(nbytes));
    if (type == Type::string) MILEPOST_TRY(check_utf8(bytes));
    return push(objects_->add_text(type, begin, nbytes));
}

Result<void> Machine::unicode_1() {
    return text(Type::string, 1);
}

Result<void> Machine::unicode_4() {
    return text(Type::string, 4);
}

Result<void> Machine::unicode_8() {
    return text(Type::string, 8);
}

Result<void> Machine::bytes_1() {
    return text(Type::bytes, 1);
}

Result<void> Machine::bytes_4() {
    return text(Type::bytes, 4);
}

Result<void> Machine::bytes_8() {
    return text(Type::bytes, 8);
}

Result<void> Machine::bytearray_8() {
    return text(Type::bytearray, 8);
}

Result<void> Machine::old_string_1() {
    return text(Type::old_string, 1);
}

Result<void> Machine::old_string_4() {
    return text(Type::old_string, 4);
}

}  // namespace milepost::convert::pickle

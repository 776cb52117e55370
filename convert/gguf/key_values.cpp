#include "convert/gguf/key_values.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_set>
#include <utility>
#include <vector>

#include <milepost/error.hpp>
#include <milepost/options.hpp>
#include <milepost/result.hpp>
#include <milepost/text.hpp>
#include <milepost/value.hpp>

#include "base/checked.hpp"
#include "base/message.hpp"
#include "convert/budget.hpp"
#include "convert/gguf/cursor.hpp"
#include "convert/gguf/value_type.hpp"
#include "convert/names.hpp"

namespace milepost::convert::gguf {
namespace {

using base::message;

/// Memory of a value in a container, and of one that has an allocation of its own.
constexpr std::uint64_t kScalarNbytes = 64, kNodeNbytes = 192;
/// A key with its size, a type, and the smallest value.
constexpr std::uint64_t kKeyValueNbytes = 14;
/// As ggml has it.
constexpr std::uint64_t kGreatestAlignment = 1U << 20U;

/// Reads the value of one key.
class ValueReader {
public:
    ValueReader(Cursor& cursor, const Limits& limits, Budget& budget, std::string_view key) noexcept
        : cursor_(cursor), limits_(limits), budget_(budget), key_(key) {}

    Result<std::pair<Value, ValueType>> run() {
        MILEPOST_TRY_ASSIGN(const ScalarType type, read_type());
        if (type != ScalarType::array) {
            MILEPOST_TRY(budget_.take_values(1, kScalarNbytes));
            MILEPOST_TRY_ASSIGN(Value value, read_scalar(type));
            return std::pair(std::move(value), ValueType{type, 0});
        }
        Value value;
        MILEPOST_TRY(open_array(value));
        while (!open_.empty()) {
            OpenArray& innermost = open_.back();
            if (innermost.remaining == 0) {
                open_.pop_back();
                continue;
            }
            --innermost.remaining;
            Value& element = innermost.list->items.emplace_back();
            if (innermost.type == ScalarType::array) {
                MILEPOST_TRY(open_array(element));
            } else {
                MILEPOST_TRY_ASSIGN(element, read_scalar(innermost.type));
            }
        }
        const ValueType found = leaf_ ? *leaf_ : ValueType{ScalarType::array, array_depth_};
        return std::pair(std::move(value), found);
    }

private:
    struct OpenArray {
        List* list;
        ScalarType type;  ///< of its elements
        std::uint64_t remaining;
    };

    Error broken(std::string_view why) const {
        return Error(Condition::foreign,
                     message("GGUF header at ", cursor_.offset(), ", key ", escape(key_, 120), ": ", why));
    }

    Result<ScalarType> read_type() {
        MILEPOST_TRY_ASSIGN(const auto number, cursor_.number<std::uint32_t>("the type of a value"));
        if (number >= kScalarTypeCount)
            return broken(
                message("the type of a value is ", number, ", expected 0 to ", kScalarTypeCount - 1));
        return static_cast<ScalarType>(number);
    }

    /// Reads the header of an array and makes an empty list of it, the innermost open one.
    Result<void> open_array(Value& value) {
        const auto depth = static_cast<std::uint32_t>(open_.size() + 1);
        // The dict of all key-values is around the arrays, and a scalar is in them.
        if (depth + 2 > limits_.max_depth) {
            return Error(Condition::depth, message("GGUF header at ", cursor_.offset(), ", key ",
                                                   escape(key_, 120), ": arrays are nested deeper than the ",
                                                   "limit of values, ", limits_.max_depth));
        }
        MILEPOST_TRY_ASSIGN(const ScalarType type, read_type());
        MILEPOST_TRY_ASSIGN(const auto count, cursor_.number<std::uint64_t>("the size of an array"));
        MILEPOST_TRY(cursor_.check_room(count, nbytes_of(type), "elements of an array"));
        const bool is_node = type == ScalarType::string || type == ScalarType::array;
        MILEPOST_TRY(budget_.take_values(count, is_node ? kNodeNbytes : kScalarNbytes));
        MILEPOST_TRY(note_type(type, depth));
        value = List{};
        auto* list = value.get_if<List>();
        list->items.reserve(static_cast<std::size_t>(count));
        open_.push_back({list, type, count});
        return {};
    }

    /// Arrays at one depth have elements of one type, and only the deepest ones have scalars.
    Result<void> note_type(ScalarType type, std::uint32_t depth) {
        if (type == ScalarType::array)
            array_depth_ = std::max(array_depth_, depth);
        else if (!leaf_)
            leaf_ = ValueType{type, depth};
        else if (leaf_ != ValueType{type, depth})
            return several_types();
        if (leaf_ && leaf_->depth <= array_depth_) return several_types();
        return {};
    }

    Error several_types() const {
        return Error(Condition::feature, message("GGUF header at ", cursor_.offset(), ", key ",
                                                 escape(key_, 120), ": an array of arrays of several types"));
    }

    Result<Value> read_scalar(ScalarType type) {
        switch (type) {
            case ScalarType::u8:
                return read_integer<std::uint8_t>();
            case ScalarType::i8:
                return read_integer<std::int8_t>();
            case ScalarType::u16:
                return read_integer<std::uint16_t>();
            case ScalarType::i16:
                return read_integer<std::int16_t>();
            case ScalarType::u32:
                return read_integer<std::uint32_t>();
            case ScalarType::i32:
                return read_integer<std::int32_t>();
            case ScalarType::u64:
                return read_integer<std::uint64_t>();
            case ScalarType::i64:
                return read_integer<std::int64_t>();
            case ScalarType::f32: {
                MILEPOST_TRY_ASSIGN(const auto bits, cursor_.number<std::uint32_t>("a float"));
                return Value(widen(bits));
            }
            case ScalarType::f64: {
                MILEPOST_TRY_ASSIGN(const auto number, cursor_.number<double>("a float"));
                return Value(number);
            }
            case ScalarType::boolean:
                return read_bool();
            default:
                return read_string();
        }
    }

    template <class T>
    Result<Value> read_integer() {
        MILEPOST_TRY_ASSIGN(const auto number, cursor_.number<T>("an integer"));
        return Value(number);
    }

    Result<Value> read_bool() {
        MILEPOST_TRY_ASSIGN(const auto byte, cursor_.number<std::uint8_t>("a bool"));
        if (byte > 1) return broken(message("a bool is ", byte, ", expected 0 or 1"));
        return Value(byte != 0);
    }

    /// Bytes that are not UTF-8, as some vocabularies have them, stay bytes.
    Result<Value> read_string() {
        MILEPOST_TRY_ASSIGN(std::string text, cursor_.text("a string"));
        MILEPOST_TRY(budget_.take_bytes(kNodeNbytes + text.size()));
        if (is_utf8(text)) return Value(std::move(text));
        const auto bytes = std::as_bytes(std::span(text));
        return Value(Bytes{{bytes.begin(), bytes.end()}});
    }

    Cursor& cursor_;
    const Limits& limits_;
    Budget& budget_;
    std::string_view key_;
    std::vector<OpenArray> open_;
    std::optional<ValueType> leaf_;  ///< once it is known
    std::uint32_t array_depth_ = 0;  ///< of the deepest array whose elements are arrays
};

Result<std::string> read_key(Cursor& cursor, const Limits& limits, std::unordered_set<std::string>& keys) {
    const std::uint64_t begin = cursor.offset();
    MILEPOST_TRY_ASSIGN(std::string key, cursor.text("a key"));
    const std::string what = message("GGUF header at ", begin, ", key ", keys.size());
    MILEPOST_TRY(check_name(key, limits, what));
    if (!keys.insert(key).second)
        return Error(Condition::foreign, message(what, ": ", escape(key, 120), " occurs twice"));
    return key;
}

Result<std::uint64_t> alignment_of(const Value& value, ValueType type) {
    const auto number = value.as_uint();
    if (type != ValueType{ScalarType::u32} || !number || !is_alignment(*number)) {
        return Error(
            Condition::foreign,
            message("GGUF header, key ", kAlignmentKey, ": it is ", to_string(value, 40), " (", text_of(type),
                    "), expected a power of two up to ", kGreatestAlignment, " (u32)"));
    }
    return *number;
}

}  // namespace

bool is_alignment(std::uint64_t number) noexcept {
    return base::is_power_of_two(number) && number <= kGreatestAlignment;
}

Result<KeyValues> read_key_values(Cursor& cursor, std::uint64_t count, const Limits& limits, Budget& budget) {
    MILEPOST_TRY(cursor.check_room(count, kKeyValueNbytes, "key-values"));
    MILEPOST_TRY(budget.take_values(count, 2 * kNodeNbytes));
    KeyValues read;
    std::unordered_set<std::string> keys;
    for (std::uint64_t i = 0; i < count; ++i) {
        MILEPOST_TRY_ASSIGN(std::string key, read_key(cursor, limits, keys));
        MILEPOST_TRY(budget.take_bytes(3 * key.size()));
        MILEPOST_TRY_ASSIGN(auto typed, ValueReader(cursor, limits, budget, key).run());
        if (key == kAlignmentKey) {
            MILEPOST_TRY_ASSIGN(read.alignment, alignment_of(typed.first, typed.second));
        }
        if (default_type(typed.first) != typed.second)
            read.types.items.emplace_back(Value(key), Value(text_of(typed.second)));
        read.values.items.emplace_back(Value(std::move(key)), std::move(typed.first));
    }
    return read;
}

}  // namespace milepost::convert::gguf

#include <algorithm>
#include <cmath>
#include <complex>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <milepost/options.hpp>
#include <milepost/stable_vector.hpp>
#include <milepost/tensor.hpp>
#include <milepost/text.hpp>
#include <milepost/value.hpp>

#include "core/canonical_key.hpp"
#include "core/integer.hpp"
#include "core/text_parts.hpp"

namespace milepost {
namespace {

using core::kEllipsis;
using core::kHexDigits;

constexpr std::size_t kMaxDepth = 64;  // as Limits::max_depth, unless that is changed

/// A single quote, unless the text has such and no double ones: Python's rule.
char quote_for(std::string_view text) noexcept {
    const bool single = text.find('\'') != std::string_view::npos;
    return single && text.find('"') == std::string_view::npos ? '"' : '\'';
}

std::string quoted(std::string_view text, std::size_t max) {
    const char quote = quote_for(text);
    std::string out(1, quote);
    for (const char each : escape(text, max)) {
        if (each == quote) out += '\\';
        out += each;
    }
    return out += quote;
}

std::string string_text(const String& string, std::size_t max) {
    const std::string_view text = string.text;
    if (string.subtype == StringSubtype::str) return quoted(text, max);
    if (string.subtype != StringSubtype::device) return escape(text, max);
    const std::size_t colon = text.find(':');
    const std::string type = "device(type=" + quoted(text.substr(0, colon), max);
    if (colon == std::string_view::npos) return type + ")";
    return type + ", index=" + escape(text.substr(colon + 1), max) + ")";
}

std::string bytes_text(const Bytes& bytes, std::size_t max) {
    std::string text;
    for (const std::byte byte : std::span(bytes.bytes).first(std::min(bytes.bytes.size(), max))) {
        const auto code = std::to_integer<unsigned>(byte);
        if (code == '\\') {
            text += "\\\\";
        } else if (code >= 0x20 && code < 0x7F) {
            text += static_cast<char>(code);
        } else {
            text += {'\\', 'x', kHexDigits[code >> 4U], kHexDigits[code & 0xFU]};
        }
    }
    const char quote = quote_for(text);
    for (std::size_t at = text.find(quote); at != std::string::npos; at = text.find(quote, at + 2))
        text.insert(at, 1, '\\');
    text = std::string("b").append(1, quote).append(text).append(1, quote);
    return bytes.subtype == BytesSubtype::bytes ? text : "bytearray(" + text + ")";
}

std::string complex_text(std::complex<double> number) {
    const auto part = [](double value) {
        std::string text = core::float_text(value);
        if (text.ends_with(".0")) text.resize(text.size() - 2);
        return text;
    };
    std::string imaginary = part(number.imag()) + "j";
    if (number.real() == 0 && !std::signbit(number.real())) return imaginary;
    return "(" + part(number.real()) + (imaginary.front() == '-' ? "" : "+") + imaginary + ")";
}

std::string tensor_text(const TensorView& tensor, std::size_t max) {
    std::string text = escape(tensor.dtype().name, max) + "[";
    for (std::string_view separator; const std::uint64_t dim : tensor.shape()) {
        text.append(separator).append(std::to_string(dim));
        separator = ", ";
    }
    return text += "]";
}

/// The text of a value that has no elements.
std::string leaf_text(const Value& value, std::size_t max) {
    if (const auto* truth = value.get_if<bool>()) return *truth ? "True" : "False";
    if (const auto* integer = value.get_if<Integer>()) return core::integer_text(integer->bytes);
    if (const auto* number = value.get_if<double>()) return core::float_text(*number);
    if (const auto* number = value.get_if<std::complex<double>>()) return complex_text(*number);
    if (const auto* string = value.get_if<String>()) return string_text(*string, max);
    if (const auto* bytes = value.get_if<Bytes>()) return bytes_text(*bytes, max);
    if (const auto* tensor = value.get_if<TensorView>()) return tensor_text(*tensor, max);
    return "None";
}

/// A value with elements while its text is written: `items` or `pairs`, of which a key and its value count as
/// two elements.
struct Container {
    std::string_view open = {};
    std::string_view close = {};
    const StableVector<Value>* items = nullptr;
    const StableVector<std::pair<Value, Value>>* pairs = nullptr;
    std::size_t next = 0;

    [[nodiscard]] std::size_t size() const noexcept {
        return items != nullptr ? items->size() : 2 * pairs->size();
    }
    [[nodiscard]] const Value& at(std::size_t i) const noexcept {
        if (items != nullptr) return (*items)[i];
        return i % 2 == 0 ? (*pairs)[i / 2].first : (*pairs)[i / 2].second;
    }
    /// What is written in front of element `i`.
    [[nodiscard]] std::string_view separator(std::size_t i) const noexcept {
        if (i == 0) return "";
        return pairs != nullptr && i % 2 == 1 ? ": " : ", ";
    }
};

Container container_of(const Tuple& tuple) noexcept {
    if (tuple.subtype == TupleSubtype::size)
        return {.open = "torch.Size([", .close = "])", .items = &tuple.items};
    return {.open = "(", .close = tuple.items.size() == 1 ? ",)" : ")", .items = &tuple.items};
}

Container container_of(const Set& set) noexcept {
    if (set.items.empty()) return {.open = "set(", .close = ")", .items = &set.items};
    return {.open = "{", .close = "}", .items = &set.items};
}

Container container_of(const Dict& dict) noexcept {
    const bool empty = dict.items.empty();
    switch (dict.subtype) {
        case DictSubtype::ordered_dict:
            return {.open = empty ? "OrderedDict(" : "OrderedDict({",
                    .close = empty ? ")" : "})",
                    .pairs = &dict.items};
        case DictSubtype::counter:
            return {
                .open = empty ? "Counter(" : "Counter({", .close = empty ? ")" : "})", .pairs = &dict.items};
        case DictSubtype::dict:
            break;
    }
    return {.open = "{", .close = "}", .pairs = &dict.items};
}

/// Neither items nor pairs if the value has no elements.
Container container_of(const Value& value) noexcept {
    if (const auto* list = value.get_if<List>()) return {.open = "[", .close = "]", .items = &list->items};
    if (const auto* tuple = value.get_if<Tuple>()) return container_of(*tuple);
    if (const auto* set = value.get_if<Set>()) return container_of(*set);
    if (const auto* dict = value.get_if<Dict>()) return container_of(*dict);
    return {};
}

/// Writes one value after the other; the containers that are not closed yet are on a stack of its own.
class ValueWriter {
public:
    explicit ValueWriter(std::size_t max) noexcept : max_(max) {}

    std::string write(const Value& value) {
        begin(value);
        while (!open_.empty() && !is_full())
            step();
        return std::move(text_);
    }

private:
    /// Four bytes are the longest character.
    [[nodiscard]] bool is_full() const noexcept { return text_.size() / 4 > max_; }

    void begin(const Value& value) {
        const Container container = container_of(value);
        if (container.items == nullptr && container.pairs == nullptr) {
            text_ += leaf_text(value, max_);
        } else if (open_.size() == kMaxDepth) {
            text_ += kEllipsis;
        } else {
            text_ += container.open;
            open_.push_back(container);
        }
    }

    /// The next element of the innermost container, or its end.
    void step() {
        Container& inner = open_.back();
        if (inner.next == inner.size()) {
            text_ += inner.close;
            open_.pop_back();
            return;
        }
        text_ += inner.separator(inner.next);
        begin(inner.at(inner.next++));
    }

    std::string text_;
    std::vector<Container> open_;
    std::size_t max_;
};

/// The characters that begin a text in which everything is escaped, as one that must not be parted.
std::size_t unit_nbytes(std::string_view text) noexcept {
    if (text.front() != '\\' || text.size() < 2) return first_character(text).nbytes;
    if (text[1] == 'x') return std::min<std::size_t>(4, text.size());
    return text[1] == 'u' ? std::min(text.find('}'), text.size() - 1) + 1 : 2;
}

/// Requires: max is at least the size of the ellipsis.
std::string cut(std::string text, std::size_t max) {
    if (text.size() <= max) return text;
    std::size_t used = 0;  // characters
    std::size_t end = 0;   // bytes that leave room for the ellipsis
    for (std::size_t at = 0; at < text.size();) {
        const std::size_t nbytes = unit_nbytes(std::string_view(text).substr(at));
        used += text[at] == '\\' ? nbytes : 1;
        at += nbytes;
        if (used > max) return text.replace(end, std::string::npos, kEllipsis);
        if (used <= max - kEllipsis.size()) end = at;
    }
    return text;
}

}  // namespace

std::string to_string(const Value& value, std::size_t max) {
    max = std::max(max, kEllipsis.size());
    return cut(ValueWriter(max).write(value), max);
}

std::string_view name(Codec codec) noexcept {
    switch (codec) {
        case Codec::raw:
            return "raw";
        case Codec::zstd:
            return "zstd";
        case Codec::planes:
            return "planes";
        case Codec::smallest:
            return "smallest";
        case Codec::automatic:
            return "automatic";
    }
    return "unknown";
}

std::string_view name(Role role) noexcept {
    switch (role) {
        case Role::plain:
            return "plain";
        case Role::parameter:
            return "parameter";
        case Role::buffer:
            return "buffer";
    }
    return "unknown";
}

}  // namespace milepost

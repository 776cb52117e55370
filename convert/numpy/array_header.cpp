#include "convert/numpy/array_header.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include <milepost/error.hpp>
#include <milepost/options.hpp>
#include <milepost/result.hpp>
#include <milepost/tensor.hpp>
#include <milepost/text.hpp>

#include "base/checked.hpp"
#include "base/message.hpp"
#include "convert/numpy/descr.hpp"

namespace milepost::convert::numpy {
namespace {

using base::message;

constexpr std::string_view kMagic = "\x93NUMPY";
/// NumPy itself reads no more than 10,000 bytes from a file that it does not trust.
constexpr std::uint64_t kMaxTextNbytes = 65'536;

Error foreign(std::string_view text) {
    return Error(Condition::foreign, message("array header: ", text));
}

/// Reads `{'descr': '<f4', 'fortran_order': False, 'shape': (3, 4), }`, and nothing else of Python.
class DictParser {
public:
    DictParser(std::string_view text, const Limits& limits) : text_(text), limits_(limits) {}

    Result<ArrayHeader> parse() {
        if (!take("{")) return unexpected("{");
        while (!take("}")) {
            MILEPOST_TRY_ASSIGN(const std::string_view key, string());
            if (!take(":")) return unexpected(":");
            MILEPOST_TRY(value(key));
            if (take(",")) continue;
            if (!take("}")) return unexpected("}");
            break;
        }
        skip_space();
        if (at_ != text_.size()) return unexpected("the end");
        if (!type_ || !fortran_order_ || !shape_) return foreign("descr, fortran_order or shape is missing");
        return ArrayHeader{.type = *type_, .shape = std::move(*shape_), .strides = {}};
    }

    [[nodiscard]] bool is_fortran() const noexcept { return *fortran_order_; }

private:
    Error unexpected(std::string_view wanted) const {
        return foreign(
            message("expected ", wanted, " at byte ", at_, ", found ", escape(text_.substr(at_), 20)));
    }

    void skip_space() { at_ = std::min(text_.find_first_not_of(" \t\r\n", at_), text_.size()); }

    bool take(std::string_view token) {
        skip_space();
        if (!text_.substr(at_).starts_with(token)) return false;
        at_ += token.size();
        return true;
    }

    /// In quotes of either kind; no escapes, which NumPy does not need.
    Result<std::string_view> string() {
        skip_space();
        const char quote = at_ < text_.size() ? text_[at_] : '\0';
        if (quote != '\'' && quote != '"') return unexpected("a string");
        const std::size_t end = text_.find_first_of(quote == '"' ? "\"\\" : "'\\", at_ + 1);
        if (end == std::string_view::npos || text_[end] == '\\') return unexpected("a plain string");
        const std::string_view content = text_.substr(at_ + 1, end - at_ - 1);
        at_ = end + 1;
        return content;
    }

    Result<void> value(std::string_view key) {
        if (key == "descr" && !type_) return descr();
        if (key == "fortran_order" && !fortran_order_) {
            if (take("True"))
                fortran_order_ = true;
            else if (take("False"))
                fortran_order_ = false;
            else
                return unexpected("True or False");
            return {};
        }
        if (key == "shape" && !shape_) return shape();
        return foreign(message("the key ", escape(key, 40), " is unknown, or is there twice"));
    }

    Result<void> descr() {
        if (take("[") || take("("))
            return Error(Condition::feature, "an array of a structured dtype: its elements have fields");
        MILEPOST_TRY_ASSIGN(const std::string_view text, string());
        MILEPOST_TRY_ASSIGN(type_, parse_descr(text));
        return {};
    }

    Result<void> shape() {
        if (!take("(")) return unexpected("(");
        Shape dims;
        while (!take(")")) {
            MILEPOST_TRY_ASSIGN(const std::uint64_t size, number());
            if (dims.size() == limits_.max_rank)
                return Error(Condition::rank,
                             message("array header: more than ", limits_.max_rank, " dimensions"));
            dims.push_back(size);
            if (take(",")) continue;
            if (dims.size() == 1) return unexpected(",");  // (3) is a number
            if (!take(")")) return unexpected(")");
            break;
        }
        shape_ = std::move(dims);
        return {};
    }

    Result<std::uint64_t> number() {
        skip_space();
        const std::size_t begin = at_;
        std::uint64_t value = 0;
        for (; at_ < text_.size() && text_[at_] >= '0' && text_[at_] <= '9'; ++at_) {
            const auto digit = static_cast<std::uint64_t>(text_[at_] - '0');
            if (!base::checked_mul(value, 10, value) || !base::checked_add(value, digit, value))
                return foreign("a size is above 2^64");
        }
        if (at_ == begin) return unexpected("a number");
        if (at_ < text_.size() && text_[at_] == 'L') ++at_;  // as Python 2 wrote it
        return value;
    }

    std::string_view text_;
    const Limits& limits_;
    std::size_t at_ = 0;
    std::optional<ElementType> type_;
    std::optional<bool> fortran_order_;
    std::optional<Shape> shape_;
};

/// Of Fortran order: the first dimension is the innermost one. Empty where that is C order too. Requires: the
/// product of the shape fits.
Strides fortran_strides(const Shape& shape) {
    const auto wide = std::count_if(shape.begin(), shape.end(), [](std::uint64_t size) { return size != 1; });
    if (wide < 2 || std::find(shape.begin(), shape.end(), 0U) != shape.end()) return {};
    Strides strides;
    std::uint64_t stride = 1;
    for (const std::uint64_t size : shape) {
        strides.push_back(stride);
        stride *= size;
    }
    return strides;
}

/// Sets data_nbytes; an array without elements has none, whatever its other sizes.
Result<void> count_bytes(ArrayHeader& header) {
    std::uint64_t nbytes = header.type.dtype.bits / 8U;
    const bool is_empty = std::find(header.shape.begin(), header.shape.end(), 0U) != header.shape.end();
    for (const std::uint64_t size : header.shape) {
        if (!is_empty && !base::checked_mul(nbytes, size, nbytes))
            return foreign("the array has more than 2^64 bytes");
    }
    header.data_nbytes = is_empty ? 0 : nbytes;
    return {};
}

struct TextPlace {
    std::uint64_t begin;
    std::uint64_t nbytes;
};

Error cut(std::uint64_t size, std::uint64_t needed, std::string_view of) {
    return Error(Condition::cut, message("array: it has ", size, " of ", needed, " bytes of its ", of));
}

/// The magic, the version and the size of the text.
Result<TextPlace> find_text(std::uint64_t size, const ReadBegin& read_begin) {
    constexpr std::size_t kShort = 10, kLong = 12;
    std::string begin(static_cast<std::size_t>(std::min<std::uint64_t>(size, kLong)), '\0');
    MILEPOST_TRY(read_begin(std::as_writable_bytes(std::span(begin))));
    if (!begin.starts_with(kMagic)) {
        if (kMagic.starts_with(begin)) return cut(size, kShort, "header");
        return Error(Condition::magic, "array: it does not begin with the magic of a .npy file");
    }
    if (begin.size() < kShort) return cut(size, kShort, "header");
    const auto byte = [&](std::size_t at) {
        return static_cast<std::uint64_t>(static_cast<unsigned char>(begin[at]));
    };
    if (byte(6) < 1 || byte(6) > 3 || byte(7) != 0)
        return Error(Condition::feature,
                     message("array: format version ", byte(6), ".", byte(7), ", not 1.0, 2.0 or 3.0"));
    if (byte(6) == 1) return TextPlace{kShort, byte(8) | byte(9) << 8U};
    if (begin.size() < kLong) return cut(size, kLong, "header");
    return TextPlace{kLong, byte(8) | byte(9) << 8U | byte(10) << 16U | byte(11) << 24U};
}

}  // namespace

Result<ArrayHeader> read_array_header(std::uint64_t size, const ReadBegin& read_begin, const Limits& limits) {
    MILEPOST_TRY_ASSIGN(const TextPlace place, find_text(size, read_begin));
    if (place.nbytes > limits.max_index_bytes)
        return Error(Condition::index_bytes, message("array header: ", place.nbytes, " bytes, the limit is ",
                                                     limits.max_index_bytes));
    if (place.nbytes > kMaxTextNbytes)
        return foreign(message(place.nbytes, " bytes, more than that of any array of numbers"));
    const std::uint64_t data_begin = place.begin + place.nbytes;
    if (data_begin > size) return cut(size, data_begin, "header");
    std::string begin(static_cast<std::size_t>(data_begin), '\0');
    MILEPOST_TRY(read_begin(std::as_writable_bytes(std::span(begin))));
    DictParser parser(std::string_view(begin).substr(static_cast<std::size_t>(place.begin)), limits);
    MILEPOST_TRY_ASSIGN(ArrayHeader header, parser.parse());
    MILEPOST_TRY(count_bytes(header));
    if (parser.is_fortran()) header.strides = fortran_strides(header.shape);
    header.data_begin = data_begin;
    if (header.data_nbytes > size - data_begin) return cut(size - data_begin, header.data_nbytes, "data");
    if (header.data_nbytes < size - data_begin)
        return foreign(
            message("the data has ", header.data_nbytes, " bytes, but there are ", size - data_begin));
    return header;
}

std::string encode_array_header(std::string_view descr, const Shape& shape) {
    std::string dims;
    for (const std::uint64_t size : shape)
        dims += message(dims.empty() ? "" : " ", size, ",");
    if (shape.size() > 1) dims.pop_back();
    std::string text = message("{'descr': '", descr, "', 'fortran_order': False, 'shape': (", dims, "), }");
    // NumPy leaves room for the first size to grow in place, to as many digits.
    constexpr std::size_t kGrowthDigits = 21;
    if (!shape.empty()) text.append(kGrowthDigits - std::to_string(shape.front()).size(), ' ');
    constexpr std::size_t kAlignment = 64, kBeginNbytes = 10;
    text.append(kAlignment - (kBeginNbytes + text.size() + 1) % kAlignment, ' ');
    text += '\n';
    std::string header = message(kMagic, std::string_view("\x01\0", 2));
    header += static_cast<char>(static_cast<unsigned char>(text.size()));
    header += static_cast<char>(static_cast<unsigned char>(text.size() >> 8U));
    return header + text;
}

}  // namespace milepost::convert::numpy

#include "convert/safetensors/header.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

#include <milepost/error.hpp>
#include <milepost/options.hpp>
#include <milepost/result.hpp>
#include <milepost/tensor.hpp>
#include <milepost/text.hpp>

#include "base/checked.hpp"
#include "base/message.hpp"
#include "convert/named_tensors.hpp"
#include "convert/names.hpp"
#include "convert/safetensors/dtypes.hpp"

namespace milepost::convert::safetensors {
namespace {

using base::message;

/// Takes the events of nlohmann_json's parser, which has no stack that a file could fill. Functions return
/// false at the first error.
class HeaderHandler {
public:
    HeaderHandler(Header& header, const Limits& limits) : header_(header), limits_(limits) {}

    [[nodiscard]] Error error() { return std::move(*error_); }

    // The names are those that the parser calls.
    ///@{
    bool null() {
        if (place_ != Place::top || key_ != kMetadataKey) return unexpected("null");
        return see_metadata();  // as if there were none
    }
    bool boolean(bool) { return unexpected("a bool"); }
    bool number_integer(std::int64_t) { return unexpected("a negative number"); }
    bool number_float(double, const std::string&) { return unexpected("a fraction, or a number above 2^64"); }
    bool binary(nlohmann::json::binary_t&) { return unexpected("bytes"); }

    bool number_unsigned(std::uint64_t number) {
        if (place_ == Place::shape) return add_dim(number);
        if (place_ != Place::offsets) return unexpected("a number");
        if (offset_count_ == offsets_.size()) return fail("data_offsets has more than two numbers");
        offsets_[offset_count_++] = number;
        return true;
    }

    bool string(std::string& text) {
        if (place_ == Place::metadata) {
            header_.metadata->emplace_back(std::move(key_), std::move(text));
            return true;
        }
        if (place_ != Place::tensor || key_ != "dtype") return unexpected("a string");
        const auto dtype = dtype_of(text);
        if (!dtype)
            return fail(Error(Condition::dtype, message("safetensors header: tensor ", shown(), " has dtype ",
                                                        escape(text, 40), ", which is not known")));
        tensor_.dtype = *dtype;
        return true;
    }

    bool start_object(std::size_t) {
        if (place_ == Place::outside) {
            place_ = Place::top;
            return true;
        }
        if (place_ != Place::top) return unexpected("an object");
        if (key_ == kMetadataKey) {
            place_ = Place::metadata;
            header_.metadata.emplace();
            return see_metadata();
        }
        return start_tensor();
    }

    bool key(std::string& key) {
        key_ = std::move(key);
        if (place_ != Place::tensor) return true;
        for (std::size_t i = 0; i < kFields.size(); ++i) {
            if (key_ != kFields[i]) continue;
            if (has_field_[i]) return fail(message("tensor ", shown(), " has ", key_, " twice"));
            has_field_[i] = true;
            return true;
        }
        return fail(Error(Condition::feature, message("safetensors header: tensor ", shown(), " has a key ",
                                                      escape(key_, 40), ", which is not known")));
    }

    bool end_object() {
        if (place_ == Place::tensor && !end_tensor()) return false;
        place_ = place_ == Place::top ? Place::outside : Place::top;
        return true;
    }

    bool start_array(std::size_t) {
        if (place_ != Place::tensor || key_ == "dtype") return unexpected("an array");
        place_ = key_ == "shape" ? Place::shape : Place::offsets;
        return true;
    }

    bool end_array() {
        if (place_ == Place::offsets && offset_count_ != 2)
            return fail(message("tensor ", shown(), ": data_offsets does not have two numbers"));
        place_ = Place::tensor;
        return true;
    }

    bool parse_error(std::size_t at, const std::string&, const nlohmann::json::exception&) {
        return fail(message("it is not JSON at byte ", at));
    }
    ///@}

private:
    enum class Place : std::uint8_t { outside, top, metadata, tensor, shape, offsets };
    static constexpr std::array<std::string_view, 3> kFields = {"dtype", "shape", "data_offsets"};

    [[nodiscard]] std::string shown() const { return escape(tensor_.name, 120); }

    bool fail(Error error) {
        error_ = std::move(error);
        return false;
    }
    bool fail(std::string_view text) {
        return fail(Error(Condition::foreign, message("safetensors header: ", text)));
    }
    bool unexpected(std::string_view found) {
        return fail(message("unexpected ", found, place_ == Place::outside ? "" : " under the key ",
                            place_ == Place::outside ? "" : escape(key_, 120)));
    }

    bool see_metadata() {
        if (std::exchange(has_metadata_, true)) return fail("the key __metadata__ is there twice");
        return true;
    }

    bool start_tensor() {
        tensor_ = {};
        if (const auto named = check_name(key_, limits_, "safetensors header"); !named)
            return fail(named.error());
        if (const auto count = check_tensor_count(header_.tensors.size() + 1, limits_); !count)
            return fail(count.error().within("safetensors header"));
        tensor_.name = std::move(key_);
        has_field_ = {};
        offset_count_ = 0;
        place_ = Place::tensor;
        return true;
    }

    bool add_dim(std::uint64_t size) {
        if (tensor_.shape.size() == limits_.max_rank)
            return fail(Error(Condition::rank, message("safetensors header: tensor ", shown(),
                                                       " has more than ", limits_.max_rank, " dimensions")));
        tensor_.shape.push_back(size);
        return true;
    }

    bool end_tensor() {
        for (std::size_t i = 0; i < kFields.size(); ++i) {
            if (!has_field_[i]) return fail(message("tensor ", shown(), " has no ", kFields[i]));
        }
        tensor_.begin = offsets_[0];
        tensor_.end = offsets_[1];
        std::uint64_t bits = tensor_.dtype.bits;
        const bool is_empty =
            std::find(tensor_.shape.begin(), tensor_.shape.end(), 0U) != tensor_.shape.end();
        for (const std::uint64_t size : tensor_.shape) {
            if (!is_empty && !base::checked_mul(bits, size, bits))
                return fail(message("tensor ", shown(), " has more than 2^64 bits"));
        }
        if (is_empty) bits = 0;
        if (bits % 8 != 0) return fail(message("tensor ", shown(), " has ", bits, " bits, not whole bytes"));
        if (tensor_.begin > tensor_.end || tensor_.end - tensor_.begin != bits / 8)
            return fail(message("tensor ", shown(), " has ", bits / 8, " bytes, but data_offsets ",
                                tensor_.begin, " and ", tensor_.end));
        header_.tensors.push_back(std::move(tensor_));
        return true;
    }

    Header& header_;
    const Limits& limits_;
    std::optional<Error> error_;
    Place place_ = Place::outside;
    std::string key_;
    bool has_metadata_ = false;
    HeaderTensor tensor_ = {};
    std::array<bool, 3> has_field_ = {};
    std::array<std::uint64_t, 2> offsets_ = {};
    std::size_t offset_count_ = 0;
};

Error foreign(std::string_view text) {
    return Error(Condition::foreign, message("safetensors header: ", text));
}

/// Sorts a copy of the keys: a hash table could be made slow by the file.
Result<void> check_unique(std::vector<std::string_view> keys) {
    std::sort(keys.begin(), keys.end());
    const auto twice = std::adjacent_find(keys.begin(), keys.end());
    if (twice == keys.end()) return {};
    return foreign(message("the key ", escape(*twice, 120), " is there twice"));
}

Result<void> check_all_unique(const Header& header) {
    std::vector<std::string_view> names;
    names.reserve(header.tensors.size());
    for (const HeaderTensor& tensor : header.tensors)
        names.push_back(tensor.name);
    MILEPOST_TRY(check_unique(std::move(names)));
    std::vector<std::string_view> keys;
    if (header.metadata) {
        for (const auto& item : *header.metadata)
            keys.push_back(item.first);
    }
    return check_unique(std::move(keys));
}

/// The tensors, sorted, fill the data.
Result<void> check_cover(const std::vector<HeaderTensor>& tensors, std::uint64_t data_nbytes) {
    std::uint64_t end = 0;
    for (const HeaderTensor& tensor : tensors) {
        if (tensor.begin != end)
            return foreign(
                message("tensor ", escape(tensor.name, 120), " begins at ", tensor.begin, ", ",
                        tensor.begin < end ? "within another one that ends at " : "after a hole from ", end));
        end = tensor.end;
    }
    if (end > data_nbytes)
        return Error(Condition::cut,
                     message("safetensors file: it has ", data_nbytes, " of ", end, " bytes of data"));
    if (end < data_nbytes)
        return foreign(
            message("the tensors end at ", end, ", but there are ", data_nbytes, " bytes of data"));
    return {};
}

}  // namespace

Result<Header> parse_header(std::string_view json, std::uint64_t data_nbytes, const Limits& limits) {
    if (json.empty() || json.front() != '{') return foreign("its first byte is not {");
    const std::size_t last = json.find_last_not_of(' ');
    // The parser takes a zero byte for the end of the text, and goes over white space of all kinds.
    if (json.find('\0') != std::string_view::npos || json[last] != '}')
        return foreign("the object is followed by other bytes than spaces, or has a zero byte");
    Header header;
    HeaderHandler handler(header, limits);
    if (!nlohmann::json::sax_parse(json.begin(), json.end(), &handler)) return handler.error();
    MILEPOST_TRY(check_all_unique(header));
    std::stable_sort(header.tensors.begin(), header.tensors.end(),
                     [](const HeaderTensor& a, const HeaderTensor& b) {
                         return std::tuple(a.begin, a.end) < std::tuple(b.begin, b.end);
                     });
    MILEPOST_TRY(check_cover(header.tensors, data_nbytes));
    return header;
}

}  // namespace milepost::convert::safetensors

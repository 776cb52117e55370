#include "convert/safetensors/shard_index.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

#include <milepost/error.hpp>
#include <milepost/options.hpp>
#include <milepost/result.hpp>
#include <milepost/text.hpp>

#include "base/message.hpp"
#include "convert/named_tensors.hpp"
#include "convert/names.hpp"

namespace milepost::convert::safetensors {
namespace {

using base::message;

/// Takes the events of nlohmann_json's parser, as the handler of headers does.
class IndexHandler {
public:
    IndexHandler(ShardIndex& index, const Limits& limits) : index_(index), limits_(limits) {}

    [[nodiscard]] Error error() { return std::move(*error_); }
    [[nodiscard]] bool has_weight_map() const noexcept { return has_weight_map_; }

    bool null() { return scalar(); }
    bool boolean(bool) { return scalar(); }
    bool number_integer(std::int64_t) { return is_total_size() ? fail("total_size is negative") : scalar(); }
    bool binary(nlohmann::json::binary_t&) { return scalar(); }

    bool number_unsigned(std::uint64_t number) {
        if (is_total_size()) index_.total_size = number;
        return scalar();
    }

    /// Some writers count in floats.
    bool number_float(double number, const std::string&) {
        constexpr double kTooLarge = 18446744073709551616.0;
        if (!is_total_size()) return scalar();
        if (!(number >= 0 && number < kTooLarge) || number != std::floor(number))
            return fail("total_size is not a number of bytes");
        index_.total_size = static_cast<std::uint64_t>(number);
        return true;
    }

    bool string(std::string& text) {
        if (!in_weight_map()) return scalar();
        if (!is_shard_name(text))
            return fail(message("tensor ", escape(key_, 120), " is in ", escape(text, 120),
                                ", which is not a plain name of a file beside the index"));
        index_.weight_map.emplace(std::move(key_), std::move(text));
        return true;
    }

    bool start_object(std::size_t) {
        if (in_weight_map()) return fail("weight_map has an object");
        if (!open()) return false;
        if (keys_.size() == 2) section_ = key_;
        if (in_weight_map()) has_weight_map_ = true;
        return true;
    }

    bool key(std::string& key) {
        if (!keys_.back().insert(key).second)
            return fail(message("the key ", escape(key, 120), " is there twice"));
        key_ = std::move(key);
        if (!in_weight_map()) return true;
        if (const auto named = check_name(key_, limits_, "safetensors index"); !named)
            return fail(named.error());
        const auto count = check_tensor_count(index_.weight_map.size() + 1, limits_);
        return count ? true : fail(count.error().within("safetensors index"));
    }

    bool end_object() {
        keys_.pop_back();
        if (keys_.size() == 1) section_.clear();
        return true;
    }

    bool start_array(std::size_t) { return in_weight_map() ? fail("weight_map has an array") : open(); }
    bool end_array() {
        keys_.pop_back();
        return true;
    }

    bool parse_error(std::size_t at, const std::string&, const nlohmann::json::exception&) {
        return fail(message("it is not JSON at byte ", at));
    }

private:
    [[nodiscard]] bool in_weight_map() const { return keys_.size() == 2 && section_ == "weight_map"; }
    [[nodiscard]] bool is_total_size() const {
        return keys_.size() == 2 && section_ == "metadata" && key_ == "total_size";
    }

    bool fail(Error error) {
        error_ = std::move(error);
        return false;
    }
    bool fail(std::string_view text) {
        return fail(Error(Condition::foreign, message("safetensors index: ", text)));
    }

    bool scalar() {
        if (in_weight_map()) return fail(message("the shard of ", escape(key_, 120), " is not a string"));
        return keys_.empty() ? fail("it is not an object") : true;
    }

    bool open() {
        if (keys_.size() >= limits_.max_depth)
            return fail(Error(Condition::depth,
                              message("safetensors index: nested deeper than ", limits_.max_depth)));
        keys_.emplace_back();
        return true;
    }

    ShardIndex& index_;
    const Limits& limits_;
    std::optional<Error> error_;
    std::vector<std::set<std::string>> keys_;  ///< of each object that is open; empty for arrays
    std::string section_;                      ///< the key of the object at the top that is open
    std::string key_;
    bool has_weight_map_ = false;
};

}  // namespace

bool is_shard_name(std::string_view name) noexcept {
    constexpr std::size_t kMaxNbytes = 255;
    const auto is_plain = [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
               c == '_' || c == '-';
    };
    return !name.empty() && name.size() <= kMaxNbytes && name.front() != '.' &&
           std::all_of(name.begin(), name.end(), is_plain);
}

Result<ShardIndex> parse_shard_index(std::string_view json, const Limits& limits) {
    const auto foreign = [](std::string_view text) {
        return Error(Condition::foreign, message("safetensors index: ", text));
    };
    // The parser takes a zero byte for the end of the text.
    if (json.find('\0') != std::string_view::npos) return foreign("it has a zero byte");
    ShardIndex index;
    IndexHandler handler(index, limits);
    if (!nlohmann::json::sax_parse(json.begin(), json.end(), &handler)) return handler.error();
    if (!handler.has_weight_map()) return foreign("it has no weight_map");
    return index;
}

}  // namespace milepost::convert::safetensors

#include <algorithm>
#include <bit>
#include <complex>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <initializer_list>
#include <iterator>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <milepost/error.hpp>
#include <milepost/options.hpp>
#include <milepost/result.hpp>
#include <milepost/stable_vector.hpp>
#include <milepost/tensor.hpp>
#include <milepost/value.hpp>

#include "base/little_endian.hpp"
#include "base/message.hpp"
#include "core/canonical_key.hpp"
#include "format/index.hpp"
#include "format/index_columns.hpp"
#include "format/value_columns.hpp"

namespace milepost::format {
namespace {

using base::message;
using Pairs = StableVector<std::pair<Value, Value>>;

/// A value that is not encoded yet: one of the caller's, or the attributes of a dict, which are a dict
/// without a Value.
struct Waiting {
    const Value* value = nullptr;
    const Pairs* attributes = nullptr;
    std::uint32_t depth = 1;
};

/// What a value that is not a root is called below its parent.
struct Step {
    std::size_t parent;
    const Value* key = nullptr;  ///< of a dict; null for all others
    std::size_t position = 0;    ///< among the children, if there is no key
    bool is_attributes = false;

    [[nodiscard]] std::string text() const {
        if (is_attributes) return "/attributes";
        return message("/", key != nullptr ? core::key_text(*key) : message(position));
    }
};

class Encoder {
public:
    /// `steps`, if it is not null, receives one for each value that is not a root.
    explicit Encoder(const Limits& limits, std::vector<Step>* steps = nullptr)
        : limits_(limits), steps_(steps) {}

    /// How many values are encoded.
    [[nodiscard]] std::size_t count() const noexcept { return columns_.records.size(); }

    Result<ValueColumns> run(std::span<const Value* const> roots) {
        for (const Value* root : roots)
            waiting_.push_back({root, nullptr, 1});
        for (; !waiting_.empty(); waiting_.pop_front()) {
            const Waiting next = waiting_.front();
            if (next.depth > greatest_depth(limits_)) {
                return Error(Condition::depth, message("a value is nested ", next.depth,
                                                       " deep, the limit is ", greatest_depth(limits_)));
            }
            if (columns_.records.size() == limits_.max_records) {
                return Error(Condition::records,
                             message("more values than the limit, ", limits_.max_records));
            }
            depth_ = next.depth;
            if (auto put = next.value != nullptr ? put_value(*next.value) : put_dict(*next.attributes, {}, 0);
                !put) {
                return std::move(put).error();
            }
        }
        return std::move(columns_);
    }

private:
    Result<void> put_value(const Value& value) {
        switch (value.kind()) {
            case Kind::null:
                return put(Kind::null, 0, 0);
            case Kind::boolean:
                return put(Kind::boolean, *value.get_if<bool>() ? 1 : 0, 0);
            case Kind::integer:
                return put_bytes(Kind::integer, 0, value.get_if<Integer>()->bytes);
            case Kind::floating:
                return put_doubles(Kind::floating, {*value.get_if<double>()});
            case Kind::complex: {
                const auto& number = *value.get_if<std::complex<double>>();
                return put_doubles(Kind::complex, {number.real(), number.imag()});
            }
            case Kind::string: {
                const String& string = *value.get_if<String>();
                return put_bytes(Kind::string, static_cast<std::uint8_t>(string.subtype),
                                 std::as_bytes(std::span(string.text)));
            }
            case Kind::bytes: {
                const Bytes& bytes = *value.get_if<Bytes>();
                return put_bytes(Kind::bytes, static_cast<std::uint8_t>(bytes.subtype), bytes.bytes);
            }
            case Kind::list:
                return put_items(Kind::list, 0, value.get_if<List>()->items);
            case Kind::tuple: {
                const Tuple& tuple = *value.get_if<Tuple>();
                return put_items(Kind::tuple, static_cast<std::uint8_t>(tuple.subtype), tuple.items);
            }
            case Kind::set:
                return put_set(*value.get_if<Set>());
            case Kind::dict: {
                const Dict& dict = *value.get_if<Dict>();
                return put_dict(dict.items, dict.attributes, static_cast<std::uint8_t>(dict.subtype));
            }
            case Kind::tensor:
                return put_tensor(*value.get_if<TensorView>());
        }
        return {};
    }

    Result<void> put(Kind kind, std::uint8_t subtype, std::uint64_t size) {
        if (size > UINT32_MAX)
            return Error(Condition::layout, message("a ", name(kind), " of size ", size, " is too large"));
        columns_.records.push_back({static_cast<std::uint8_t>(kind), subtype});
        if (has_size(kind)) columns_.sizes.push_back(static_cast<std::uint32_t>(size));
        return {};
    }

    Result<void> put_bytes(Kind kind, std::uint8_t subtype, std::span<const std::byte> bytes) {
        columns_.bytes.insert(columns_.bytes.end(), bytes.begin(), bytes.end());
        return put(kind, subtype, bytes.size());
    }

    Result<void> put_doubles(Kind kind, std::initializer_list<double> numbers) {
        for (const double number : numbers) {
            std::byte bytes[8];
            base::store_le(bytes, std::bit_cast<std::uint64_t>(number));
            columns_.bytes.insert(columns_.bytes.end(), std::begin(bytes), std::end(bytes));
        }
        return put(kind, 0, numbers.size() * 8);
    }

    Result<void> put_items(Kind kind, std::uint8_t subtype, const StableVector<Value>& items) {
        for (std::size_t i = 0; i < items.size(); ++i)
            wait(items[i], nullptr, i);
        return put(kind, subtype, items.size());
    }

    Result<void> put_set(const Set& set) {
        std::vector<std::pair<std::string, const Value*>> elements;
        for (const Value& item : set.items) {
            MILEPOST_TRY_ASSIGN(auto key, core::canonical_key(item));
            elements.emplace_back(std::move(key), &item);
        }
        std::sort(elements.begin(), elements.end());
        for (std::size_t i = 0; i < elements.size(); ++i)
            wait(*elements[i].second, nullptr, i);
        return put(Kind::set, 0, elements.size());
    }

    Result<void> put_dict(const Pairs& items, const Pairs& attributes, std::uint8_t subtype) {
        if (!attributes.empty()) {
            waiting_.push_back({nullptr, &attributes, depth_ + 1});
            if (steps_ != nullptr) steps_->push_back({count(), nullptr, 0, true});
            subtype |= kAttributesSubtype;
        }
        for (const auto& [key, value] : items) {
            wait(key, &key, 0);
            wait(value, &key, 0);
        }
        return put(Kind::dict, subtype, items.size() * 2 + (attributes.empty() ? 0 : 1));
    }

    Result<void> put_tensor(const TensorView& tensor) {
        columns_.tensors.push_back(&tensor);
        return put(Kind::tensor,
                   static_cast<std::uint8_t>(static_cast<unsigned>(tensor.role()) |
                                             (tensor.requires_grad() ? 4U : 0U)),
                   0);
    }

    void wait(const Value& value, const Value* key, std::size_t position) {
        waiting_.push_back({&value, nullptr, depth_ + 1});
        if (steps_ != nullptr) steps_->push_back({count(), key, position, false});
    }

    const Limits& limits_;
    std::vector<Step>* steps_;
    std::deque<Waiting> waiting_;
    std::uint32_t depth_ = 1;
    ValueColumns columns_;
};

}  // namespace

Result<ValueColumns> encode_values(std::span<const Value* const> roots, const Limits& limits,
                                   std::size_t& failed) {
    Encoder encoder(limits);
    auto columns = encoder.run(roots);
    if (!columns) failed = encoder.count();
    return columns;
}

ValuePlace place_of_value(std::span<const Value* const> roots, const Limits& limits, std::size_t number) {
    std::vector<Step> steps;
    if (number >= roots.size()) (void)Encoder(limits, &steps).run(roots);
    std::string below;
    while (number >= roots.size()) {
        const Step& step = steps[number - roots.size()];
        below.insert(0, step.text());
        number = step.parent;
    }
    return {number, std::move(below)};
}

}  // namespace milepost::format

#include "convert/pickle/value_of.hpp"

#include <complex>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <milepost/error.hpp>
#include <milepost/result.hpp>
#include <milepost/stable_vector.hpp>
#include <milepost/tensor.hpp>
#include <milepost/text.hpp>
#include <milepost/value.hpp>

#include "base/message.hpp"
#include "convert/pickle/globals.hpp"
#include "convert/pickle/keys.hpp"
#include "convert/pickle/objects.hpp"

namespace milepost::convert::pickle {
namespace {

using base::message;

/// Levels of the object that are not levels of a value: the dict of parts, an optimizer and its groups.
constexpr std::size_t kLevelsOfParts = 4;
/// What a value takes: itself, its allocation, and its place in a container.
constexpr std::uint64_t kValueNbytes = 3 * sizeof(Value);

/// docs/format.md, section 6.5, rule 17.
constexpr std::size_t kMostIntegerNbytes = 255;

bool is_utf8(std::string_view text) {
    while (!text.empty()) {
        const Character character = first_character(text);
        if (!character.valid) return false;
        text.remove_prefix(character.nbytes);
    }
    return true;
}

std::vector<std::byte> bytes_of_text(std::string_view text) {
    const auto bytes = std::as_bytes(std::span(text));
    return {bytes.begin(), bytes.end()};
}

/// A container whose items are being converted.
struct OpenContainer {
    Ref ref;
    Type type;
    std::vector<Ref> children;      ///< in order; of dicts keys and values by turns, attributes last
    std::size_t attributes_at = 0;  ///< in `children`
    std::size_t next = 0;           ///< the child that is converted next
    Value key = {};                 ///< of the value that is converted next
    StableVector<Value> items = {};
    StableVector<std::pair<Value, Value>> pairs = {}, attributes = {};

    [[nodiscard]] bool has_pairs() const noexcept {
        return type == Type::dict || type == Type::ordered_dict || type == Type::counter;
    }
    void add(Value value) {
        const std::size_t at = next++;
        if (!has_pairs())
            items.push_back(std::move(value));
        else if (at % 2 == 0)
            key = std::move(value);
        else
            (at < attributes_at ? pairs : attributes).push_back({std::move(key), std::move(value)});
    }
    /// The whole container.
    Value take() {
        switch (type) {
            case Type::list:
                return List{std::move(items)};
            case Type::tuple:
                return Tuple{std::move(items), TupleSubtype::tuple};
            case Type::size:
                return Tuple{std::move(items), TupleSubtype::size};
            case Type::set:
                return Set{std::move(items)};
            case Type::ordered_dict:
                return Dict{std::move(pairs), std::move(attributes), DictSubtype::ordered_dict};
            case Type::counter:
                return Dict{std::move(pairs), std::move(attributes), DictSubtype::counter};
            default:
                return Dict{std::move(pairs), {}, DictSubtype::dict};
        }
    }
};

class Conversion {
public:
    Conversion(const std::shared_ptr<Objects>& objects, Storages& storages)
        : shared_(objects), objects_(*objects), storages_(storages), is_open_(objects->size()) {}

    Result<Value> run(Ref root) {
        auto made = convert(root);
        if (made || containers_.empty()) return made;
        return made.error().within(escape(path(), 200));
    }

private:
    Result<Value> convert(Ref root) {
        MILEPOST_TRY_ASSIGN(Value value, begin(root));
        while (!containers_.empty()) {
            OpenContainer& container = containers_.back();
            if (container.next == container.children.size()) {
                is_open_[container.ref] = false;
                Value whole = container.take();
                containers_.pop_back();
                if (containers_.empty()) return whole;
                containers_.back().add(std::move(whole));
                continue;
            }
            const std::size_t depth = containers_.size();
            MILEPOST_TRY_ASSIGN(Value child, begin(container.children[container.next]));
            if (containers_.size() == depth) containers_.back().add(std::move(child));
        }
        return value;
    }

    /// The value of a plain object; of a container nothing yet: it is opened.
    Result<Value> begin(Ref ref) {
        MILEPOST_TRY(objects_.charge(kValueNbytes));
        switch (objects_.type(ref)) {
            case Type::list:
            case Type::tuple:
            case Type::size:
            case Type::set:
            case Type::dict:
            case Type::ordered_dict:
            case Type::counter:
                return open(ref);
            default:
                return plain(ref);
        }
    }

    Result<Value> open(Ref ref) {
        if (is_open_[ref])
            return Error(Condition::feature,
                         message("a ", type_name(objects_.type(ref)), " refers to itself"));
        if (containers_.size() >= objects_.limits().max_depth + kLevelsOfParts)
            return Error(Condition::depth,
                         message("the values are nested deeper than ", objects_.limits().max_depth));
        OpenContainer container{ref, objects_.type(ref), {}};
        if (container.has_pairs()) {
            MILEPOST_TRY_ASSIGN(container.children, unique_items(objects_, ref));
            container.attributes_at = container.children.size();
            if (const Ref attributes = objects_.attributes(ref); attributes != Objects::kNone) {
                MILEPOST_TRY_ASSIGN(const auto more, unique_items(objects_, attributes));
                container.children.insert(container.children.end(), more.begin(), more.end());
            }
        } else if (container.type == Type::set) {
            MILEPOST_TRY_ASSIGN(container.children, unique_elements(objects_, ref));
        } else {
            MILEPOST_TRY(objects_.charge(objects_.items(ref).size() * sizeof(Ref)));
            container.children = objects_.items(ref);
        }
        is_open_[ref] = true;
        containers_.push_back(std::move(container));
        return Value();
    }

    Result<Value> text_value(Ref ref) {
        const std::string_view text = objects_.text(ref);
        MILEPOST_TRY(objects_.charge(text.size()));
        switch (objects_.type(ref)) {
            case Type::bytes:
                return Value(Bytes{bytes_of_text(text), BytesSubtype::bytes});
            case Type::bytearray:
                return Value(Bytes{bytes_of_text(text), BytesSubtype::bytearray});
            case Type::device:
                return Value(String{std::string(text), StringSubtype::device});
            case Type::layout:
                return Value(String{std::string(text), StringSubtype::layout});
            case Type::long_integer:
                if (text.size() > kMostIntegerNbytes)
                    return Error(Condition::feature,
                                 message("an int of ", text.size(), " bytes: Milepost has ints of ",
                                         kMostIntegerNbytes, " bytes at most"));
                return Value(Integer{bytes_of_text(text)});
            case Type::old_string:
                if (!is_utf8(text))
                    return Error(
                        Condition::feature,
                        "a str of Python 2 is not UTF-8: it may be bytes or text, which nothing tells");
                break;
            default:
                break;
        }
        return Value(String{std::string(text), StringSubtype::str});
    }

    Result<Value> plain(Ref ref) {
        switch (objects_.type(ref)) {
            case Type::none:
                return Value();
            case Type::boolean:
                return Value(ref == Objects::kTrue);
            case Type::integer:
                return Value(objects_.integer(ref));
            case Type::floating:
                return Value(objects_.floating(ref));
            case Type::complex:
                return Value(std::complex<double>(objects_.floating(ref), objects_.imaginary(ref)));
            case Type::string:
            case Type::old_string:
            case Type::bytes:
            case Type::bytearray:
            case Type::device:
            case Type::layout:
            case Type::long_integer:
                return text_value(ref);
            case Type::global:
                return global_value(global_at(objects_.global_row(ref)));
            case Type::tensor: {
                MILEPOST_TRY(objects_.charge(sizeof(TensorView) + 16 * objects_.tensor(ref).shape.size()));
                MILEPOST_TRY_ASSIGN(TensorView tensor, tensor_of(objects_, ref, storages_));
                return Value(std::move(tensor));
            }
            case Type::numpy_array: {
                MILEPOST_TRY(objects_.charge(sizeof(TensorView) + 16 * objects_.array(ref).shape.size()));
                MILEPOST_TRY_ASSIGN(TensorView tensor, array_of(shared_, ref));
                return Value(std::move(tensor));
            }
            case Type::storage:
                return Error(Condition::feature, "is a storage: save a tensor that views it");
            default:
                break;
        }
        return Error(Condition::feature,
                     message("is a ", type_name(objects_.type(ref)), ", which is not data"));
    }

    static Result<Value> global_value(const GlobalRow& row) {
        if (row.kind == GlobalKind::dtype)
            return Value(String{message("torch.", row.dtype), StringSubtype::dtype});
        return Error(Condition::global,
                     message("is ", full_name(row), ": a function or a class is not data"));
    }

    /// Of the value that is converted now.
    [[nodiscard]] std::string path() const {
        std::string text;
        for (const OpenContainer& container : containers_) {
            if (!text.empty()) text += '/';
            if (!container.has_pairs()) {
                text += message(container.next);
                continue;
            }
            const Ref key = container.children[container.next - container.next % 2];
            const Type type = objects_.type(key);
            if (type == Type::string)
                text += objects_.text(key);
            else if (type == Type::integer)
                text += message(objects_.integer(key));
            else
                text += type_name(type);
            if (text.size() > 4096) break;
        }
        return text;
    }

    const std::shared_ptr<Objects>& shared_;
    Objects& objects_;
    Storages& storages_;
    std::vector<bool> is_open_;  ///< by object: whether it is in `containers_`
    std::vector<OpenContainer> containers_;
};

}  // namespace

Result<Value> value_of(const std::shared_ptr<Objects>& objects, Ref root, Storages& storages) {
    return Conversion(objects, storages).run(root);
}

}  // namespace milepost::convert::pickle

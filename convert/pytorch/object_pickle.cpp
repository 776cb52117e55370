#include "convert/pytorch/object_pickle.hpp"

#include <algorithm>
#include <charconv>
#include <complex>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <milepost/stable_vector.hpp>
#include <milepost/tensor.hpp>
#include <milepost/text.hpp>
#include <milepost/value.hpp>

#include "convert/pickle/writer.hpp"
#include "convert/pytorch/tensor_pickle.hpp"
#include "convert/pytorch/torch_values.hpp"

namespace milepost::convert::pytorch {
namespace {

using pickle::Writer;
using Items = StableVector<Value>;
using Pairs = StableVector<std::pair<Value, Value>>;

/// How many items CPython puts on the stack before it adds them to their container.
constexpr std::size_t kBatch = 1000;

class Pickler {
public:
    explicit Pickler(const Value& object) : tensors_(writer_, object) {}

    ObjectPickle run(const Value& object) {
        put(object);
        while (!open_.empty())
            step();
        return {writer_.finish(), tensors_.take_storages()};
    }

private:
    enum class Closing : std::uint8_t { list, set, tuple, size, dict, counter, ordered_dict, attributes };

    /// A container some of whose items are in the pickle.
    struct Open {
        Closing closing;
        const Items* items = nullptr;
        const Pairs* pairs = nullptr;
        const Pairs* attributes = nullptr;        ///< that come after it
        std::vector<const Value*> elements = {};  ///< of a set, in an order that follows from them
        std::size_t next = 0;                     ///< of items; of pairs keys and values are counted
        std::size_t batch = 0, batch_end = 0;

        [[nodiscard]] bool is_batched() const noexcept {
            return closing != Closing::tuple && closing != Closing::size;
        }
        [[nodiscard]] std::size_t per_item() const noexcept { return pairs == nullptr ? 1 : 2; }
        [[nodiscard]] std::size_t count() const noexcept {
            return pairs == nullptr ? items->size() : 2 * pairs->size();
        }
        [[nodiscard]] const Value& child(std::size_t i) const noexcept {
            if (closing == Closing::set) return *elements[i];
            if (pairs == nullptr) return (*items)[i];
            return i % 2 == 0 ? (*pairs)[i / 2].first : (*pairs)[i / 2].second;
        }
    };

    /// Ends a batch, or the container, or puts the next item.
    void step() {
        Open& open = open_.back();
        if (open.is_batched() && open.next == open.batch_end && open.batch != open.batch_end) {
            const std::size_t size = (open.batch_end - open.batch) / open.per_item();
            open.pairs == nullptr ? writer_.append(size) : writer_.set_items(size);
            open.batch = open.batch_end;
        }
        if (open.next == open.count()) return close();
        if (open.is_batched() && open.next == open.batch_end) {
            open.batch_end = std::min(open.count(), open.batch + kBatch * open.per_item());
            if (open.batch_end - open.batch > open.per_item()) writer_.mark();
        }
        put(open.child(open.next++));
    }

    void close() {
        const Open open = std::move(open_.back());
        open_.pop_back();
        switch (open.closing) {
            case Closing::list:
            case Closing::dict:
                return;
            case Closing::tuple:
                return writer_.tuple(open.count());
            case Closing::size:
                writer_.tuple(open.count());
                return call(1);
            case Closing::set:
            case Closing::counter:
                return call(1);
            case Closing::attributes:
                return writer_.build();
            case Closing::ordered_dict:
                if (open.attributes->empty()) return;
                writer_.empty_dict();
                open_.push_back({.closing = Closing::attributes, .pairs = open.attributes});
        }
    }

    void call(std::size_t arguments) {
        writer_.tuple(arguments);
        writer_.reduce();
    }

    void put(const Value& value) {
        if (!why_not_held(value).empty()) return writer_.none();
        switch (value.kind()) {
            case Kind::null:
                return writer_.none();
            case Kind::boolean:
                return writer_.boolean(*value.get_if<bool>());
            case Kind::integer:
                return writer_.integer(std::span<const std::byte>(value.get_if<Integer>()->bytes));
            case Kind::floating:
                return writer_.floating(*value.get_if<double>());
            case Kind::complex:
                return put_complex(*value.get_if<std::complex<double>>());
            case Kind::string:
                return put_string(*value.get_if<String>());
            case Kind::bytes:
                return put_bytes(*value.get_if<Bytes>());
            case Kind::list:
                writer_.empty_list();
                return open_.push_back({.closing = Closing::list, .items = &value.get_if<List>()->items});
            case Kind::tuple:
                return open_tuple(*value.get_if<Tuple>());
            case Kind::set:
                return open_set(*value.get_if<Set>());
            case Kind::dict:
                return open_dict(*value.get_if<Dict>());
            case Kind::tensor:
                return tensors_.put(*value.get_if<TensorView>());
        }
    }

    void put_complex(std::complex<double> value) {
        writer_.global("__builtin__", "complex");
        writer_.floating(value.real());
        writer_.floating(value.imag());
        call(2);
    }

    void put_string(const String& string) {
        std::string_view text = string.text;
        switch (string.subtype) {
            case StringSubtype::str:
                return writer_.text(text);
            case StringSubtype::dtype:
                return writer_.global("torch", text.substr(text.find('.') + 1));
            case StringSubtype::layout:
                writer_.global("torch.serialization", "_get_layout");
                writer_.text(text);
                return call(1);
            case StringSubtype::device:
                break;
        }
        writer_.global("torch", "device");
        const std::size_t colon = std::min(text.find(':'), text.size());
        writer_.text(text.substr(0, colon));
        if (colon == text.size()) return call(1);
        std::uint64_t index = 0;
        std::from_chars(text.data() + colon + 1, text.data() + text.size(), index);
        writer_.integer(index);
        call(2);
    }

    void put_bytes(const Bytes& bytes) {
        if (bytes.subtype == BytesSubtype::bytes) return writer_.bytes(bytes.bytes);
        writer_.global("__builtin__", "bytearray");
        if (bytes.bytes.empty()) return call(0);
        writer_.bytes(bytes.bytes);
        call(1);
    }

    /// The order of a set has no meaning, but files of equal checkpoints are equal.
    void open_set(const Set& set) {
        writer_.global("__builtin__", "set");
        writer_.empty_list();
        std::vector<std::pair<std::string, const Value*>> sorted;
        for (const Value& element : set.items)
            sorted.emplace_back(to_string(element), &element);
        std::ranges::sort(sorted, {}, [](const auto& pair) -> const std::string& { return pair.first; });
        Open open{.closing = Closing::set, .items = &set.items};
        for (const auto& [text, element] : sorted)
            open.elements.push_back(element);
        open_.push_back(std::move(open));
    }

    void open_tuple(const Tuple& tuple) {
        const bool is_size = tuple.subtype == TupleSubtype::size;
        if (is_size) writer_.global("torch", "Size");
        if (Writer::needs_mark(tuple.items.size())) writer_.mark();
        open_.push_back({.closing = is_size ? Closing::size : Closing::tuple, .items = &tuple.items});
    }

    void open_dict(const Dict& dict) {
        Closing closing = Closing::dict;
        if (dict.subtype == DictSubtype::ordered_dict) {
            closing = Closing::ordered_dict;
            writer_.global("collections", "OrderedDict");
            call(0);
        } else {
            if (dict.subtype == DictSubtype::counter) {
                closing = Closing::counter;
                writer_.global("collections", "Counter");
            }
            writer_.empty_dict();
        }
        open_.push_back({.closing = closing, .pairs = &dict.items, .attributes = &dict.attributes});
    }

    Writer writer_;
    TensorPickler tensors_;
    std::vector<Open> open_;
};

}  // namespace

ObjectPickle pickle_of(const Value& object) {
    return Pickler(object).run(object);
}

}  // namespace milepost::convert::pytorch

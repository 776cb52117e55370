#include "random_checkpoint.hpp"

#include <algorithm>
#include <array>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/integer.hpp"

namespace milepost::fuzz {
namespace {

constexpr std::array<std::string_view, 12> kWords = {"weight", "bias",        "lr",   "momentum_buffer",
                                                     "step",   "a",           "b",    "",
                                                     "params", "param_names", "état", "state"};
constexpr unsigned kMaxDepth = 5;
constexpr unsigned kMaxValues = 200;

/// For codes that no table lists: rule 16 binds them alone.
constexpr DtypeInfo kUnknownDtype{static_cast<Dtype>(100), 24, "i24"};

class Maker {
public:
    Maker(Input& input, const MakeStorage& make_storage) : input_(input) {
        for (unsigned count = 1 + input_.below(4); count > 0; --count)
            storages_.push_back(make_storage(input_));
    }

    Checkpoint make() {
        Checkpoint checkpoint;
        std::vector<std::string> names;
        for (unsigned count = input_.below(3); count > 0; --count) {
            names.push_back(name());
            fill(checkpoint.model(names.back()));
        }
        for (unsigned count = input_.below(3); count > 0; --count) {
            names.push_back(name());
            fill(checkpoint.optimizer(names.back()));
        }
        fill(checkpoint.values(), 4);
        if (input_.one_in(4)) {
            std::reverse(names.begin(), names.end());
            checkpoint.set_order(std::move(names));
        }
        return checkpoint;
    }

private:
    /// Mostly one that no other has.
    std::string name() {
        const unsigned choice = input_.below(16);
        if (choice == 15) return text(8);
        std::string name(kWords[choice % kWords.size()]);
        return choice < 12 ? name + std::to_string(++names_) : name;
    }

    /// Any bytes: mostly no UTF-8, or with control characters.
    std::string text(std::size_t most) {
        const auto bytes = input_.bytes(input_.below(static_cast<unsigned>(most) + 1));
        return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
    }

    void fill(Entries& entries, unsigned most) {
        for (unsigned count = input_.below(most + 1); count > 0; --count)
            entries.add(name(), value(1));
    }

    void fill(StateDict& model) {
        fill(static_cast<Entries&>(model), 6);
        if (input_.one_in(3)) model.metadata = dict(1);
        if (input_.one_in(32)) model.metadata = value(1);
    }

    void fill(OptimizerState& optimizer) {
        if (input_.one_in(2)) optimizer.algorithm = "SGD";
        std::uint64_t param = 0;
        for (unsigned count = input_.below(3); count > 0; --count)
            fill(optimizer.param_groups.emplace_back(), param);
        for (unsigned count = input_.below(4); count > 0; --count)
            fill(optimizer.state[input_.one_in(8) ? input_.number<std::uint64_t>() : input_.below(8)], 2);
        fill(optimizer.state_extra, 1);
        fill(optimizer.extra, 2);
        if (param != 0 && input_.one_in(3)) key_by_names(optimizer, param);
    }

    /// Mostly as rule 42 has it: a key for each parameter. `count` were numbered from 0.
    void key_by_names(OptimizerState& optimizer, std::uint64_t count) {
        for (std::uint64_t i = 0; i < count; ++i)
            optimizer.param_keys.push_back(name());
        if (input_.one_in(16)) optimizer.param_keys.push_back(name());
        if (input_.one_in(16)) return;
        for (ParamGroup& group : optimizer.param_groups) {
            for (std::uint64_t& param : group.params) {
                if (param >= count) param = group.params.front();
            }
        }
        optimizer.state.erase(optimizer.state.lower_bound(count), optimizer.state.end());
    }

    void fill(ParamGroup& group, std::uint64_t& param) {
        fill(group.hyperparameters, 4);
        for (unsigned count = input_.below(5); count > 0; --count)
            group.params.push_back(input_.one_in(16) ? input_.number<std::uint64_t>() : param++);
        if (input_.one_in(3)) {
            auto& names = group.param_names.emplace();
            for (std::size_t i = 0; i < group.params.size(); ++i)
                names.push_back(name());
            if (input_.one_in(16)) names.emplace_back("one too many");
        }
        if (input_.one_in(4)) group.params_position = input_.below(8);
        if (input_.one_in(4)) group.param_names_position = input_.below(8);
    }

    Value value(unsigned depth) {
        if (++values_ > kMaxValues || depth > kMaxDepth) return {};
        switch (input_.below(16)) {
            case 0:
                return {};
            case 1:
                return input_.below(2) == 1;
            case 2:
                return integer();
            case 3:
                return input_.number<double>();
            case 4: {
                const auto real = input_.number<double>();
                return std::complex<double>(real, input_.number<double>());
            }
            case 5:
                return string();
            case 6:
                return bytes();
            case 7:
                return List{items(depth)};
            case 8:
                return Tuple{items(depth), static_cast<TupleSubtype>(input_.below(2))};
            case 9:
                return set(depth);
            case 10:
            case 11:
                return dict(depth);
            default:
                return tensor();
        }
    }

    Value integer() {
        const auto taken = input_.bytes(1 + input_.below(input_.one_in(8) ? 256 : 9));
        Integer number{{taken.begin(), taken.end()}};
        if (number.bytes.empty()) number.bytes.emplace_back();
        const bool exact = !input_.one_in(32);  // else as it is: perhaps not minimal
        while (exact && !core::is_minimal(number.bytes))
            number.bytes.pop_back();
        return number;
    }

    Value string() {
        if (input_.one_in(8)) return String{text(12), StringSubtype::str};
        return String{name(), static_cast<StringSubtype>(input_.below(4))};
    }

    Value bytes() {
        const auto taken = input_.bytes(input_.below(20));
        return Bytes{{taken.begin(), taken.end()}, static_cast<BytesSubtype>(input_.below(2))};
    }

    std::vector<Value> items(unsigned depth) {
        std::vector<Value> items;
        for (unsigned count = input_.below(5); count > 0; --count)
            items.push_back(value(depth + 1));
        return items;
    }

    Value key(unsigned depth) {
        switch (input_.below(8)) {
            case 0:
                return {};
            case 1:
                return input_.below(2) == 1;
            case 2:
                return static_cast<double>(input_.number<std::int16_t>()) / 4;
            case 3:
                return bytes();
            case 4: {
                Tuple tuple{{}, static_cast<TupleSubtype>(input_.below(2))};
                for (unsigned count = depth < kMaxDepth ? input_.below(3) : 0; count > 0; --count)
                    tuple.items.push_back(key(depth + 1));
                return tuple;
            }
            case 5:
                return input_.one_in(16) ? value(depth) : integer();
            default:
                return string();
        }
    }

    Value set(unsigned depth) {
        Set set;
        for (unsigned count = input_.below(5); count > 0; --count)
            set.items.push_back(key(depth + 1));
        return set;
    }

    Value dict(unsigned depth) {
        Dict dict;
        dict.subtype = static_cast<DictSubtype>(input_.below(3));
        for (unsigned count = input_.below(5); count > 0; --count) {
            Value one = key(depth + 1);
            dict.items.emplace_back(std::move(one), value(depth + 1));
        }
        for (unsigned count = input_.one_in(4) ? input_.below(3) : 0; count > 0; --count) {
            Value one = input_.one_in(16) ? key(depth + 2) : Value(name());
            dict.attributes.emplace_back(std::move(one), value(depth + 2));
        }
        return dict;
    }

    DtypeInfo dtype() {
        const unsigned code = input_.below(32);
        return find_dtype(static_cast<Dtype>(code)).value_or(kUnknownDtype);
    }

    /// Fits its storage, but for one in many.
    TensorView tensor() {
        const StorageView& storage = storages_[input_.below(static_cast<unsigned>(storages_.size()))];
        const DtypeInfo type = dtype();
        const std::uint64_t element = std::max<std::uint64_t>(type.bits / 8U, 1);
        const std::uint64_t elements = storage.nbytes() * 8 / type.bits;
        Shape shape;
        for (unsigned rank = input_.below(5); rank > 0; --rank)
            shape.push_back(input_.one_in(16) ? input_.number<std::uint64_t>() : input_.below(5));
        Strides strides;
        if (type.bits >= 8 && input_.one_in(3)) {
            for (std::size_t i = 0; i < shape.size(); ++i)
                strides.push_back(input_.one_in(32) ? input_.number<std::uint64_t>() : input_.below(6));
        } else if (!shape.empty() && !input_.one_in(4)) {
            shape.assign({elements / 8, 8});  // a large part of the storage
        }
        const std::uint64_t offset = input_.one_in(3) ? input_.below(8) * element : 0;
        const bool trained = input_.one_in(4);
        return TensorView(type, std::move(shape), storage, offset, std::move(strides))
            .with_role(static_cast<Role>(input_.below(3)), trained);
    }

    Input& input_;
    std::vector<StorageView> storages_;
    unsigned names_ = 0;
    unsigned values_ = 0;
};

}  // namespace

Checkpoint random_checkpoint(Input& input, const MakeStorage& make_storage) {
    return Maker(input, make_storage).make();
}

}  // namespace milepost::fuzz

#include "support/same.hpp"

#include <algorithm>
#include <bit>
#include <cstdint>
#include <string>
#include <vector>

namespace milepost::testing {
namespace {

using Pairs = StableVector<std::pair<Value, Value>>;

bool same_bits(double a, double b) {
    return std::bit_cast<std::uint64_t>(a) == std::bit_cast<std::uint64_t>(b);
}

bool same_list(const StableVector<Value>& a, const StableVector<Value>& b, const SameTensor& same_tensor) {
    return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                      [&](const Value& x, const Value& y) { return same(x, y, same_tensor); });
}

bool same_elements(StableVector<Value> a, const StableVector<Value>& b, const SameTensor& same_tensor) {
    if (a.size() != b.size()) return false;
    for (const Value& element : b) {
        const auto found = std::find_if(a.begin(), a.end(), [&](const Value& candidate) {
            return same(candidate, element, same_tensor);
        });
        if (found == a.end()) return false;
        a.erase(found);
    }
    return true;
}

bool same_pairs(const Pairs& a, const Pairs& b, const SameTensor& same_tensor) {
    return std::equal(a.begin(), a.end(), b.begin(), b.end(), [&](const auto& x, const auto& y) {
        return same(x.first, y.first, same_tensor) && same(x.second, y.second, same_tensor);
    });
}

struct Positions {
    std::uint32_t params;
    std::uint32_t names;
};

/// As ParamGroup says.
Positions positions_of(const ParamGroup& group) {
    const auto keys = static_cast<std::uint32_t>(group.hyperparameters.size());
    return {group.params_position.value_or(keys + (group.param_names ? 1 : 0)),
            group.param_names ? group.param_names_position.value_or(keys) : 0};
}

bool same_group(const ParamGroup& a, const ParamGroup& b, const SameTensor& same_tensor) {
    const Positions x = positions_of(a), y = positions_of(b);
    return same(a.hyperparameters, b.hyperparameters, same_tensor) && a.params == b.params &&
           a.param_names == b.param_names && x.params == y.params && x.names == y.names;
}

/// All parts, as Checkpoint::order says.
std::vector<std::string> order_of(const Checkpoint& checkpoint) {
    std::vector<std::string> all, order;
    for (const auto& part : checkpoint.models())
        all.push_back(part.first);
    for (const auto& part : checkpoint.optimizers())
        all.push_back(part.first);
    for (const auto& part : checkpoint.values())
        all.push_back(part.first);
    for (const std::vector<std::string>* names : {&checkpoint.order(), &std::as_const(all)}) {
        for (const std::string& name : *names) {
            const bool known = std::find(all.begin(), all.end(), name) != all.end();
            if (known && std::find(order.begin(), order.end(), name) == order.end()) order.push_back(name);
        }
    }
    return order;
}

template <class Parts>
bool same_parts(const Parts& a, const Parts& b, const SameTensor& same_tensor) {
    return std::equal(a.begin(), a.end(), b.begin(), b.end(), [&](const auto& x, const auto& y) {
        return x.first == y.first && same(x.second, y.second, same_tensor);
    });
}

}  // namespace

bool same(const Value& a, const Value& b, const SameTensor& same_tensor) {
    if (a.kind() != b.kind()) return false;
    switch (a.kind()) {
        case Kind::null:
            return true;
        case Kind::boolean:
            return *a.get_if<bool>() == *b.get_if<bool>();
        case Kind::integer:
            return *a.get_if<Integer>() == *b.get_if<Integer>();
        case Kind::floating:
            return same_bits(*a.get_if<double>(), *b.get_if<double>());
        case Kind::complex: {
            const auto &x = *a.get_if<std::complex<double>>(), &y = *b.get_if<std::complex<double>>();
            return same_bits(x.real(), y.real()) && same_bits(x.imag(), y.imag());
        }
        case Kind::string: {
            const String &x = *a.get_if<String>(), &y = *b.get_if<String>();
            return x.text == y.text && x.subtype == y.subtype;
        }
        case Kind::bytes: {
            const Bytes &x = *a.get_if<Bytes>(), &y = *b.get_if<Bytes>();
            return x.bytes == y.bytes && x.subtype == y.subtype;
        }
        case Kind::list:
            return same_list(a.get_if<List>()->items, b.get_if<List>()->items, same_tensor);
        case Kind::tuple: {
            const Tuple &x = *a.get_if<Tuple>(), &y = *b.get_if<Tuple>();
            return same_list(x.items, y.items, same_tensor) && x.subtype == y.subtype;
        }
        case Kind::set:
            return same_elements(a.get_if<Set>()->items, b.get_if<Set>()->items, same_tensor);
        case Kind::dict: {
            const Dict &x = *a.get_if<Dict>(), &y = *b.get_if<Dict>();
            return same_pairs(x.items, y.items, same_tensor) &&
                   same_pairs(x.attributes, y.attributes, same_tensor) && x.subtype == y.subtype;
        }
        case Kind::tensor:
            return same_tensor(*a.get_if<TensorView>(), *b.get_if<TensorView>());
    }
    return false;
}

bool same(const Entries& a, const Entries& b, const SameTensor& same_tensor) {
    return same_parts(a.items(), b.items(), same_tensor);
}

bool same(const StateDict& a, const StateDict& b, const SameTensor& same_tensor) {
    return same_parts(a.items(), b.items(), same_tensor) && same(a.metadata, b.metadata, same_tensor);
}

bool same(const OptimizerState& a, const OptimizerState& b, const SameTensor& same_tensor) {
    const bool same_groups =
        std::equal(a.param_groups.begin(), a.param_groups.end(), b.param_groups.begin(), b.param_groups.end(),
                   [&](const ParamGroup& x, const ParamGroup& y) { return same_group(x, y, same_tensor); });
    return a.algorithm == b.algorithm && same_groups && a.param_keys == b.param_keys &&
           same_parts(a.state, b.state, same_tensor) && same(a.state_extra, b.state_extra, same_tensor) &&
           same(a.extra, b.extra, same_tensor);
}

bool same(const Checkpoint& a, const Checkpoint& b, const SameTensor& same_tensor) {
    return same_parts(a.models(), b.models(), same_tensor) &&
           same_parts(a.optimizers(), b.optimizers(), same_tensor) &&
           same(a.values(), b.values(), same_tensor) && order_of(a) == order_of(b);
}

bool same_form(const TensorView& a, const TensorView& b) {
    return a.dtype() == b.dtype() && a.shape() == b.shape() && a.strides() == b.strides() &&
           a.offset() == b.offset() && a.role() == b.role() && a.requires_grad() == b.requires_grad() &&
           a.storage().nbytes() == b.storage().nbytes();
}

}  // namespace milepost::testing

#include "expensive.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <milepost/milepost.hpp>

namespace milepost::fuzz {
namespace {

Checkpoint value(std::string name, Value value) {
    Checkpoint checkpoint;
    checkpoint.values().add(std::move(name), std::move(value));
    return checkpoint;
}

}  // namespace

Checkpoint Expensive::make(unsigned kind) {
    switch (kind) {
        case 1:
            return shared_chunks();
        case 2:
            return deep();
        case 3:
            return models();
        case 4:
            return long_key();
        case 5:
            return ranks();
        case 6:
            return nulls();
        case 7:
            return states();
        case 8:
            return long_names();
        case 9:
            return one_model();
        default:
            return large_keys();
    }
}

Checkpoint Expensive::shared_chunks() {
    zeros_.resize(std::min<std::size_t>(long_, 64) << 20U);
    List list;
    for (std::size_t i = 0; i < many_; ++i)
        list.items.emplace_back(TensorView::of(std::span(std::as_const(zeros_)), {zeros_.size()}));
    return value(std::string(4096, 'v'), std::move(list));
}

Checkpoint Expensive::deep() const {
    List inner = tensors();
    for (std::size_t i = 0; i < 60; ++i)
        inner = List{std::vector<Value>(1, Value(std::move(inner)))};
    List root{std::vector<Value>(long_)};
    root.items.emplace_back(std::move(inner));
    return value("v", std::move(root));
}

Checkpoint Expensive::models() const {
    Checkpoint checkpoint;
    for (std::size_t i = 0; i < many_; ++i)
        checkpoint.model(std::to_string(i));
    return checkpoint;
}

Checkpoint Expensive::long_key() const {
    return value("v", Dict{{{std::string(long_, 'k'), tensors()}}, {}, DictSubtype::dict});
}

Checkpoint Expensive::ranks() const {
    List list;
    for (std::size_t i = 0; i < many_; ++i)
        list.items.emplace_back(TensorView::of(std::span<const std::uint8_t>(), Shape(64, 0)));
    return value("v", std::move(list));
}

Checkpoint Expensive::nulls() const {
    return value("v", List{std::vector<Value>(4 * many_)});
}
Checkpoint Expensive::states() const {
    Checkpoint checkpoint;
    OptimizerState& optimizer = checkpoint.optimizer(std::string(long_ % 4096 + 1, 'o'));
    for (std::size_t i = 0; i < many_; ++i) {
        optimizer.param_groups.emplace_back().params = {i};
        optimizer.state[i]["s"] = TensorView();
    }
    return checkpoint;
}

Checkpoint Expensive::long_names() const {
    Checkpoint checkpoint;
    for (std::size_t i = 0; i < many_; ++i)
        checkpoint.model(std::string(4090, 'm'))[std::to_string(i)] = TensorView();
    return checkpoint;
}

List Expensive::tensors() const {
    return List{std::vector<Value>(many_, Value(TensorView()))};
}

Checkpoint Expensive::one_model() const {
    Checkpoint checkpoint;
    StateDict& model = checkpoint.model("m");
    for (std::size_t i = 0; i < many_; ++i)
        model.add(std::to_string(i), TensorView());
    return checkpoint;
}

/// Canonical keys of floats without a fraction are up to 130 bytes, and here nearly the same.
Checkpoint Expensive::large_keys() const {
    Dict dict;
    for (std::size_t i = 0; i < 2 * many_; ++i)
        dict.items.emplace_back(std::ldexp(static_cast<double>(2 * i + 1), 1000), nullptr);
    return value("v", std::move(dict));
}

}  // namespace milepost::fuzz

#pragma once

#include <cstdint>
#include <vector>

#include <milepost/value.hpp>

#include "state_dicts/random.hpp"
#include "state_dicts/tensors.hpp"

namespace milepost::state_dicts {

/// As deep as a value may be nested: the default of Limits::max_depth.
inline constexpr unsigned kDeepest = 64;

/// 2^bits + delta, or its negative; nothing that needs more than 255 bytes.
[[nodiscard]] Integer near_power_of_two(unsigned bits, bool negative, int delta);

/// A value of exactly so many levels: each one a list, tuple, dict, set, key or attribute of the next.
[[nodiscard]] Value nested(Random& random, Value innermost, unsigned levels);

/// Makes values of every kind and subtype, small ones mostly.
class ValueMaker {
public:
    ValueMaker(Random& random, TensorMaker& tensors) : random_(random), tensors_(tensors) {}

    /// Of any kind, with at most a few levels.
    [[nodiscard]] Value value() { return value(1); }
    /// A hyperparameter: a number, mostly.
    [[nodiscard]] Value hyperparameter();
    [[nodiscard]] Dict dict() { return dict(1); }
    [[nodiscard]] Integer integer();
    [[nodiscard]] double floating();
    /// PyTorch's `_metadata`, or what may replace it: null, any dict.
    [[nodiscard]] Value metadata();
    [[nodiscard]] Value deepest() {
        return nested(random_, random_.one_in(2) ? scalar() : Value(tensors_.tensor()), kDeepest);
    }

private:
    [[nodiscard]] Value value(unsigned level);
    [[nodiscard]] Value scalar();
    [[nodiscard]] Value container(unsigned level);
    [[nodiscard]] Dict dict(unsigned level);
    [[nodiscard]] Value key(unsigned level);
    /// Keys of which no two are one to Python.
    [[nodiscard]] std::vector<Value> keys(unsigned level);
    [[nodiscard]] std::vector<Value> items(unsigned level);
    [[nodiscard]] Bytes bytes();

    Random& random_;
    TensorMaker& tensors_;
};

}  // namespace milepost::state_dicts

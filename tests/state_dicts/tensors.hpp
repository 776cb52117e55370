#pragma once

#include <cstddef>
#include <deque>
#include <vector>

#include <milepost/tensor.hpp>

#include "state_dicts/random.hpp"

namespace milepost::state_dicts {

/// Memory that views borrow from. A deque: it may grow without moving what is there.
using Memory = std::deque<std::vector<std::byte>>;

/// Makes tensors of every dtype and form over few storages, so that many are tied.
class TensorMaker {
public:
    /// Draws the storages: they live in `memory`, which must outlive the tensors.
    TensorMaker(Random& random, Memory& memory);

    /// A tensor that fits its storage.
    [[nodiscard]] TensorView tensor();
    /// The same with a role, as entries of a model have one.
    [[nodiscard]] TensorView entry();

private:
    void add_storage(Memory& memory, std::size_t nbytes);

    Random& random_;
    std::vector<StorageView> storages_;
    std::vector<TensorView> made_;
};

}  // namespace milepost::state_dicts

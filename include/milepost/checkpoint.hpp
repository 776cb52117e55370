#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <milepost/export.hpp>
#include <milepost/stable_vector.hpp>
#include <milepost/value.hpp>

namespace milepost {

/// The name of the value that tells how Python makes one object of the parts of a checkpoint
/// (docs/design.md, section 10). Programs in C++ leave it as it is.
inline constexpr std::string_view kPythonRecord = "milepost.python";

/// @cond
namespace detail {

/// Positions by name. Empty after a move; assignment to itself changes nothing.
class NameIndex {
public:
    NameIndex() = default;
    NameIndex(const NameIndex&) = default;
    NameIndex(NameIndex&& other) noexcept { positions.swap(other.positions); }
    NameIndex& operator=(NameIndex other) noexcept {
        positions.swap(other.positions);
        return *this;
    }
    ~NameIndex() = default;

    std::map<std::string, std::size_t, std::less<>> positions;
};

}  // namespace detail
/// @endcond

/// Named values in the order in which they were added; names are unique. A plain value. References and
/// pointers to a value stay valid when others are added, until the Entries are assigned to or destroyed.
class MILEPOST_API Entries {
public:
    /// A name and its value.
    using Item = std::pair<std::string, Value>;

    /// The value of that name; a null one is added at the end where there is none.
    Value& operator[](std::string_view name);
    /// The value of that name, or null where there is none.
    ///@{
    [[nodiscard]] const Value* find(std::string_view name) const noexcept;
    [[nodiscard]] Value* find(std::string_view name) noexcept;
    ///@}
    /// Appends. Returns false, and changes nothing, if the name is taken. Throws std::bad_alloc, and then
    /// changes nothing, as operator[] does.
    bool add(std::string name, Value value);

    /// All of them, in order; size() of them, the same from begin() to end().
    ///@{
    [[nodiscard]] const StableVector<Item>& items() const noexcept { return items_; }
    [[nodiscard]] std::size_t size() const noexcept { return items_.size(); }
    [[nodiscard]] bool empty() const noexcept { return items_.empty(); }
    [[nodiscard]] StableVector<Item>::const_iterator begin() const noexcept { return items_.begin(); }
    [[nodiscard]] StableVector<Item>::const_iterator end() const noexcept { return items_.end(); }
    ///@}

private:
    StableVector<Item> items_;
    detail::NameIndex index_;
};

/// An ordered state_dict: entry name -> tensor, or extra state of any kind.
///
///     milepost::StateDict net;
///     net["conv1.weight"] = milepost::TensorView::of(weights, {6, 3, 5, 5});
struct StateDict : Entries {
    /// PyTorch's `_metadata`: null, or a dict {module path -> {"version": n}}.
    Value metadata;
};

/// One param group of an optimizer: an open, ordered set of typed hyperparameters, and the parameters it
/// governs.
struct ParamGroup {
    /// For example lr and momentum, in their order and with their types.
    Entries hyperparameters;
    /// Indices, as PyTorch counts them over all groups. See OptimizerState::param_keys.
    std::vector<std::uint64_t> params;
    /// Parallel to `params` where known.
    std::optional<std::vector<std::string>> param_names;
    /// The positions of the keys `params` and `param_names` among all keys of the group. Not set: the last
    /// ones, names before params; a Reader leaves them unset where that is their position.
    ///@{
    std::optional<std::uint32_t> params_position;
    std::optional<std::uint32_t> param_names_position;
    ///@}
};

/// The state_dict of an optimizer, sparse and open: no key is built in.
///
///     milepost::OptimizerState sgd;
///     sgd.algorithm = "SGD";
///     sgd.param_groups.emplace_back().hyperparameters["lr"] = 0.001;
///     sgd.state[0]["momentum_buffer"] = milepost::TensorView::of(momentum, {6, 3, 5, 5});
struct OptimizerState {
    /// "" where unknown (PyTorch does not save it).
    std::string algorithm;
    /// In order; their parameters are counted over all groups.
    std::vector<ParamGroup> param_groups;
    /// For a dict that has names in place of the indices of parameters, in `params` of its groups and as the
    /// keys of `state`: the result of get_optimizer_state_dict of torch.distributed.checkpoint. param_keys[i]
    /// is then the name of parameter i. Empty: the dict has indices, as that of torch.optim has.
    ///
    ///     adam.param_keys = {"fc.weight", "fc.bias"};
    ///     adam.param_groups.emplace_back().params = {0, 1};
    ///     adam.state[0]["exp_avg"] = milepost::TensorView::of(exp_avg, {10, 84});
    ///
    /// Requires, if not empty: keys are unique; the groups list each index below param_keys.size(), and no
    /// other; `state` has no other; no entry of state_extra has the name of a key. The state of a name that
    /// no group lists is an entry of state_extra, a Dict.
    std::vector<std::string> param_keys;
    /// Parameter index -> its entries.
    std::map<std::uint64_t, Entries> state;
    /// Keys of `state` that are not the index of a parameter.
    Entries state_extra;
    /// Keys other than `state` and `param_groups`.
    Entries extra;
};

/// Everything that a training run needs to go on: models, optimizers and values, each part under a name of
/// its own (one namespace, in the order of adding). Tensors are views: nothing is copied, and memory that
/// they view must outlive the save; a file that they view stays open. Not for use by several threads at once.
///
///     milepost::Checkpoint checkpoint;
///     checkpoint.model("model") = net.state_dict();
///     checkpoint.optimizer("optimizer") = sgd.state_dict();
///     checkpoint.values()["epoch"] = 3;
///     auto saved = milepost::save("lenet.milepost", checkpoint);
class MILEPOST_API Checkpoint {
public:
    /// The part of that name; an empty one is added where there is none. The reference stays valid.
    ///@{
    StateDict& model(std::string_view name);
    OptimizerState& optimizer(std::string_view name);
    ///@}
    /// Epoch, step, loss, states of random number generators, and whatever else a run needs.
    ///@{
    Entries& values() noexcept { return values_; }
    [[nodiscard]] const Entries& values() const noexcept { return values_; }
    ///@}

    /// The models and the optimizers with their names, as they were added.
    ///@{
    [[nodiscard]] const StableVector<std::pair<std::string, StateDict>>& models() const noexcept {
        return models_;
    }
    [[nodiscard]] const StableVector<std::pair<std::string, OptimizerState>>& optimizers() const noexcept {
        return optimizers_;
    }
    ///@}

    /// The names of all parts in an order: one that was set, or models, optimizers, values as they were
    /// added. Parts that the order does not name come last.
    ///@{
    [[nodiscard]] const std::vector<std::string>& order() const noexcept { return order_; }
    void set_order(std::vector<std::string> names) { order_ = std::move(names); }
    ///@}

private:
    StableVector<std::pair<std::string, StateDict>> models_;
    detail::NameIndex model_index_;
    StableVector<std::pair<std::string, OptimizerState>> optimizers_;
    detail::NameIndex optimizer_index_;
    Entries values_;
    std::vector<std::string> order_;
};

}  // namespace milepost

#include "state_dicts/generate.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <numeric>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "state_dicts/names.hpp"
#include "state_dicts/random.hpp"
#include "state_dicts/values.hpp"

namespace milepost::state_dicts {
namespace {

constexpr std::array<std::string_view, 12> kHyperparameters = {
    "lr",      "momentum",       "dampening", "weight_decay", "nesterov",   "maximize",
    "foreach", "differentiable", "fused",     "betas",        "initial_lr", "eps"};
constexpr std::array<std::string_view, 8> kStateKeys = {
    "step", "momentum_buffer", "exp_avg", "exp_avg_sq", "row_var", "old_dirs", "max_exp_avg_sq", "prev_loss"};
constexpr std::array<std::string_view, 6> kAlgorithms = {"",      "",      "SGD",
                                                         "AdamW", "LBFGS", "Größte \U0001F600"};

class Maker {
public:
    explicit Maker(std::uint64_t seed)
        : random_(seed), tensors_(random_, sample_.memory), values_(random_, tensors_) {}

    Sample make() {
        if (!random_.one_in(100)) fill();  // else nothing at all
        order();
        options();
        return std::move(sample_);
    }

private:
    void fill() {
        Checkpoint& checkpoint = sample_.checkpoint;
        for (std::uint64_t count = random_.below(4); count > 0; --count)
            fill(checkpoint.model(part_name()));
        for (std::uint64_t count = random_.below(3); count > 0; --count)
            fill(checkpoint.optimizer(part_name()));
        for (std::uint64_t count = random_.below(6); count > 0; --count)
            add_value(values_.value());
        if (random_.one_in(30)) add_value(values_.deepest());
    }

    void add_value(Value value) { sample_.checkpoint.values().add(part_name(), std::move(value)); }

    /// One that no other part has.
    std::string part_name() {
        std::string name = random_name(random_);
        while (!part_names_.insert(name).second)
            name = fresh("part");
        return name;
    }

    std::string fresh(std::string_view word) { return std::string(word) + "#" + std::to_string(++names_); }

    /// Adds a value under a name of those, or any other; under one that is free in any case.
    template <std::size_t kCount>
    void add(Entries& entries, const std::array<std::string_view, kCount>& usual, Value value) {
        std::string name = random_.one_in(4) ? random_name(random_) : std::string(random_.pick(usual));
        if (entries.find(name) != nullptr) name = fresh("entry");
        entries.add(std::move(name), std::move(value));
    }

    void fill(StateDict& model) {
        const std::uint64_t count = random_.one_in(6) ? 0 : random_.below(random_.one_in(40) ? 100 : 8);
        for (std::uint64_t i = 0; i < count; ++i) {
            std::string name = random_name(random_);
            if (model.find(name) != nullptr) name = fresh("entry");
            model[name] = random_.one_in(6) ? values_.value() : Value(tensors_.entry());
        }
        model.metadata = values_.metadata();
    }

    void fill(OptimizerState& optimizer) {
        optimizer.algorithm = random_.pick(kAlgorithms);
        std::vector<std::uint64_t> params;
        const std::uint64_t groups = random_.one_in(8) ? 0 : 1 + random_.below(3);
        const bool named = random_.one_in(3);
        for (std::uint64_t i = 0; i < groups; ++i)
            fill(optimizer.param_groups.emplace_back(), params, named);
        if (!params.empty() && random_.one_in(4))
            key_by_names(optimizer, params);
        else if (random_.one_in(4))
            params.push_back(random_.next());  // of no group
        for (const std::uint64_t param : params) {
            if (!random_.one_in(3)) fill_state(optimizer.state[param]);
        }
        if (random_.one_in(8)) add_state_extra(optimizer);
        for (std::uint64_t count = random_.one_in(6) ? 1 + random_.below(2) : 0; count > 0; --count)
            add(optimizer.extra, kHyperparameters, values_.value());
    }

    /// Numbers the parameters anew, in any order, and gives each a key. `params` are those of all groups.
    void key_by_names(OptimizerState& optimizer, std::vector<std::uint64_t>& params) {
        random_.shuffle(params);
        for (ParamGroup& group : optimizer.param_groups) {
            for (std::uint64_t& param : group.params)
                param = static_cast<std::uint64_t>(std::find(params.begin(), params.end(), param) -
                                                   params.begin());
        }
        std::iota(params.begin(), params.end(), std::uint64_t{0});
        for (std::size_t i = 0; i < params.size(); ++i) {
            std::string key = random_name(random_);
            if (has_key(optimizer, key)) key = fresh("key");
            optimizer.param_keys.push_back(std::move(key));
        }
    }

    static bool has_key(const OptimizerState& optimizer, const std::string& name) {
        const auto& keys = optimizer.param_keys;
        return std::find(keys.begin(), keys.end(), name) != keys.end();
    }

    void add_state_extra(OptimizerState& optimizer) {
        std::string name = random_.one_in(4) ? random_name(random_) : std::string(random_.pick(kStateKeys));
        if (has_key(optimizer, name)) name = fresh("extra");
        optimizer.state_extra.add(std::move(name), values_.value());
    }

    void fill_state(Entries& entries) {
        for (std::uint64_t count = random_.below(4); count > 0; --count) {
            const bool other = random_.one_in(3);  // LBFGS: lists of tensors, ints, None
            add(entries, kStateKeys, other ? values_.value() : Value(tensors_.tensor()));
        }
    }

    void fill(ParamGroup& group, std::vector<std::uint64_t>& params, bool named) {
        for (std::uint64_t count = random_.below(8); count > 0; --count)
            add(group.hyperparameters, kHyperparameters, values_.hyperparameter());
        for (std::uint64_t count = random_.below(5); count > 0; --count) {
            const std::uint64_t last = params.empty() ? 0 : params.back() + 1;
            std::uint64_t param = last + (random_.one_in(8) ? random_.below(40) : 0);
            if (random_.one_in(200)) param = UINT64_MAX - 9 + random_.below(10);
            // Once around, a number may be one of those before, perhaps of another group.
            if (std::find(params.begin(), params.end(), param) != params.end()) continue;
            params.push_back(param);
            group.params.push_back(param);
            if (random_.one_in(10)) group.params.push_back(param);  // twice in one group
        }
        if (named) group.param_names.emplace();
        for (std::size_t i = 0; named && i < group.params.size(); ++i)
            group.param_names->push_back(random_name(random_));
        place(group);
    }

    /// The positions of `params` and `param_names`: as they are by themselves, or set.
    void place(ParamGroup& group) {
        if (random_.one_in(2)) return;
        const std::uint64_t keys = group.hyperparameters.size() + (group.param_names ? 2U : 1U);
        const auto params = static_cast<std::uint32_t>(random_.below(keys));
        if (!group.param_names) {
            group.params_position = params;
            return;
        }
        const auto names = static_cast<std::uint32_t>((params + 1 + random_.below(keys - 1)) % keys);
        const auto hyperparameters = static_cast<std::uint32_t>(group.hyperparameters.size());
        if (random_.one_in(4) && params != hyperparameters) {
            group.params_position = params;  // the other one keeps its place by itself
        } else if (random_.one_in(4) && names != hyperparameters + 1) {
            group.param_names_position = names;
        } else {
            group.params_position = params;
            group.param_names_position = names;
        }
    }

    void order() {
        if (random_.one_in(2)) return;
        std::vector<std::string> names(part_names_.begin(), part_names_.end());
        random_.shuffle(names);
        if (random_.one_in(3)) names.resize(names.size() / 2);  // the others come after
        sample_.checkpoint.set_order(std::move(names));
    }

    void options() {
        constexpr std::array kCodecs = {Codec::raw,    Codec::raw,      Codec::zstd,
                                        Codec::planes, Codec::smallest, Codec::automatic};
        SaveOptions& options = sample_.options;
        options.codec = random_.pick(kCodecs);
        const bool large = std::any_of(sample_.memory.begin(), sample_.memory.end(),
                                       [](const auto& bytes) { return bytes.size() > (1U << 19U); });
        if (random_.one_in(2)) options.zstd_level = static_cast<int>(1 + random_.below(large ? 6 : 19));
        options.threads = static_cast<unsigned>(1 + random_.below(4));
        if (random_.one_in(6)) options.alignment = 64U << random_.below(7);
        // Wide ones make a file as large as its storages are many.
        if (random_.one_in(80)) options.alignment = 8192U << random_.below(random_.one_in(20) ? 9 : 3);
        options.durable = false;
    }

    Sample sample_;
    Random random_;
    TensorMaker tensors_;
    ValueMaker values_;
    std::set<std::string> part_names_;
    std::uint64_t names_ = 0;
};

}  // namespace

Sample make_checkpoint(std::uint64_t seed) {
    return Maker(seed).make();
}

}  // namespace milepost::state_dicts

#include "state_dicts/features.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <complex>
#include <set>
#include <string_view>
#include <utility>
#include <vector>

#include "support/sizes.hpp"

namespace milepost::state_dicts {
namespace {

using testing::kMib;

using Pairs = StableVector<std::pair<Value, Value>>;

template <class Subject>
struct Feature {
    const char* name;
    bool (*has)(const Subject&);
};

constexpr unsigned kLimitOfDepth = 64;

bool has_zero(const std::vector<std::uint64_t>& numbers) {
    return std::find(numbers.begin(), numbers.end(), 0U) != numbers.end();
}

bool is_transposed(const TensorView& tensor) {
    return !has_zero(tensor.strides()) && !std::is_sorted(tensor.strides().rbegin(), tensor.strides().rend());
}

bool is_empty(const TensorView& tensor) {
    return tensor.element_count() == 0;
}

/// Bytes of the int, and whether it is negative.
std::pair<std::size_t, bool> integer_of(const Value& value) {
    const auto* number = value.get_if<Integer>();
    if (number == nullptr) return {0, false};
    return {number->bytes.size(), (number->bytes.back() & std::byte{0x80}) != std::byte{0}};
}

std::uint64_t bits_of(const Value& value) {
    const auto* number = value.get_if<double>();
    return number == nullptr ? 1 : std::bit_cast<std::uint64_t>(*number);
}

bool is_nan(const Value& value) {
    const auto* number = value.get_if<double>();
    return number != nullptr && std::isnan(*number);
}

template <class Held>
bool holds(const Value& value, bool (*has)(const Held&)) {
    const auto* held = value.get_if<Held>();
    return held != nullptr && has(*held);
}

template <class Held, unsigned kSubtype>
bool subtypeed(const Value& value) {
    return holds<Held>(value,
                       [](const Held& held) { return static_cast<unsigned>(held.subtype) == kSubtype; });
}

bool is_astral(const std::string& name) {
    return std::any_of(name.begin(), name.end(),
                       [](char c) { return static_cast<unsigned char>(c) >= 0xF0; });
}

const Feature<TensorView> kTensorFeatures[] = {
    {"rank 0", [](const TensorView& t) { return t.rank() == 0; }},
    {"rank 64", [](const TensorView& t) { return t.rank() == 64; }},
    {"rank 64, strided", [](const TensorView& t) { return t.rank() == 64 && !t.is_contiguous(); }},
    {"empty tensor", is_empty},
    {"empty tensor at the end of a storage",
     [](const TensorView& t) {
         return is_empty(t) && t.offset() != 0 && t.offset() == t.storage().nbytes();
     }},
    {"empty storage", [](const TensorView& t) { return t.storage().nbytes() == 0; }},
    {"transposed", is_transposed},
    {"expanded (stride 0)", [](const TensorView& t) { return has_zero(t.strides()); }},
    {"expanded beyond 2^32 elements", [](const TensorView& t) { return t.element_count() >> 32U != 0; }},
    {"overlapping",
     [](const TensorView& t) {
         return t.strides() == Strides{1, 1} && t.shape()[0] > 1 && t.shape()[1] > 1;
     }},
    {"slice with an offset", [](const TensorView& t) { return t.offset() != 0 && !is_empty(t); }},
    {"strided, with an offset", [](const TensorView& t) { return t.offset() != 0 && !t.is_contiguous(); }},
    {"part of a byte", [](const TensorView& t) { return t.dtype().bits < 8 && !is_empty(t); }},
    {"unknown dtype", [](const TensorView& t) { return !find_dtype(t.dtype().code); }},
    {"unknown dtype, strided",
     [](const TensorView& t) { return !find_dtype(t.dtype().code) && !t.is_contiguous(); }},
    {"storage of several chunks", [](const TensorView& t) { return t.storage().nbytes() > kMib + 1; }},
    {"storage of one chunk, a byte more or less",
     [](const TensorView& t) { return t.storage().nbytes() + 1 - kMib <= 2; }},
    {"parameter", [](const TensorView& t) { return t.role() == Role::parameter && t.requires_grad(); }},
    {"frozen parameter",
     [](const TensorView& t) { return t.role() == Role::parameter && !t.requires_grad(); }},
    {"buffer", [](const TensorView& t) { return t.role() == Role::buffer; }},
    {"plain tensor that requires grad",
     [](const TensorView& t) { return t.role() == Role::plain && t.requires_grad(); }},
};

const Feature<Value> kValueFeatures[] = {
    {"null", [](const Value& v) { return v.is_null(); }},
    {"true", [](const Value& v) { return holds<bool>(v, [](const bool& b) { return b; }); }},
    {"false", [](const Value& v) { return holds<bool>(v, [](const bool& b) { return !b; }); }},
    {"int 0", [](const Value& v) { return integer_of(v).first != 0 && v.as_int() && *v.as_int() == 0; }},
    {"int -128",
     [](const Value& v) { return integer_of(v).first != 0 && v.as_int() && *v.as_int() == -128; }},
    {"int 2^63",
     [](const Value& v) { return integer_of(v).first == 9 && v.as_uint() && *v.as_uint() << 1U == 0; }},
    {"int -2^63-1",
     [](const Value& v) {
         static const std::vector<std::byte> bytes = [] {
             std::vector<std::byte> made(9, std::byte{0xFF});
             made[7] = std::byte{0x7F};
             return made;
         }();
         return holds<Integer>(v, [](const Integer& i) { return i.bytes == bytes; });
     }},
    {"int beyond 64 bits", [](const Value& v) { return integer_of(v).first > 9; }},
    {"negative int beyond 64 bits",
     [](const Value& v) { return integer_of(v).first > 9 && integer_of(v).second; }},
    {"int of 255 bytes", [](const Value& v) { return integer_of(v).first == 255; }},
    {"float 0.0", [](const Value& v) { return bits_of(v) == 0; }},
    {"float -0.0", [](const Value& v) { return bits_of(v) == std::uint64_t{1} << 63U; }},
    {"float inf", [](const Value& v) { return bits_of(v) << 1U == 0xFFE0'0000'0000'0000U; }},
    {"NaN", is_nan},
    {"NaN with a payload",
     [](const Value& v) { return is_nan(v) && (bits_of(v) & 0x7'FFFF'FFFF'FFFFU) != 0; }},
    {"signalling NaN", [](const Value& v) { return is_nan(v) && (bits_of(v) >> 51U & 1U) == 0; }},
    {"complex", [](const Value& v) { return v.kind() == Kind::complex; }},
    {"empty string",
     [](const Value& v) { return holds<String>(v, [](const String& s) { return s.text.empty(); }); }},
    {"string with a zero byte",
     [](const Value& v) {
         return holds<String>(v, [](const String& s) { return s.text.find('\0') != std::string::npos; });
     }},
    {"string str", subtypeed<String, 0>},
    {"string dtype", subtypeed<String, 1>},
    {"string device", subtypeed<String, 2>},
    {"string layout", subtypeed<String, 3>},
    {"bytes", subtypeed<Bytes, 0>},
    {"bytearray", subtypeed<Bytes, 1>},
    {"empty bytes",
     [](const Value& v) { return holds<Bytes>(v, [](const Bytes& b) { return b.bytes.empty(); }); }},
    {"list", [](const Value& v) { return v.kind() == Kind::list; }},
    {"empty list",
     [](const Value& v) { return holds<List>(v, [](const List& l) { return l.items.empty(); }); }},
    {"tuple", subtypeed<Tuple, 0>},
    {"torch.Size", subtypeed<Tuple, 1>},
    {"set", [](const Value& v) { return holds<Set>(v, [](const Set& s) { return s.items.size() > 1; }); }},
    {"dict", subtypeed<Dict, 0>},
    {"OrderedDict", subtypeed<Dict, 1>},
    {"Counter", subtypeed<Dict, 2>},
    {"empty dict",
     [](const Value& v) {
         return holds<Dict>(v, [](const Dict& d) { return d.items.empty() && d.attributes.empty(); });
     }},
    {"dict with attributes",
     [](const Value& v) { return holds<Dict>(v, [](const Dict& d) { return !d.attributes.empty(); }); }},
};

const Feature<Value> kKeyFeatures[] = {
    {"key null", [](const Value& v) { return v.is_null(); }},
    {"key bool", [](const Value& v) { return v.kind() == Kind::boolean; }},
    {"key int", [](const Value& v) { return v.kind() == Kind::integer; }},
    {"key int beyond 64 bits", [](const Value& v) { return integer_of(v).first > 9; }},
    {"key float", [](const Value& v) { return v.kind() == Kind::floating; }},
    {"key string", [](const Value& v) { return v.kind() == Kind::string; }},
    {"key bytes", [](const Value& v) { return v.kind() == Kind::bytes; }},
    {"key tuple", [](const Value& v) { return v.kind() == Kind::tuple; }},
};

const Feature<std::string> kNameFeatures[] = {
    {"name beyond ASCII", [](const std::string& n) { return n.find("é") != std::string::npos; }},
    {"astral name", is_astral},
    {"name with /", [](const std::string& n) { return n.find('/') != std::string::npos; }},
    {"name of 4096 bytes", [](const std::string& n) { return n.size() == 4096; }},
};

bool repeats(const ParamGroup& group) {
    return std::set(group.params.begin(), group.params.end()).size() != group.params.size();
}

const Feature<ParamGroup> kGroupFeatures[] = {
    {"param twice in a group", repeats},
    {"param above 2^63",
     [](const ParamGroup& g) {
         return std::any_of(g.params.begin(), g.params.end(), [](std::uint64_t p) { return p >> 63U != 0; });
     }},
    {"group without params", [](const ParamGroup& g) { return g.params.empty(); }},
    {"group without hyperparameters", [](const ParamGroup& g) { return g.hyperparameters.empty(); }},
    {"param_names", [](const ParamGroup& g) { return g.param_names.has_value(); }},
    {"param_names among the hyperparameters",
     [](const ParamGroup& g) { return g.param_names && g.param_names_position < g.hyperparameters.size(); }},
    {"params among the hyperparameters",
     [](const ParamGroup& g) { return g.params_position && *g.params_position < g.hyperparameters.size(); }},
    {"only params_position set",
     [](const ParamGroup& g) { return g.param_names && g.params_position && !g.param_names_position; }},
    {"only param_names_position set",
     [](const ParamGroup& g) { return !g.params_position && g.param_names_position; }},
    {"tensor as a hyperparameter",
     [](const ParamGroup& g) {
         return std::any_of(g.hyperparameters.begin(), g.hyperparameters.end(),
                            [](const auto& item) { return item.second.kind() == Kind::tensor; });
     }},
};

bool has_state_of_no_group(const OptimizerState& optimizer) {
    return std::any_of(optimizer.state.begin(), optimizer.state.end(), [&](const auto& state) {
        return std::none_of(
            optimizer.param_groups.begin(), optimizer.param_groups.end(), [&](const ParamGroup& group) {
                return std::find(group.params.begin(), group.params.end(), state.first) != group.params.end();
            });
    });
}

const Feature<OptimizerState> kOptimizerFeatures[] = {
    {"algorithm unknown", [](const OptimizerState& o) { return o.algorithm.empty(); }},
    {"algorithm", [](const OptimizerState& o) { return !o.algorithm.empty(); }},
    {"optimizer without groups", [](const OptimizerState& o) { return o.param_groups.empty(); }},
    {"several groups", [](const OptimizerState& o) { return o.param_groups.size() > 1; }},
    {"optimizer without state", [](const OptimizerState& o) { return o.state.empty(); }},
    {"state without entries",
     [](const OptimizerState& o) {
         return std::any_of(o.state.begin(), o.state.end(), [](const auto& s) { return s.second.empty(); });
     }},
    {"state of no group's parameter", has_state_of_no_group},
    {"state extra entries", [](const OptimizerState& o) { return !o.state_extra.empty(); }},
    {"param keys", [](const OptimizerState& o) { return !o.param_keys.empty(); }},
    {"param keys and state",
     [](const OptimizerState& o) { return !o.param_keys.empty() && !o.state.empty(); }},
    {"param keys and state extra entries",
     [](const OptimizerState& o) { return !o.param_keys.empty() && !o.state_extra.empty(); }},
    {"param keys and param_names",
     [](const OptimizerState& o) {
         return !o.param_keys.empty() && o.param_groups.front().param_names.has_value();
     }},
    {"param keys that are not in order",
     [](const OptimizerState& o) { return !std::is_sorted(o.param_keys.begin(), o.param_keys.end()); }},
    {"param keys, parameters not in order",
     [](const OptimizerState& o) {
         return !o.param_keys.empty() &&
                std::any_of(o.param_groups.begin(), o.param_groups.end(), [](const ParamGroup& g) {
                    return !std::is_sorted(g.params.begin(), g.params.end());
                });
     }},
    {"extra entries", [](const OptimizerState& o) { return !o.extra.empty(); }},
};

const Feature<StateDict> kModelFeatures[] = {
    {"empty model", [](const StateDict& m) { return m.empty(); }},
    {"model without metadata", [](const StateDict& m) { return m.metadata.is_null(); }},
    {"model with metadata", [](const StateDict& m) { return m.metadata.kind() == Kind::dict; }},
    {"extra state",
     [](const StateDict& m) {
         return std::any_of(m.begin(), m.end(),
                            [](const auto& e) { return e.second.kind() != Kind::tensor; });
     }},
};

const Feature<Sample> kSampleFeatures[] = {
    {"empty checkpoint",
     [](const Sample& s) {
         return s.checkpoint.models().empty() && s.checkpoint.optimizers().empty() &&
                s.checkpoint.values().empty();
     }},
    {"several models", [](const Sample& s) { return s.checkpoint.models().size() > 1; }},
    {"several optimizers", [](const Sample& s) { return s.checkpoint.optimizers().size() > 1; }},
    {"one optimizer with param keys, another one without",
     [](const Sample& s) {
         const auto& all = s.checkpoint.optimizers();
         return all.size() > 1 && all[0].second.param_keys.empty() != all[1].second.param_keys.empty();
     }},
    {"order set", [](const Sample& s) { return s.checkpoint.order().size() > 1; }},
    {"codec raw", [](const Sample& s) { return s.options.codec == Codec::raw; }},
    {"codec zstd", [](const Sample& s) { return s.options.codec == Codec::zstd; }},
    {"codec planes", [](const Sample& s) { return s.options.codec == Codec::planes; }},
    {"codec smallest", [](const Sample& s) { return s.options.codec == Codec::smallest; }},
    {"codec automatic", [](const Sample& s) { return s.options.codec == Codec::automatic; }},
    {"zstd level 19",
     [](const Sample& s) { return s.options.codec != Codec::raw && s.options.zstd_level == 19; }},
    {"alignment above 64", [](const Sample& s) { return s.options.alignment > 64; }},
    {"alignment above 4096", [](const Sample& s) { return s.options.alignment > 4096; }},
};

/// Looks at everything that a checkpoint holds.
class Survey {
public:
    FeatureCounts found;

    void look(const Sample& sample) {
        note(kSampleFeatures, sample);
        for (const auto& [name, model] : sample.checkpoint.models()) {
            note(kNameFeatures, name);
            note(kModelFeatures, model);
            look(model);
            look(model.metadata, 1);
        }
        for (const auto& [name, optimizer] : sample.checkpoint.optimizers()) {
            note(kNameFeatures, name);
            look(optimizer);
        }
        look(sample.checkpoint.values());
        note_ties();
    }

private:
    template <class Subject, std::size_t kCount>
    void note(const Feature<Subject> (&features)[kCount], const Subject& subject) {
        for (const auto& feature : features) {
            if (feature.has(subject)) found[feature.name] = 1;
        }
    }

    void look(const OptimizerState& optimizer) {
        note(kOptimizerFeatures, optimizer);
        for (const ParamGroup& group : optimizer.param_groups) {
            note(kGroupFeatures, group);
            look(group.hyperparameters);
        }
        for (const auto& state : optimizer.state)
            look(state.second);
        look(optimizer.state_extra);
        look(optimizer.extra);
    }

    void look(const Entries& entries) {
        for (const auto& [name, value] : entries) {
            note(kNameFeatures, name);
            look(value, 1);
        }
    }

    void look(const Value& value, unsigned depth) {
        note(kValueFeatures, value);
        if (depth == kLimitOfDepth) found["as deep as the limit"] = 1;
        if (const auto* tensor = value.get_if<TensorView>()) look(*tensor, depth);
        if (const auto* list = value.get_if<List>()) look(list->items, depth + 1);
        if (const auto* tuple = value.get_if<Tuple>()) look(tuple->items, depth + 1);
        if (const auto* set = value.get_if<Set>()) look(set->items, depth + 1);
        if (const auto* dict = value.get_if<Dict>()) {
            look(dict->items, depth + 1);
            look(dict->attributes, depth + 2);
        }
    }

    void look(const TensorView& tensor, unsigned depth) {
        note(kTensorFeatures, tensor);
        if (depth > 1) found["tensor within a value"] = 1;
        if (const auto known = find_dtype(tensor.dtype().code))
            found["dtype " + std::string(known->name)] = 1;
        tensors_.push_back(&tensor);
    }

    void look(const StableVector<Value>& items, unsigned depth) {
        for (const Value& item : items)
            look(item, depth);
    }

    void look(const Pairs& pairs, unsigned depth) {
        for (const auto& [key, value] : pairs) {
            note(kKeyFeatures, key);
            look(key, depth);
            look(value, depth);
        }
    }

    void note_ties() {
        std::map<StorageView, const TensorView*> first;
        for (const TensorView* tensor : tensors_) {
            const TensorView& other = *first.try_emplace(tensor->storage(), tensor).first->second;
            if (&other == tensor) continue;
            found["tied tensors"] = 1;
            if (other.dtype().code != tensor->dtype().code) found["tied tensors of different dtypes"] = 1;
        }
        if (first.size() > 1) found["several storages"] = 1;
    }

    std::vector<const TensorView*> tensors_;
};

template <class Subject, std::size_t kCount>
void add_names(const Feature<Subject> (&features)[kCount], FeatureCounts& counts) {
    for (const auto& feature : features)
        counts[feature.name] = 0;
}

}  // namespace

FeatureCounts all_features() {
    FeatureCounts counts;
    add_names(kTensorFeatures, counts);
    add_names(kValueFeatures, counts);
    add_names(kKeyFeatures, counts);
    add_names(kNameFeatures, counts);
    add_names(kGroupFeatures, counts);
    add_names(kOptimizerFeatures, counts);
    add_names(kModelFeatures, counts);
    add_names(kSampleFeatures, counts);
    for (const char* name : {"as deep as the limit", "tensor within a value", "tied tensors",
                             "tied tensors of different dtypes", "several storages"})
        counts[name] = 0;
    for (unsigned code = 0; code < 256; ++code) {
        if (const auto dtype = find_dtype(static_cast<Dtype>(code)))
            counts["dtype " + std::string(dtype->name)] = 0;
    }
    return counts;
}

void count_features(const Sample& sample, FeatureCounts& counts) {
    Survey survey;
    survey.look(sample);
    for (const auto& feature : survey.found)
        ++counts[feature.first];
}

}  // namespace milepost::state_dicts

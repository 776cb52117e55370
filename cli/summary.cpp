#include "summary.hpp"

#include <cstdint>
#include <string>
#include <vector>

#include <milepost/checkpoint.hpp>
#include <milepost/dtype.hpp>
#include <milepost/tensor.hpp>
#include <milepost/value.hpp>
#include <milepost/walk.hpp>

#include "any_file.hpp"
#include "contents.hpp"
#include "text.hpp"

namespace milepost::cli {
namespace {

bool is_float(const TensorView& tensor) noexcept {
    const std::uint8_t code = static_cast<std::uint8_t>(tensor.dtype().code);
    return code >= static_cast<std::uint8_t>(Dtype::f16);  // f16 and all that follow are floats or complex
}

/// The elements of a dict that is a state_dict: names, with a tensor for each, some of them floats; what
/// `_extra_state` names may be anything. 0 for other dicts.
std::uint64_t parameters_of(const Dict& dict) {
    std::uint64_t elements = 0;
    bool has_floats = false;
    for (const auto& [key, value] : dict.items) {
        const auto* name = key.get_if<String>();
        if (name == nullptr) return 0;
        if (const auto* tensor = value.get_if<TensorView>()) {
            elements = saturating_add(elements, tensor->element_count());
            has_floats = has_floats || is_float(*tensor);
        } else if (!name->text.ends_with("_extra_state")) {
            return 0;
        }
    }
    return has_floats ? elements : 0;
}

/// Counts the parameters of state_dicts inside of a value: many checkpoints have them in a dict of their own.
/// The state of an optimizer does not count. Not recursive, because a file may be nested deeply.
void count_nested(const Value& value, Summary& summary) {
    std::vector<const Value*> ahead = {&value};
    while (!ahead.empty()) {
        const Value& next = *ahead.back();
        ahead.pop_back();
        if (const auto* list = next.get_if<List>()) {
            for (const Value& item : list->items)
                ahead.push_back(&item);
        }
        const auto* dict = next.get_if<Dict>();
        if (dict == nullptr || dict->find("param_groups") != nullptr) continue;
        summary.parameters = saturating_add(summary.parameters, parameters_of(*dict));
        for (const auto& item : dict->items)
            ahead.push_back(&item.second);
    }
}

void count_parts(const Checkpoint& checkpoint, Summary& summary) {
    for (const auto& [name, value] : checkpoint.values())
        count_nested(value, summary);
    for (const auto& [name, model] : checkpoint.models()) {
        for (const auto& [entry, value] : model) {
            summary.model_tensors += tensor_count(value);
            if (const auto* tensor = value.get_if<TensorView>()) {
                summary.parameters = saturating_add(summary.parameters, tensor->element_count());
            }
        }
        summary.model_tensors += tensor_count(model.metadata);
    }
    for (const auto& [name, optimizer] : checkpoint.optimizers()) {
        walk(name, optimizer, [&summary](const std::string&, const Value& value) {
            if (value.get_if<TensorView>() != nullptr) ++summary.optimizer_tensors;
            return true;
        });
    }
}

}  // namespace

Summary summarize(const AnyFile& file, const Checkpoint& checkpoint) {
    Summary summary;
    file.for_each_tensor([&summary](const TensorView& tensor) {
        DtypeUse& use = summary.dtypes[tensor.dtype().code];
        use.name = tensor.dtype().name;
        ++use.tensors;
        use.nbytes = saturating_add(use.nbytes, tensor.nbytes());
        ++summary.tensors;
    });
    for (const AnyStorage& storage : file.storages()) {
        ++summary.storages;
        summary.nbytes = saturating_add(summary.nbytes, storage.nbytes);
        summary.stored_nbytes = saturating_add(summary.stored_nbytes, storage.stored_nbytes);
        ++summary.codecs[storage.codec];
    }
    count_parts(checkpoint, summary);
    return summary;
}

}  // namespace milepost::cli

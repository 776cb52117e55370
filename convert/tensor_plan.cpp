#include "convert/tensor_plan.hpp"

#include <cstddef>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <milepost/checkpoint.hpp>
#include <milepost/tensor.hpp>
#include <milepost/text.hpp>
#include <milepost/value.hpp>

#include "base/message.hpp"
#include "convert/named_tensors.hpp"
#include "convert/tensor_list.hpp"

namespace milepost::convert {
namespace {

using base::message;

/// Goes through a checkpoint in its order; the tensors that it meets are those of list_tensors().
class Planner {
public:
    Planner(const Checkpoint& checkpoint, const TensorFormat& format)
        : checkpoint_(checkpoint), format_(format) {
        plan_.listed = list_tensors(checkpoint);
    }

    TensorPlan plan() {
        for (const auto& [model, state_dict] : checkpoint_.models()) {
            for (const auto& [name, value] : state_dict)
                add_entry(message(model, "/", name), value);
            if (!is_ordinary_metadata(state_dict.metadata))
                lose(model, message("metadata of a model; ", format_.word, " does not have any"));
        }
        for (const auto& optimizer : checkpoint_.optimizers())
            lose(optimizer.first, message("an optimizer; ", format_.word, " has tensors only"));
        for (const auto& [name, value] : checkpoint_.values()) {
            if (name == kPythonRecord || format_.take_value(name, value, plan_.losses)) continue;
            add_entry(name, value);
        }
        return std::move(plan_);
    }

private:
    void lose(std::string path, std::string reason) {
        plan_.losses.push_back({std::move(path), std::move(reason)});
    }

    void add_entry(const std::string& path, const Value& value) {
        if (value.get_if<TensorView>() != nullptr) return add_tensor(plan_.listed[next_++]);
        lose(path, message("a value of kind ", name(value.kind()), "; ", format_.word, " has tensors only"));
    }

    void add_tensor(const ListedTensor& tensor) {
        if (!format_.holds_dtype(tensor.tensor->dtype()))
            return lose(tensor.path, message("dtype ", escape(tensor.tensor->dtype().name, 40), ", which ",
                                             format_.word, " does not have: left out"));
        if (const std::string_view why = format_.refuse_name(tensor.name); !why.empty())
            return lose(tensor.path, message("its name ", why, ": left out"));
        if (!names_.insert(tensor.name).second)
            return lose(tensor.path, "another tensor has this name in the file: left out");
        if (tensor.tied_to != nullptr)
            lose(tensor.path, message("tied to ", escape(tensor.tied_to->path, 120), ": stored twice"));
        plan_.held.push_back(&tensor);
    }

    const Checkpoint& checkpoint_;
    const TensorFormat& format_;
    TensorPlan plan_;
    std::size_t next_ = 0;
    std::set<std::string_view> names_;
};

}  // namespace

TensorPlan plan_tensors(const Checkpoint& checkpoint, const TensorFormat& format) {
    return Planner(checkpoint, format).plan();
}

}  // namespace milepost::convert

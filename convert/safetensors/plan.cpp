#include "convert/safetensors/plan.hpp"

#include <algorithm>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include <milepost/checkpoint.hpp>
#include <milepost/convert.hpp>
#include <milepost/dtype.hpp>
#include <milepost/text.hpp>
#include <milepost/value.hpp>

#include "base/message.hpp"
#include "convert/named_tensors.hpp"
#include "convert/names.hpp"
#include "convert/safetensors/dtypes.hpp"
#include "convert/safetensors/header.hpp"
#include "convert/safetensors/safetensors.hpp"
#include "convert/tensor_plan.hpp"

namespace milepost::convert::safetensors {
namespace {

std::string_view refuse_name(std::string_view name) {
    if (name == kMetadataKey) return "is that of the metadata in the file";
    return is_utf8(name) ? "" : "is not UTF-8";
}

/// The text of a plain string, or null.
const std::string* text_of(const Value& value) noexcept {
    const auto* string = value.get_if<String>();
    return string != nullptr && string->subtype == StringSubtype::str && is_utf8(string->text) ? &string->text
                                                                                               : nullptr;
}

/// Takes the strings of the dict `metadata`.
bool take_metadata(Plan& plan, const Value& value, std::vector<Loss>& losses) {
    const Dict* dict = value.get_if<Dict>();
    if (dict == nullptr) return false;
    plan.metadata.emplace();
    for (const auto& [key, item] : dict->items) {
        const std::string *name = text_of(key), *text = text_of(item);
        if (name != nullptr && text != nullptr)
            plan.metadata->emplace_back(*name, *text);
        else
            losses.push_back(
                {base::message(kMetadataName, "/", name != nullptr ? *name : to_string(key, 120)),
                 "a key or a value that is not a string; metadata in a safetensors file is text"});
    }
    if (dict->subtype != DictSubtype::dict || !dict->attributes.empty())
        losses.push_back({std::string(kMetadataName), "the type or the attributes of a dict"});
    return true;
}

}  // namespace

Plan make_plan(const Checkpoint& checkpoint) {
    Plan plan;
    const TensorFormat format = {
        .word = "a safetensors file",
        .holds_dtype = [](const DtypeInfo& dtype) { return word_of(dtype).has_value(); },
        .refuse_name = refuse_name,
        .take_value =
            [&](const std::string& name, const Value& value, std::vector<Loss>& losses) {
                return name == kMetadataName && take_metadata(plan, value, losses);
            },
    };
    plan.tensors = plan_tensors(checkpoint, format);
    std::sort(plan.tensors.held.begin(), plan.tensors.held.end(), [](const auto* a, const auto* b) {
        return std::tuple(word_of(a->tensor->dtype())->place, std::string_view(a->name)) <
               std::tuple(word_of(b->tensor->dtype())->place, std::string_view(b->name));
    });
    return plan;
}

std::vector<Loss> find_losses(const Checkpoint& checkpoint) {
    return make_plan(checkpoint).tensors.losses;
}

}  // namespace milepost::convert::safetensors

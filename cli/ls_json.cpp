#include "ls_json.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <utility>

#include <milepost/checkpoint.hpp>
#include <milepost/reader.hpp>
#include <milepost/result.hpp>
#include <milepost/tensor.hpp>
#include <milepost/text.hpp>
#include <milepost/value.hpp>
#include <milepost/walk.hpp>

#include <milepost/convert.hpp>
#include "any_file.hpp"
#include "contents.hpp"
#include "json_document.hpp"
#include "json_value.hpp"

namespace milepost::cli {
namespace {

Json tensor_json(const std::string& path, const TensorView& tensor, std::uint64_t storage) {
    const Strides strides = tensor.is_contiguous() ? contiguous_strides(tensor.shape()) : tensor.strides();
    return {{"path", path},
            {"dtype", tensor.dtype().name},
            {"shape", numbers_json(tensor.shape())},
            {"strides", numbers_json(strides)},
            {"offset", number_json(tensor.offset())},
            {"nbytes", number_json(tensor.nbytes())},
            {"storage", number_json(storage)},
            {"role", name(tensor.role())},
            {"requires_grad", tensor.requires_grad()}};
}

Json storage_json(const AnyStorage& storage) {
    return {{"offset", storage.offset ? number_json(*storage.offset) : Json()},
            {"nbytes", number_json(storage.nbytes)},
            {"codec", milepost::name(storage.codec)},
            {"stored_nbytes", number_json(storage.stored_nbytes)},
            {"chunks", number_json(storage.chunks)},
            {"content_hash", storage.content_hash ? Json(hex(*storage.content_hash)) : Json()}};
}

Json model_json(const std::pair<std::string, StateDict>& named) {
    const auto& [name, model] = named;
    return {{"name", name},
            {"entries", number_json(std::uint64_t{model.size()})},
            {"metadata", value_json(model.metadata)}};
}

/// The positions of the keys `params` and `param_names` in the group: last, unless the group sets them.
std::pair<std::uint32_t, std::optional<std::uint32_t>> key_positions(const ParamGroup& group) {
    const auto last = static_cast<std::uint32_t>(group.hyperparameters.size());
    if (!group.param_names) return {group.params_position.value_or(last), std::nullopt};
    return {group.params_position.value_or(last + 1), group.param_names_position.value_or(last)};
}

Json group_json(const ParamGroup& group) {
    Json names = Json::array();
    for (const auto& entry : group.hyperparameters)
        names.push_back(entry.first);
    const auto [params_position, param_names_position] = key_positions(group);
    Json json = {{"hyperparameters", std::move(names)},
                 {"params", numbers_json(group.params)},
                 {"param_names", nullptr},
                 {"params_position", params_position},
                 {"param_names_position", nullptr}};
    if (group.param_names) json["param_names"] = *group.param_names;
    if (param_names_position) json["param_names_position"] = *param_names_position;
    return json;
}

Json optimizer_json(const std::pair<std::string, OptimizerState>& named) {
    const auto& [name, optimizer] = named;
    Json groups = Json::array();
    for (const ParamGroup& group : optimizer.param_groups)
        groups.push_back(group_json(group));
    Json indices = Json::array();
    for (const auto& state : optimizer.state)
        indices.push_back(number_json(state.first));
    Json json = {{"name", name},
                 {"algorithm", optimizer.algorithm},
                 {"param_keys", nullptr},
                 {"param_groups", std::move(groups)},
                 {"state", std::move(indices)}};
    if (!optimizer.param_keys.empty()) json["param_keys"] = optimizer.param_keys;
    return json;
}

}  // namespace

Result<void> print_ls_json(const AnyFile& file, const ListedPath& listed) {
    const auto decoded = file.checkpoint();
    if (!decoded) return decoded.error();
    const Checkpoint& checkpoint = *decoded;
    JsonDocument document("milepost.ls/1");
    const Reader* reader = file.reader();
    if (reader == nullptr) document.field("format", name(file.format()));
    document.field("format_version", reader == nullptr ? Json() : Json(reader->format_version()));
    document.field("file_size", number_json(file.file_size()));
    document.field("alignment", reader == nullptr ? Json() : Json(reader->alignment()));
    document.begin_list("tensors");
    file.visit_tensors(listed, [&](const std::string& path, const TensorView& tensor) {
        document.row(tensor_json(path, tensor, file.storage_number(tensor)));
    });
    document.end_list();
    document.list("storages", file.storages(), storage_json);
    document.list("models", checkpoint.models(), model_json);
    document.list("optimizers", checkpoint.optimizers(), optimizer_json);
    document.begin_list("entries");
    walk(checkpoint, [&](const std::string& path, const Value& value) {
        if (listed(path)) document.row({{"path", path}, {"value", value_json(value)}});
        return false;
    });
    document.end_list();
    document.list("order", checkpoint.order(), [](const std::string& name) { return Json(name); });
    document.end();
    return {};
}

}  // namespace milepost::cli

#include "convert/named_tensors.hpp"

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <milepost/checkpoint.hpp>
#include <milepost/error.hpp>
#include <milepost/options.hpp>
#include <milepost/result.hpp>
#include <milepost/value.hpp>

#include "base/message.hpp"

namespace milepost::convert {
namespace {

/// What an entry of a model takes with a tensor of a file: its name twice, view, layout and storage.
constexpr std::uint64_t kTensorNbytes = 512;

bool is_version(const std::pair<Value, Value>& item) noexcept {
    const auto* dict = item.second.get_if<Dict>();
    if (dict == nullptr || dict->items.size() != 1 || !dict->attributes.empty()) return false;
    const auto* key = dict->items[0].first.get_if<String>();
    return key != nullptr && key->text == "version" && dict->items[0].second.kind() == Kind::integer;
}

}  // namespace

bool is_ordinary_metadata(const Value& metadata) noexcept {
    if (metadata.is_null()) return true;
    const auto* modules = metadata.get_if<Dict>();
    return modules != nullptr && modules->attributes.empty() &&
           std::all_of(modules->items.begin(), modules->items.end(), is_version);
}

Result<void> check_tensor_count(std::uint64_t count, const Limits& limits) {
    if (count > limits.max_records)
        return Error(Condition::records, base::message(count, " tensors, the limit is ", limits.max_records));
    if (count > limits.max_decoded_bytes / kTensorNbytes)
        return Error(Condition::decoded_bytes,
                     base::message(count, " tensors take ", kTensorNbytes,
                                   " bytes of memory each, the limit is ", limits.max_decoded_bytes));
    return {};
}

void complete_named_tensors(Checkpoint& checkpoint, std::optional<Value> metadata) {
    checkpoint.model(kModelName);
    std::vector<std::string> order = {std::string(kModelName)};
    if (metadata) {
        checkpoint.values()[kMetadataName] = std::move(*metadata);
        order.emplace_back(kMetadataName);
    }
    Dict record;
    record["root"] = kModelName;
    checkpoint.values()[kPythonRecord] = std::move(record);
    order.emplace_back(kPythonRecord);
    checkpoint.set_order(std::move(order));
}

}  // namespace milepost::convert

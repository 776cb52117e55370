#include "convert/named_tensors.hpp"

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

}  // namespace

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
    checkpoint.values()[kRecordName] = std::move(record);
    order.emplace_back(kRecordName);
    checkpoint.set_order(std::move(order));
}

}  // namespace milepost::convert

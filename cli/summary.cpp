#include "summary.hpp"

#include <string>

#include <milepost/checkpoint.hpp>
#include <milepost/reader.hpp>
#include <milepost/tensor.hpp>
#include <milepost/value.hpp>

#include "contents.hpp"
#include "text.hpp"

namespace milepost::cli {
namespace {

void count_parts(const Checkpoint& checkpoint, Summary& summary) {
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
        visit_entries(name, optimizer, [&summary](const std::string&, const Value& value) {
            summary.optimizer_tensors += tensor_count(value);
        });
    }
}

}  // namespace

Summary summarize(const Reader& reader, const Checkpoint& checkpoint) {
    Summary summary;
    for (std::uint32_t i = 0; i < reader.tensor_count(); ++i) {
        const auto tensor = reader.tensor_at(i);
        if (!tensor) continue;  // there is one of each number
        DtypeUse& use = summary.dtypes[tensor->dtype().code];
        use.name = tensor->dtype().name;
        ++use.tensors;
        use.nbytes = saturating_add(use.nbytes, tensor->nbytes());
        ++summary.tensors;
    }
    for (const StorageInfo& storage : reader.storages()) {
        ++summary.storages;
        summary.nbytes = saturating_add(summary.nbytes, storage.nbytes);
        summary.stored_nbytes = saturating_add(summary.stored_nbytes, storage.stored_nbytes);
        ++summary.codecs[storage.codec];
    }
    count_parts(checkpoint, summary);
    return summary;
}

}  // namespace milepost::cli

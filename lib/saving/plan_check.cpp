#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <milepost/error.hpp>
#include <milepost/result.hpp>
#include <milepost/tensor.hpp>
#include <milepost/value.hpp>

#include "base/message.hpp"
#include "format/chunks.hpp"
#include "format/file_layout.hpp"
#include "format/index.hpp"
#include "format/index_columns.hpp"
#include "format/validate.hpp"
#include "saving/index_writer.hpp"
#include "saving/plan.hpp"
#include "saving/storage_columns.hpp"

namespace milepost::saving {

using base::message;

std::string Plan::path_of_tensor(std::size_t tensor) const {
    std::size_t value = 0;
    for (std::size_t left = tensor;; ++value) {
        if (columns_.values[value].kind == static_cast<std::uint8_t>(Kind::tensor) && left-- == 0) break;
    }
    return paths_.of_value(value);
}

std::string Plan::path_of_new_storage(std::size_t number) const {
    const auto& storages = columns_.tensor_storages;
    const auto storage = static_cast<std::uint32_t>(first_new_storage_ + number);
    const auto viewing = std::find(storages.begin(), storages.end(), storage) - storages.begin();
    return path_of_tensor(storages.empty() ? storage : static_cast<std::size_t>(viewing));
}

std::optional<std::size_t> Plan::find_unviewed_storage() const {
    std::vector<bool> viewed(first_new_storage_);
    for (const std::uint32_t storage : columns_.tensor_storages) {
        if (storage < viewed.size()) viewed[storage] = true;
    }
    const bool one_each = columns_.tensor_storages.empty() && !columns_.tensor_layouts.empty();
    const auto first = std::find(viewed.begin(), viewed.end(), false);
    if (one_each || first == viewed.end()) return std::nullopt;
    return static_cast<std::size_t>(first - viewed.begin());
}

Result<void> Plan::check(const StorageColumns& storages) const {
    const format::Index columns = index(storages);
    if (const auto broken = format::validate_content(columns, *limits_)) {
        const std::string path = paths_.of(broken->subject);
        const Error error = as_argument_error(broken->error);
        return path.empty() ? error : error.within(path);
    }
    std::uint64_t least_nbytes = columns.column_nbytes();
    for (const auto& [storage, dtype] : new_storages_)
        least_nbytes += format::chunk_count(storage.nbytes()) * sizeof(format::Digest);
    const std::uint64_t limit = std::min(limits_->max_index_bytes, format::kMaxIndexNbytes);
    if (least_nbytes <= limit) return {};
    return Error(Condition::index_bytes,
                 message("index: at least ", least_nbytes, " bytes, the limit is ", limit));
}

}  // namespace milepost::saving

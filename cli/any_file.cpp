#include "any_file.hpp"

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <utility>

#include <milepost/checkpoint.hpp>
#include <milepost/convert.hpp>
#include <milepost/error.hpp>
#include <milepost/reader.hpp>
#include <milepost/result.hpp>
#include <milepost/tensor.hpp>
#include <milepost/text.hpp>
#include <milepost/walk.hpp>
#include <vector>

#include "contents.hpp"

namespace milepost::cli {

Result<AnyFile> AnyFile::open(const std::string& path, const AnyFileOptions& options) {
    AnyFile file;
    if (options.format.empty()) {
        MILEPOST_TRY_ASSIGN(file.format_, sniff(path));
    } else {
        const auto format = find_file_format(options.format);
        if (!format) return Error(Condition::option, "there is no format '" + escape(options.format) + "'");
        file.format_ = *format;
    }
    if (file.format_ == FileFormat::milepost && options.models.empty()) {
        MILEPOST_TRY_ASSIGN(file.reader_, open_file(path));
        file.file_size_ = file.reader_->file_size();
        return file;
    }
    ImportOptions importing;
    importing.format = file.format_;
    importing.models = options.models;
    MILEPOST_TRY_ASSIGN(Imported imported, import_file(path, importing));
    file.imported_ = std::move(imported.checkpoint);
    file.source_ = std::move(imported.source);
    MILEPOST_TRY_ASSIGN(file.file_size_, file.source_->size());
    file.for_each_tensor([&file](const TensorView& tensor) {
        const StorageView& storage = tensor.storage();
        if (file.storage_numbers_.try_emplace(storage, file.storages_.size()).second)
            file.storages_.push_back(storage);
    });
    return file;
}

Result<Checkpoint> AnyFile::checkpoint() const {
    if (reader_) return reader_->checkpoint();
    return imported_;
}

std::uint64_t AnyFile::visit_tensors(const ListedPath& listed, const VisitTensor& visit) const {
    if (reader_) return cli::visit_tensors(*reader_, listed, visit);
    std::uint64_t visited = 0;
    walk_tensors(imported_, [&](const std::string& path, const TensorView& tensor) {
        if (!listed(path)) return;
        visit(path, tensor);
        ++visited;
    });
    return visited;
}

void AnyFile::for_each_tensor(const std::function<void(const TensorView& tensor)>& visit) const {
    if (!reader_) {
        walk_tensors(imported_, [&visit](const std::string&, const TensorView& tensor) { visit(tensor); });
        return;
    }
    for (std::uint32_t i = 0; i < reader_->tensor_count(); ++i) {
        if (const auto tensor = reader_->tensor_at(i)) visit(*tensor);  // there is one of each number
    }
}

std::vector<AnyStorage> AnyFile::storages() const {
    std::vector<AnyStorage> all;
    if (reader_) {
        for (const StorageInfo& each : reader_->storages())
            all.push_back(
                {each.nbytes, each.stored_nbytes, each.codec, each.chunks, each.offset, each.content_hash});
        return all;
    }
    for (const StorageView& each : storages_)
        all.push_back({each.nbytes(), each.nbytes()});
    return all;
}

std::uint64_t AnyFile::storage_number(const TensorView& tensor) const {
    if (reader_) return tensor.storage().index().value_or(0);
    const auto found = storage_numbers_.find(tensor.storage());
    return found == storage_numbers_.end() ? 0 : found->second;
}

Result<void> AnyFile::check_unchanged() const {
    return source_ == nullptr ? Result<void>() : source_->check_unchanged();
}

}  // namespace milepost::cli

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

namespace {

Result<FileFormat> format_of(const std::string& path, const std::string& word) {
    if (word.empty()) return sniff(path);
    const auto format = find_file_format(word);
    if (format) return *format;
    return Error(Condition::option, "there is no format '" + escape(word) + "'");
}

}  // namespace

Result<AnyFile> AnyFile::open(const std::string& path, const AnyFileOptions& options) {
    if (options.format.empty() && options.models.empty()) {
        // Our own format first, so that such a file is opened once; another one fails at its magic.
        const auto reader = open_file(path);
        if (reader) return of(*reader);
        const Code code = reader.error().code();
        if (code != Code::not_a_checkpoint && code != Code::truncated) return reader.error();
    }
    MILEPOST_TRY_ASSIGN(const FileFormat format, format_of(path, options.format));
    if (format != FileFormat::milepost || !options.models.empty())
        return import_as(path, format, options.models);
    MILEPOST_TRY_ASSIGN(const Reader reader, open_file(path));
    return of(reader);
}

AnyFile AnyFile::of(const Reader& reader) {
    AnyFile file;
    file.file_size_ = reader.file_size();
    file.reader_ = reader;
    return file;
}

Result<AnyFile> AnyFile::import_as(const std::string& path, FileFormat format,
                                   const std::vector<std::pair<std::string, std::string>>& models) {
    MILEPOST_TRY_ASSIGN(Imported imported, import_file(path, {.format = format, .models = models}));
    AnyFile file;
    file.format_ = format;
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

#include "any_file.hpp"

#include <cstdint>
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

Result<void> AnyFile::check_unchanged() const {
    return source_ == nullptr ? Result<void>() : source_->check_unchanged();
}

}  // namespace milepost::cli

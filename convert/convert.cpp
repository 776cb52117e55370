#include <milepost/convert.hpp>

#include <algorithm>
#include <cctype>
#include <cstddef>
#include <cstdint>
#include <new>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <milepost/checkpoint.hpp>
#include <milepost/error.hpp>
#include <milepost/io.hpp>
#include <milepost/result.hpp>
#include <milepost/text.hpp>

#include "base/message.hpp"
#include "base/out_of_memory.hpp"
#include "convert/formats.hpp"
#include "convert/sniff.hpp"
#include "convert/tensor_list.hpp"

namespace milepost {

using base::message;
using convert::FormatRow;
using convert::row_of;

std::string_view name(FileFormat format) noexcept {
    return row_of(format).word;
}

std::optional<FileFormat> find_file_format(std::string_view word) noexcept {
    for (const FormatRow& row : convert::all_formats()) {
        if (row.word == word) return row.format;
    }
    return std::nullopt;
}

std::optional<FileFormat> format_of_extension(std::string_view path) noexcept {
    const auto same = [](char a, char b) { return a == std::tolower(static_cast<unsigned char>(b)); };
    for (const FormatRow& row : convert::all_formats()) {
        for (const std::string_view extension : row.extensions) {
            if (path.size() > extension.size() &&
                std::equal(extension.begin(), extension.end(),
                           path.end() - static_cast<std::ptrdiff_t>(extension.size()), same))
                return row.format;
        }
    }
    return std::nullopt;
}

Result<FileFormat> sniff(const std::string& path) try {
    MILEPOST_TRY_ASSIGN(auto source, open_source(path));
    return convert::sniff(*source);
} catch (const std::bad_alloc&) {
    return base::out_of_memory();
}

Result<Imported> import_file(const std::string& path, const ImportOptions& options) try {
    Imported imported;
    MILEPOST_TRY_ASSIGN(imported.source, open_source(path));
    MILEPOST_TRY_ASSIGN(const std::uint64_t size, imported.source->size());
    if (options.format) {
        imported.format = *options.format;
    } else {
        MILEPOST_TRY_ASSIGN(imported.format, convert::sniff(*imported.source));
    }
    const FormatRow& row = row_of(imported.format);
    if (row.import == nullptr)
        return Error(Condition::feature, message("this build does not read ", row.word, " files"));
    MILEPOST_TRY_ASSIGN(imported.checkpoint, row.import({path, imported.source, size, options}));
    return imported;
} catch (const std::bad_alloc&) {
    return base::out_of_memory();
}

std::vector<NamedTensor> named_tensors(const Checkpoint& checkpoint) {
    std::vector<NamedTensor> named;
    for (convert::ListedTensor& each : convert::list_tensors(checkpoint))
        named.push_back({std::move(each.name), *each.tensor});
    return named;
}

std::vector<Loss> find_losses(const Checkpoint& checkpoint, FileFormat format) {
    const FormatRow& row = row_of(format);
    return row.find_losses == nullptr ? std::vector<Loss>() : row.find_losses(checkpoint);
}

Result<void> export_file(const std::string& path, const Checkpoint& checkpoint,
                         const ExportOptions& options) try {
    const FormatRow& row = row_of(options.format);
    if (row.write == nullptr)
        return Error(Condition::feature, message("Milepost does not write ", row.word, " files"));
    if (!options.lossy) {
        const std::vector<Loss> losses = row.find_losses(checkpoint);
        if (!losses.empty()) {
            return Error(Condition::not_held,
                         message(escape(losses.front().path, 200), ": ", losses.front().reason, "; ",
                                 losses.size(), " in all that a ", row.word, " file cannot hold"));
        }
    }
    return row.write(path, checkpoint, options);
} catch (const std::bad_alloc&) {
    return base::out_of_memory();
}

}  // namespace milepost

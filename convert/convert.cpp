#include <milepost/convert.hpp>

#include <algorithm>
#include <cctype>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <new>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <milepost/checkpoint.hpp>
#include <milepost/compare.hpp>
#include <milepost/error.hpp>
#include <milepost/io.hpp>
#include <milepost/options.hpp>
#include <milepost/reader.hpp>
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
    MILEPOST_TRY_ASSIGN(const std::shared_ptr<const Source> source, open_source(path));
    MILEPOST_TRY_ASSIGN(const auto format, convert::sniff(*source));
    if (format) return *format;
    OpenOptions options;
    options.access = Access::read;
    MILEPOST_TRY(Reader::open(source, options));
    return FileFormat::milepost;
} catch (const std::bad_alloc&) {
    return base::out_of_memory();
}

Result<Imported> import_file(const std::string& path, const ImportOptions& options) try {
    Imported imported;
    MILEPOST_TRY_ASSIGN(imported.source, open_source(path));
    MILEPOST_TRY_ASSIGN(const std::uint64_t size, imported.source->size());
    std::optional<FileFormat> format = options.format;
    if (!format) {
        MILEPOST_TRY_ASSIGN(format, convert::sniff(*imported.source));
    }
    imported.format = format.value_or(FileFormat::milepost);
    MILEPOST_TRY_ASSIGN(imported.checkpoint,
                        row_of(imported.format).import({path, imported.source, size, options}));
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

namespace {

/// Reads the new file again, as it is and not as this process remembers it, and compares it with what was to
/// be written. Errors: mismatch/unexpected.
Result<void> verify(const std::string& written, const Checkpoint& expected, const ExportOptions& options) {
    MILEPOST_TRY_ASSIGN(const Imported found,
                        import_file(written, {.format = options.format, .limits = options.save.limits}));
    std::string first;
    const auto see = [&](const Difference& difference) {
        const bool was_lost = options.lossy && difference.kind == Difference::Kind::removed;
        if (!was_lost && first.empty()) first = escape(difference.path, 200);
        return first.empty();
    };
    CompareOptions comparing = compare_options(FileFormat::milepost, options.format);
    comparing.progress = options.save.progress;
    const FormatRow& row = row_of(options.format);
    const Checkpoint as_read = row.as_read == nullptr ? expected : row.as_read(expected);
    MILEPOST_TRY(compare(as_read, found.checkpoint, comparing, see));
    if (first.empty()) return {};
    return Error(Condition::unexpected, message("the new file differs from what was to be written: ", first));
}

}  // namespace

Result<std::string> export_file(const std::string& path, const Checkpoint& checkpoint,
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
    MILEPOST_TRY_ASSIGN(std::string written, row.write(path, checkpoint, options));
    if (options.verify) {
        MILEPOST_TRY(verify(written, checkpoint, options));
    }
    return written;
} catch (const std::bad_alloc&) {
    return base::out_of_memory();
}

}  // namespace milepost

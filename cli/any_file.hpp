#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <milepost/checkpoint.hpp>
#include <milepost/convert.hpp>
#include <milepost/reader.hpp>
#include <milepost/result.hpp>
#include <milepost/tensor.hpp>

#include "contents.hpp"

namespace milepost {
class Source;
}

namespace milepost::cli {

/// How a file of another format is read, where a command has options for that.
struct AnyFileOptions {
    std::string format;                                            ///< "" for that of the content
    std::vector<std::pair<std::string, std::string>> models = {};  ///< as ImportOptions::models
};

/// A checkpoint of any format, open for reading.
class AnyFile {
public:
    /// Errors: those of import_file(); invalid_argument/option for a format that is not known.
    [[nodiscard]] static Result<AnyFile> open(const std::string& path, const AnyFileOptions& options = {});

    [[nodiscard]] FileFormat format() const noexcept { return format_; }
    [[nodiscard]] std::uint64_t file_size() const noexcept { return file_size_; }
    /// Null for other formats than our own.
    [[nodiscard]] const Reader* reader() const noexcept { return reader_ ? &*reader_ : nullptr; }
    /// All of it. Errors: limit_exceeded/decoded_bytes.
    [[nodiscard]] Result<Checkpoint> checkpoint() const;
    /// As visit_tensors() of a Reader.
    std::uint64_t visit_tensors(const ListedPath& listed, const VisitTensor& visit) const;
    /// Whether nobody has rewritten the file since it was opened. Errors: io_error/changed.
    [[nodiscard]] Result<void> check_unchanged() const;

private:
    FileFormat format_ = FileFormat::milepost;
    std::uint64_t file_size_ = 0;
    std::optional<Reader> reader_;
    Checkpoint imported_;
    std::shared_ptr<const Source> source_;
};

}  // namespace milepost::cli

#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <milepost/checkpoint.hpp>
#include <milepost/convert.hpp>
#include <milepost/options.hpp>
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

/// A storage of a file: StorageInfo without what other formats do not have.
struct AnyStorage {
    std::uint64_t nbytes = 0;
    std::uint64_t stored_nbytes = 0;
    Codec codec = Codec::raw;
    std::uint64_t chunks = 0;
    std::optional<std::uint64_t> offset = {};
    std::optional<Checksum128> content_hash = {};
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
    /// The storages of another format, to be read.
    [[nodiscard]] const std::vector<StorageView>& imported_storages() const noexcept { return storages_; }
    /// As visit_tensors() of a Reader.
    std::uint64_t visit_tensors(const ListedPath& listed, const VisitTensor& visit) const;
    /// Calls `visit` for every tensor in the same order, without its path, which may be long.
    void for_each_tensor(const std::function<void(const TensorView& tensor)>& visit) const;
    /// All storages: of other formats in the order in which tensors use them first.
    [[nodiscard]] std::vector<AnyStorage> storages() const;
    /// The number among them of the storage of a tensor of this file.
    [[nodiscard]] std::uint64_t storage_number(const TensorView& tensor) const;
    /// Whether nobody has rewritten the file since it was opened. Errors: io_error/changed.
    [[nodiscard]] Result<void> check_unchanged() const;

private:
    [[nodiscard]] static AnyFile of(const Reader& reader);
    [[nodiscard]] static Result<AnyFile> import_as(
        const std::string& path, FileFormat format,
        const std::vector<std::pair<std::string, std::string>>& models);

    FileFormat format_ = FileFormat::milepost;
    std::uint64_t file_size_ = 0;
    std::optional<Reader> reader_;
    Checkpoint imported_;
    std::map<StorageView, std::uint64_t> storage_numbers_;  ///< of other formats
    std::vector<StorageView> storages_;                     ///< likewise, by number
    std::shared_ptr<const Source> source_;
};

}  // namespace milepost::cli

#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <milepost/convert.hpp>
#include <milepost/milepost.hpp>

#include "tensor.hpp"

namespace milepost::python {

/// An open checkpoint: one that a Reader reads, or the file of another format that was imported. No tensor is
/// touched before it is asked for. Threads: all functions, any; tensor handles need the GIL, as Python
/// objects do.
class OpenFile {
public:
    OpenFile() = default;
    OpenFile(const OpenFile&) = delete;
    OpenFile& operator=(const OpenFile&) = delete;
    virtual ~OpenFile() = default;

    [[nodiscard]] virtual FileFormat format() const noexcept = 0;
    [[nodiscard]] virtual std::uint64_t file_size() const noexcept = 0;
    [[nodiscard]] virtual bool is_mapped() const noexcept = 0;
    [[nodiscard]] virtual const std::vector<Error>& warnings() const noexcept = 0;

    /// What only files of Milepost have: checksums, digests, an index. Errors: unsupported/feature.
    [[nodiscard]] virtual Result<Reader> reader() const = 0;
    /// A Reader that has the model, the optimizer or the value at this path: of a file of another format, a
    /// copy in memory, which Limits::max_total_bytes counts. Errors: those of reading.
    [[nodiscard]] virtual Result<Reader> reader_of(const std::string& path) const = 0;

    /// As the functions of a Reader. What they return shares the file, and is not copied where the file has
    /// it in memory.
    ///@{
    template <class T>
    using Shared = std::shared_ptr<const T>;
    [[nodiscard]] virtual std::vector<std::string> models() const = 0;
    [[nodiscard]] virtual std::vector<std::string> optimizers() const = 0;
    [[nodiscard]] virtual std::vector<std::string> values() const = 0;
    [[nodiscard]] virtual Result<Shared<StateDict>> model(const std::string& name) const = 0;
    [[nodiscard]] virtual Result<Shared<OptimizerState>> optimizer(const std::string& name) const = 0;
    [[nodiscard]] virtual Result<Shared<Value>> value_at(const std::string& path) const = 0;
    [[nodiscard]] virtual Result<Shared<Checkpoint>> checkpoint() const = 0;
    [[nodiscard]] virtual std::uint32_t tensor_count() const noexcept = 0;
    [[nodiscard]] virtual std::string tensor_path(std::uint32_t number) const = 0;
    [[nodiscard]] virtual std::vector<TensorHandle> tensors(const std::string& model) const = 0;
    [[nodiscard]] virtual std::vector<TensorHandle> tensors() const = 0;
    [[nodiscard]] virtual Result<TensorHandle> tensor(const std::string& path) const = 0;
    ///@}
    /// The handle of a tensor in what these functions, or load_into() with reader_of(), returned.
    [[nodiscard]] virtual TensorHandle handle(const TensorView& view) const = 0;

    /// A tensor, and the memory that it goes to, contiguous.
    using Request = std::pair<TensorView, std::span<std::byte>>;
    /// Reads tensors of this file. Errors: those of ReadPlan.
    [[nodiscard]] virtual Result<void> read(const std::vector<Request>& requests,
                                            const ReadOptions& options) const = 0;
    /// Whether nobody has rewritten the file since it was opened. Errors: io_error/changed.
    [[nodiscard]] virtual Result<void> check_unchanged() const = 0;
};

/// How a file of any format is opened.
struct AnyOpenOptions {
    OpenOptions open;
    ImportOptions import;  ///< with the limits of `open`
};

/// Opens a file by its content. Errors: those of Reader::open and import_file(); unsupported/feature for a
/// digest that a file of another format should have. Throws std::bad_alloc.
[[nodiscard]] Result<std::unique_ptr<OpenFile>> open_any(const std::string& path,
                                                         const AnyOpenOptions& options);
/// A checkpoint that is open already.
[[nodiscard]] std::unique_ptr<OpenFile> file_of(const Reader& reader);
/// Reads the structure of a file of another format. Errors: as open_any().
[[nodiscard]] Result<std::unique_ptr<OpenFile>> open_foreign(const std::string& path,
                                                             const AnyOpenOptions& options);

}  // namespace milepost::python

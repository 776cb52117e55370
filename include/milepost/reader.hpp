#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <milepost/checkpoint.hpp>
#include <milepost/digest.hpp>
#include <milepost/error.hpp>
#include <milepost/export.hpp>
#include <milepost/get_as.hpp>
#include <milepost/io.hpp>
#include <milepost/options.hpp>
#include <milepost/result.hpp>
#include <milepost/tensor.hpp>
#include <milepost/value.hpp>

namespace milepost {

class ReadPlan;
struct LoadAllOptions;
struct VerifyOptions;
struct VerifyReport;

/// XXH3-128 in canonical byte order: Checksum128 of docs/format.md, section 2.
using Checksum128 = std::array<std::byte, 16>;

/// A storage as the file holds it.
struct StorageInfo {
    std::uint64_t offset;         ///< in the file
    std::uint64_t nbytes;         ///< raw
    std::uint64_t stored_nbytes;  ///< sum of the stored sizes of its chunks
    std::uint64_t chunks;         ///< how many
    Codec codec;                  ///< of all its chunks
    Checksum128 content_hash;     ///< of the raw bytes, whatever the codec
};

/// An open checkpoint: the index checked, no tensor touched.
///
///     auto file = milepost::Reader::open("lenet.milepost");
///     if (!file) return fail(file.error());
///     auto weight = file->tensor("model", "conv1.weight");
///     if (!weight) return fail(weight.error());
///     auto w = weight->as<float>();                      // a Result: the bytes are checked now
///
/// Ownership: a Reader is a handle. Its copies and all views that it returned share the open file, which is
/// closed when the last of them is gone. The file may be replaced by a save meanwhile: views keep the old
/// bytes. Immutable after open: all const members from any thread. A move is a copy.
class MILEPOST_API Reader {
public:
    /// Opens and checks everything but the bytes of tensors, in the order of docs/format.md, section 7.
    /// Errors: not_found/file; every code of docs/format.md; mismatch/other_content; io_error/open, /read,
    /// /changed, /out_of_memory.
    ///@{
    [[nodiscard]] static Result<Reader> open(const std::string& path, const OpenOptions& options = {});
    [[nodiscard]] static Result<Reader> open(std::shared_ptr<const Source> source,
                                             const OpenOptions& options = {});
    ///@}

    /// Another handle to the same open file; so is what a move makes.
    ///@{
    Reader(const Reader&) noexcept = default;
    Reader& operator=(const Reader&) noexcept = default;
    ///@}
    ~Reader() = default;

    /// What the header of the file holds, and its size in bytes.
    ///@{
    [[nodiscard]] std::uint32_t format_version() const noexcept;
    [[nodiscard]] std::uint64_t file_size() const noexcept;
    [[nodiscard]] std::uint32_t alignment() const noexcept;
    ///@}
    /// The checksum of the index, as the footer holds it (docs/format.md, section 5). The index has the
    /// checksums of all chunks, so two files that have the same one have the same content: a file that names
    /// others can tell by it whether they are still the ones that it was written with. It depends on codecs,
    /// on alignment and on every order; digest() does not.
    [[nodiscard]] Checksum128 index_checksum() const noexcept;
    /// The digest of the content (docs/format.md, section 6.7): the same for every file with the same
    /// content, whatever the codec, the alignment, the order of storages, or the order of names: parts,
    /// entries, hyperparameters, items of dicts. Lists and param groups keep their order. Computed from the
    /// index, which has the checksums of all chunks, at the first call; no tensor is read, so a file can have
    /// the digest of what it was saved with and be damaged, which the first access to the damaged bytes
    /// tells. It finds accidents, not attackers. Throws std::bad_alloc.
    [[nodiscard]] Digest digest() const;
    /// The digest of a tensor, by its number from 0 to tensor_count() - 1 (TensorView::index): its dtype, its
    /// shape, its strides and offset, and the bytes of the storage that it views. Not its name, role and
    /// requires_grad. Two tensors with one digest have the same elements. Two with the same elements have
    /// other digests where they are parts of other storages. Errors: not_found/tensor.
    [[nodiscard]] Result<Digest> tensor_digest(std::uint32_t number) const;
    /// Optional features that the file uses and this library does not know.
    [[nodiscard]] std::uint64_t unknown_optional_flags() const noexcept;
    /// Access::mapped or Access::read, as chosen.
    [[nodiscard]] Access access() const noexcept;
    /// What is wrong and did not keep the file from opening, for example corrupt/index_copy.
    [[nodiscard]] const std::vector<Error>& warnings() const noexcept;

    /// Names, in the order of the file.
    ///@{
    [[nodiscard]] std::vector<std::string> models() const;
    [[nodiscard]] std::vector<std::string> optimizers() const;
    [[nodiscard]] std::vector<std::string> values() const;
    ///@}

    /// A tensor of a model; of the whole file, by path ("model/conv1.weight",
    /// "optimizer/state/0/momentum_buffer"). Errors: not_found/model, /tensor; invalid_argument/wrong_type if
    /// that entry is not a tensor.
    ///@{
    [[nodiscard]] Result<TensorView> tensor(std::string_view model, std::string_view name) const;
    [[nodiscard]] Result<TensorView> tensor(std::string_view path) const;
    ///@}
    /// Tensors of a model that are entries of its state_dict, in order (none if there is no such model); all
    /// of the file. A view takes some 200 bytes and 8 for each dim and stride.
    ///@{
    [[nodiscard]] std::vector<TensorView> tensors(std::string_view model) const;
    [[nodiscard]] std::vector<TensorView> tensors() const;
    ///@}
    /// One tensor at a time, by its number from 0 to tensor_count() - 1: for listings that shall not hold all
    /// of them. Errors of tensor_at: not_found/tensor. tensor_path returns "" if there is no such tensor; a
    /// path is as long as its names and keys, which a file can make as long as itself.
    ///@{
    [[nodiscard]] std::uint32_t tensor_count() const noexcept;
    [[nodiscard]] Result<TensorView> tensor_at(std::uint32_t number) const;
    [[nodiscard]] std::string tensor_path(std::uint32_t number) const;
    ///@}

    /// Parts as plain data, tensors as views. Errors: not_found/model, /optimizer, /value;
    /// limit_exceeded/decoded_bytes if they would take more memory than Limits::max_decoded_bytes.
    ///@{
    [[nodiscard]] Result<StateDict> model(std::string_view name) const;
    [[nodiscard]] Result<OptimizerState> optimizer(std::string_view name) const;
    [[nodiscard]] Result<Value> value(std::string_view name) const;
    ///@}
    /// All of it; saved with the same options it gives the same bytes. Errors: limit_exceeded/decoded_bytes.
    [[nodiscard]] Result<Checkpoint> checkpoint() const;

    /// The storages in the order of the file: TensorView::storage has the number of one.
    [[nodiscard]] std::vector<StorageInfo> storages() const;

    /// What is at a path, as one type: an entry of a model or of an optimizer, a top-level value, or a part
    /// of one ("config/lr", "losses/0"). Of several that a path could mean, the first one in the file.
    ///
    ///     auto epoch = file->get<std::int64_t>("epoch");
    ///     auto lr = file->get<double>("optimizer/param_groups/0/lr");
    ///     auto weight = file->get<std::span<const float>>("model/fc3.weight");
    ///
    /// T is one of these, and takes nothing else:
    /// - bool; an integer type, if the int fits it; float or double: a float, or an int that a double holds;
    /// - std::string;
    /// - std::span<const E>: the elements of a tensor, as TensorView::as returns them. They live as long as
    ///   the Reader, so there is none for a temporary one;
    /// - std::vector of these: the elements of a list or tuple, each of which must be one;
    /// - Value, and what a Value holds: TensorView, List, Tuple, Set, Dict, String, Bytes, Integer,
    ///   std::complex<double>.
    ///
    /// Errors, with the path: not_found/value; invalid_argument/wrong_type; of a span those of
    /// TensorView::as.
    ///@{
    template <class T>
    [[nodiscard]] Result<T> get(std::string_view path) const& {
        auto value = value_at(path);
        if (!value) return std::move(value).error();
        auto found = detail::get_as<T>(*std::move(value));
        if (!found) return found.error().within(path);
        return found;
    }
    template <class T>
    requires(!detail::is_span<T>) [[nodiscard]] Result<T> get(std::string_view path) const&& {
        return get<T>(path);
    }
    template <class T>
    requires detail::is_span<T> Result<T> get(std::string_view path)
    const&& = delete;
    ///@}

    /// Opaque.
    struct Impl;

private:
    friend Result<VerifyReport> verify(const Reader& reader, const VerifyOptions& options);
    friend Result<Checkpoint> load_all(const Reader& reader, const LoadAllOptions& options);
    friend class ReadPlan;
    [[nodiscard]] Result<Value> value_at(std::string_view path) const;
    explicit Reader(std::shared_ptr<const Impl> impl) noexcept : impl_(std::move(impl)) {}

    std::shared_ptr<const Impl> impl_;
};

}  // namespace milepost

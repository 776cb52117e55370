#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include <milepost/dtype.hpp>
#include <milepost/export.hpp>
#include <milepost/result.hpp>

namespace milepost {

class Source;

/// Sizes of the dimensions, outermost first; empty for rank 0 (one element).
using Shape = std::vector<std::uint64_t>;

/// The indices begin, begin + step, ... below end of one dimension. An end of UINT64_MAX is that of the
/// dimension.
struct Range {
    std::uint64_t begin = 0;         ///< the first index
    std::uint64_t end = UINT64_MAX;  ///< all indices are below it
    std::uint64_t step = 1;          ///< at least 1
};

/// Distance between neighbours in each dimension, in elements; empty for a contiguous (row-major) tensor.
using Strides = std::vector<std::uint64_t>;

/// What a model's entry is, where known.
enum class Role : std::uint8_t { plain = 0, parameter = 1, buffer = 2 };

/// @cond
namespace detail {

// Storages that are not memory of the caller; Readers and Writers implement them (lib/core).
class StorageProvider;
struct StridedLayout;
struct ViewAccess;

// What copies of a view share, and views of a file that have the same one.
struct TensorLayout {
    Shape shape;
    Strides strides;
};
MILEPOST_API const Shape& no_dims() noexcept;

}  // namespace detail
/// @endcond

/// One run of raw bytes that one or more tensors view: memory of the caller, a storage of an open file, or a
/// range of a Source. Memory of the caller is borrowed, unless the view was given a share of its owner; a
/// file or a Source stays open as long as a view of it exists. Two views are of one storage exactly if they
/// compare equal. A plain value.
class StorageView {
public:
    /// An empty one, or memory of the caller, which must outlive all use of the view.
    ///@{
    StorageView() noexcept = default;
    explicit StorageView(std::span<const std::byte> bytes) noexcept
        : data_(bytes.data()), nbytes_(bytes.size()) {}
    ///@}
    /// Memory that the view and its copies keep alive together, by a share of its owner: for memory that has
    /// no other place to live, or whose life the caller does not control. It compares as a view of the same
    /// memory without an owner does.
    ///
    ///     auto bytes = std::make_shared<std::vector<std::byte>>(4);
    ///     milepost::StorageView kept(*bytes, bytes);                  // `bytes` may go
    StorageView(std::span<const std::byte> bytes, std::shared_ptr<const void> owner) noexcept
        : provider_(std::move(owner), nullptr), data_(bytes.data()), nbytes_(bytes.size()) {}
    /// The `nbytes` bytes from `begin` on of a Source (<milepost/io.hpp>): a tensor in a file of another
    /// format, say. What is used is read when it is used; save() reads it chunk by chunk, so memory does not
    /// grow with it. bytes() reads all of it and keeps that. Each call makes another storage; tensors that
    /// share one use copies of one view. Requires: the source has these bytes. Errors:
    /// invalid_argument/option if it is null; io_error/out_of_memory. Errors of the Source are those of the
    /// call that needed the bytes.
    ///
    ///     auto source = milepost::open_source("weights.bin");
    ///     auto storage = milepost::StorageView::from(*source, 128, 4096);
    [[nodiscard]] MILEPOST_API static Result<StorageView> from(std::shared_ptr<const Source> source,
                                                               std::uint64_t begin, std::uint64_t nbytes);
    /// Moving one copies it: none is left empty.
    ///@{
    StorageView(const StorageView&) noexcept = default;
    StorageView(StorageView&& other) noexcept { *this = std::as_const(other); }
    StorageView& operator=(const StorageView&) noexcept = default;
    StorageView& operator=(StorageView&& other) noexcept { return *this = std::as_const(other); }
    ~StorageView() = default;
    ///@}

    /// Its size.
    [[nodiscard]] std::uint64_t nbytes() const noexcept { return nbytes_; }
    /// The bytes [begin, end) of it as a storage of their own. Errors: invalid_argument/layout unless
    /// begin <= end <= nbytes().
    [[nodiscard]] MILEPOST_API Result<StorageView> part(std::uint64_t begin, std::uint64_t end) const;
    /// Its number in the file, as Reader::storages() counts; nothing for memory of the caller, or a Source's.
    [[nodiscard]] std::optional<std::uint32_t> index() const noexcept {
        return provider_ != nullptr && number_ != kNoNumber ? std::optional(number_) : std::nullopt;
    }

    /// The bytes [begin, end), valid as long as the memory, or the file is open. Errors: invalid_argument/
    /// layout unless begin <= end <= nbytes(); of an open file those of TensorView::bytes.
    [[nodiscard]] MILEPOST_API Result<std::span<const std::byte>> bytes(std::uint64_t begin,
                                                                        std::uint64_t end) const;
    /// Copies the bytes from `begin` on into `to`. Errors: as bytes().
    [[nodiscard]] MILEPOST_API Result<void> read(std::uint64_t begin, std::span<std::byte> to) const;

    /// The bytes [begin, end) in a mapping of the file that is private to the process and may be written:
    /// for programs whose tensors are always writable. A write changes memory of this process alone, never
    /// the file, nor what any other function returns: bytes(), read(), verify() and the like do not see it.
    /// All of a Reader's private bytes are in one mapping, which is made at the first call and lives as long
    /// as bytes() do; a byte that two tensors share is shared there too. Pages take memory once they are
    /// written to.
    ///
    ///     if (tensor.is_mapped()) {
    ///         auto bytes = tensor.storage().private_bytes(0, tensor.storage().nbytes());
    ///         if (!bytes) return fail(bytes.error());
    ///         std::ranges::fill(*bytes, std::byte{0});               // the file stays as it is
    ///     }
    ///
    /// Checked as by bytes(). Threads: any; what is written is up to the caller. Errors: as bytes();
    /// invalid_argument/layout if not is_mapped(); io_error/map.
    [[nodiscard]] MILEPOST_API Result<std::span<std::byte>> private_bytes(std::uint64_t begin,
                                                                          std::uint64_t end) const;

    /// Compares the checksums of the stored chunks that hold the bytes [begin, end); true for memory of the
    /// caller. Requires: begin <= end <= nbytes(). Errors: as bytes().
    [[nodiscard]] MILEPOST_API Result<void> check(std::uint64_t begin, std::uint64_t end) const;

    /// Whether its bytes are in a mapped file as they are: bytes() then returns a part of the mapping. False
    /// for memory of the caller, and for a storage that has to be read or decoded.
    [[nodiscard]] MILEPOST_API bool is_mapped() const noexcept;

    friend bool operator==(const StorageView&, const StorageView&) = default;
    /// An order for maps, without a meaning.
    friend std::strong_ordering operator<=>(const StorageView&, const StorageView&) = default;

private:
    friend struct detail::ViewAccess;
    static constexpr std::uint32_t kNoNumber = UINT32_MAX;  // above all limits of a file

    // Null for memory of the caller, but then it can hold a share of the owner (an aliasing pointer).
    std::shared_ptr<const detail::StorageProvider> provider_;
    const std::byte* data_ = nullptr;
    std::uint64_t begin_ = 0;  ///< in the provider's storage
    std::uint64_t nbytes_ = 0;
    std::uint32_t number_ = 0;
};

class Tensor;

/// A tensor that borrows its bytes: dtype, shape, strides and a byte offset into a storage.
///
///     std::vector<float> weights(6 * 75);
///     state_dict["conv1.weight"] = milepost::TensorView::of(std::span<const float>(weights), {6, 3, 5, 5});
///
///     auto weight = file->tensor("model", "conv1.weight");     // from a Reader: no byte is touched
///     auto values = weight->as<float>();                        // checked at first access
///
/// Lifetime: memory of the caller must outlive all use of the view, unless its StorageView shares ownership.
/// A view of a Reader shares ownership of the open file: it stays usable, its name too, when the Reader is
/// gone. Making a view never fails; what does not fit together (a shape larger than the storage, say) is
/// refused with invalid_argument/layout when it is read or saved. Threads: all const members from any thread.
class TensorView {
public:
    /// An empty f32 tensor of shape [0].
    MILEPOST_API TensorView();

    /// A view of the storage from `offset` (bytes) on; without `strides`, contiguous.
    MILEPOST_API TensorView(DtypeInfo dtype, Shape shape, StorageView storage, std::uint64_t offset = 0,
                            Strides strides = {});

    /// A contiguous view of the caller's elements, which are the whole storage.
    template <class T, std::size_t N>
    static TensorView of(std::span<T, N> elements, Shape shape) {
        return TensorView(*find_dtype(dtype_of_v<std::remove_const_t<T>>), std::move(shape),
                          StorageView(std::as_bytes(elements)));
    }
    /// Moving one copies it: none is left empty. Copies share the shape and the strides.
    ///@{
    TensorView(const TensorView&) noexcept = default;
    TensorView(TensorView&& other) noexcept { *this = std::as_const(other); }
    TensorView& operator=(const TensorView&) noexcept = default;
    TensorView& operator=(TensorView&& other) noexcept { return *this = std::as_const(other); }
    ~TensorView() = default;
    ///@}

    /// Element type, sizes of the dimensions, and how many dimensions there are.
    ///@{
    [[nodiscard]] const DtypeInfo& dtype() const noexcept { return dtype_; }
    [[nodiscard]] const Shape& shape() const noexcept {
        return layout_ != nullptr ? layout_->shape : detail::no_dims();
    }
    [[nodiscard]] std::size_t rank() const noexcept { return shape().size(); }
    ///@}
    /// Empty if the tensor is contiguous.
    ///@{
    [[nodiscard]] const Strides& strides() const noexcept {
        return layout_ != nullptr ? layout_->strides : detail::no_dims();
    }
    [[nodiscard]] bool is_contiguous() const noexcept { return strides().empty(); }
    ///@}
    /// Of the first element, in bytes from the start of the storage.
    [[nodiscard]] std::uint64_t offset() const noexcept { return offset_; }
    /// What it is a view of.
    [[nodiscard]] const StorageView& storage() const noexcept { return storage_; }
    /// Number of elements; saturates where the product of the shape does not fit.
    [[nodiscard]] std::uint64_t element_count() const noexcept { return element_count_; }
    /// Bytes of the tensor when contiguous; saturates likewise.
    [[nodiscard]] MILEPOST_API std::uint64_t nbytes() const noexcept;

    /// Role in its model, and whether it is trained; the same view with others. Both are saved.
    ///@{
    [[nodiscard]] Role role() const noexcept { return role_; }
    [[nodiscard]] bool requires_grad() const noexcept { return requires_grad_; }
    [[nodiscard]] MILEPOST_API TensorView with_role(Role role, bool requires_grad = false) const;
    ///@}

    /// Name within its model, optimizer state, ... for a view that a Reader returned; else empty. Valid as
    /// long as this view, or a copy of it.
    [[nodiscard]] std::string_view name() const noexcept { return name_; }
    /// Number among the tensors of the file, for a view that a Reader returned.
    [[nodiscard]] std::optional<std::uint32_t> index() const noexcept { return number_; }

    /// The bytes of a contiguous tensor, without a copy where the file is mapped and the storage stored raw;
    /// else the storage is read, or decoded, once into memory of the open file (counted
    /// against Limits::max_total_bytes). Valid as long as the Reader or a view of the file. Errors:
    /// invalid_argument/layout if strided, or if shape and storage do not fit; corrupt/chunk_checksum and the
    /// other conditions of docs/format.md, section 8; io_error; limit_exceeded/total_bytes.
    [[nodiscard]] MILEPOST_API Result<std::span<const std::byte>> bytes() const;

    /// Whether the bytes of the tensor are in a mapped file as they are (Access::mapped, and a storage that
    /// is stored raw). bytes() of a contiguous tensor then returns a part of the mapping, whose checksums are
    /// compared at first access, and takes no memory. False for memory of the caller. Touches no byte.
    [[nodiscard]] bool is_mapped() const noexcept { return storage_.is_mapped(); }

    /// The elements. Errors: as bytes(); invalid_argument/wrong_type if the dtype is not T's, or a bool is
    /// neither 0 nor 1; unsupported/dtype if this library does not know it.
    template <class T>
    [[nodiscard]] Result<std::span<const T>> as() const {
        auto raw = typed_bytes(dtype_of_v<T>);
        if (!raw) return std::move(raw).error();
        return std::span<const T>(reinterpret_cast<const T*>(raw->data()), raw->size() / sizeof(T));
    }

    /// A part of the tensor: a range for each dimension; dimensions without one are taken whole. Nothing is
    /// copied or read: copy_to() or load() of the part read the chunks that hold its elements and no others.
    ///
    ///     auto tensor = file->tensor("model", "embedding.weight");
    ///     auto rows = tensor->slice({{1000, 1010}});                 // ten rows
    ///     auto loaded = rows->load();
    ///
    /// It keeps the name and the number of the whole tensor.
    /// Errors: invalid_argument/layout if a range is not within its dimension or has step 0, if there
    /// are more ranges than dimensions, or if elements below 8 bits would not be whole bytes in one run.
    [[nodiscard]] MILEPOST_API Result<TensorView> slice(const std::vector<Range>& ranges) const;

    /// Copies the tensor, contiguous, into `to`; from a file chunk by chunk, keeping nothing in memory.
    /// After an error `to` may hold a part of the tensor; damaged bytes are not in it.
    /// Errors: as bytes(), but strided tensors are gathered; invalid_argument/layout unless to.size() ==
    /// nbytes().
    [[nodiscard]] MILEPOST_API Result<void> copy_to(std::span<std::byte> to) const;

    /// Calls `take` with the elements in row-major order, in blocks of at most `max_nbytes` bytes (at least
    /// one element): for tensors that are larger than memory. A block is valid during the call. An error of
    /// `take` ends it and is returned; what it throws passes through. Errors: as copy_to;
    /// io_error/out_of_memory.
    ///
    ///     std::uint64_t sum = 0;
    ///     auto read = tensor.read_blocks([&sum](std::span<const std::byte> block) -> milepost::Result<void>
    ///     {
    ///         for (std::byte byte : block) sum += std::to_integer<unsigned>(byte);
    ///         return {};
    ///     });
    [[nodiscard]] MILEPOST_API Result<void> read_blocks(
        const std::function<Result<void>(std::span<const std::byte> block)>& take,
        std::uint64_t max_nbytes = std::uint64_t{4} << 20U) const;

    /// A contiguous copy of its own. Errors: as copy_to; limit_exceeded/total_bytes if nbytes() > max_nbytes;
    /// io_error/out_of_memory.
    [[nodiscard]] MILEPOST_API Result<Tensor> load(std::uint64_t max_nbytes = UINT64_MAX) const;

    /// Compares the checksums of the stored chunks from the tensor's first byte to its last one. It decodes
    /// nothing and keeps nothing: the cheapest way to find damage before a tensor is used. Damage to the
    /// content that was there when it was saved is found when the tensor is decoded. Does nothing for memory
    /// of the caller and with Check::never. Errors: as bytes(), but limit_exceeded; a tensor may be strided.
    [[nodiscard]] MILEPOST_API Result<void> check() const;

    /// Whether shape, strides and offset are within the storage. Errors: invalid_argument/layout.
    [[nodiscard]] MILEPOST_API Result<void> check_layout() const;

private:
    friend struct detail::ViewAccess;
    [[nodiscard]] MILEPOST_API Result<std::span<const std::byte>> typed_bytes(Dtype expected) const;
    [[nodiscard]] Result<TensorView> part(Shape shape, Strides strides, std::uint64_t first) const;
    TensorView(std::shared_ptr<const detail::TensorLayout> layout, DtypeInfo dtype, StorageView storage,
               std::uint64_t offset) noexcept;

    DtypeInfo dtype_;
    std::shared_ptr<const detail::TensorLayout> layout_;  // null for rank 0
    StorageView storage_;
    std::uint64_t offset_ = 0;
    std::uint64_t element_count_ = 0;
    std::string_view name_;
    std::optional<std::uint32_t> number_;
    Role role_ = Role::plain;
    bool requires_grad_ = false;
};

/// A tensor that a Writer wrote: a placeholder to put into the checkpoint in its place. It has no bytes; the
/// file has them. A plain value, for this Writer's commit() only.
///
///     auto written = writer->add(weights.view());
///     if (!written) return fail(written.error());
///     checkpoint.model("model")["embed.weight"] = *written;
///     checkpoint.model("model")["lm_head.weight"] = *written;              // tied
class WrittenTensor {
public:
    /// Those of the tensor that was written.
    ///@{
    [[nodiscard]] const DtypeInfo& dtype() const noexcept { return view_.dtype(); }
    [[nodiscard]] const Shape& shape() const noexcept { return view_.shape(); }
    [[nodiscard]] std::uint64_t nbytes() const noexcept { return view_.nbytes(); }
    ///@}

    /// The same tensor with another role.
    [[nodiscard]] WrittenTensor with_role(Role role, bool requires_grad = false) const {
        return WrittenTensor(view_.with_role(role, requires_grad));
    }
    /// Another tensor on the same storage, from `offset` (bytes) on; without `strides`, contiguous. Whether
    /// it is within the storage is checked by commit().
    [[nodiscard]] WrittenTensor view(DtypeInfo dtype, Shape shape, std::uint64_t offset = 0,
                                     Strides strides = {}) const {
        return WrittenTensor(
            TensorView(dtype, std::move(shape), view_.storage(), offset, std::move(strides)));
    }

private:
    friend class Value;
    friend struct detail::ViewAccess;
    explicit WrittenTensor(TensorView view) noexcept : view_(std::move(view)) {}

    TensorView view_;
};

/// A contiguous tensor that owns its bytes, aligned to 64; from 4 MiB on to 2 MiB, in huge pages where the
/// system has them. Move-only; `view()` borrows from it.
///
///     auto tensor = milepost::Tensor::zeros(milepost::Dtype::f32, {10, 84});
///     tensor->as<float>()->front() = 1.0F;
///     state_dict["fc3.weight"] = tensor->view();
class Tensor {
public:
    /// A tensor of zeros. Errors: invalid_argument/layout if the size does not fit; unsupported/dtype;
    /// io_error/out_of_memory.
    ///@{
    [[nodiscard]] MILEPOST_API static Result<Tensor> zeros(Dtype dtype, Shape shape);
    [[nodiscard]] MILEPOST_API static Result<Tensor> zeros(DtypeInfo dtype, Shape shape);
    ///@}

    /// Element type, sizes of the dimensions, and all bytes.
    ///@{
    [[nodiscard]] const DtypeInfo& dtype() const noexcept { return dtype_; }
    [[nodiscard]] const Shape& shape() const noexcept { return shape_; }
    [[nodiscard]] std::span<std::byte> bytes() & noexcept { return {data_.get(), nbytes_}; }
    [[nodiscard]] std::span<const std::byte> bytes() const& noexcept { return {data_.get(), nbytes_}; }
    ///@}

    /// The elements. Errors: invalid_argument/wrong_type if the dtype is not T's.
    ///@{
    template <class T>
    [[nodiscard]] Result<std::span<T>> as() & {
        if (auto fits = check_type(dtype_of_v<T>); !fits) return std::move(fits).error();
        return std::span<T>(reinterpret_cast<T*>(data_.get()), nbytes_ / sizeof(T));
    }
    template <class T>
    [[nodiscard]] Result<std::span<const T>> as() const& {
        if (auto fits = check_type(dtype_of_v<T>); !fits) return std::move(fits).error();
        return std::span<const T>(reinterpret_cast<const T*>(data_.get()), nbytes_ / sizeof(T));
    }
    ///@}

    /// A view of all of it, which must not outlive it.
    [[nodiscard]] MILEPOST_API TensorView view() const&;

    /// What these return would dangle: give the tensor a name first. For the same reason a temporary
    /// Result<Tensor> has no `->`.
    ///@{
    std::span<const std::byte> bytes() const&& = delete;
    template <class T>
    Result<std::span<const T>> as() const&& = delete;
    TensorView view() const&& = delete;
    using LendsItself = void;
    ///@}

private:
    friend class TensorView;
    struct Free {
        std::size_t nbytes = 0;
        MILEPOST_API void operator()(std::byte* data) const noexcept;
    };
    Tensor(DtypeInfo dtype, Shape shape, std::unique_ptr<std::byte, Free> data, std::size_t nbytes) noexcept
        : dtype_(dtype), shape_(std::move(shape)), data_(std::move(data)), nbytes_(nbytes) {}
    using Allocate = std::byte* (*)(std::size_t nbytes) noexcept;
    static Result<Tensor> make(DtypeInfo dtype, Shape shape, Allocate allocate);
    static Result<Tensor> uninitialised(DtypeInfo dtype, Shape shape);
    [[nodiscard]] MILEPOST_API Result<void> check_type(Dtype expected) const;

    DtypeInfo dtype_;
    Shape shape_;
    std::unique_ptr<std::byte, Free> data_;
    std::size_t nbytes_;
};

}  // namespace milepost

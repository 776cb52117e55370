#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>
#include <utility>

#include <milepost/dtype.hpp>
#include <milepost/error.hpp>
#include <milepost/result.hpp>
#include <milepost/tensor.hpp>

namespace milepost::detail {

/// Where the elements of a strided tensor are in a storage.
struct StridedLayout {
    std::uint64_t offset;  ///< bytes
    std::span<const std::uint64_t> shape;
    std::span<const std::uint64_t> strides;  ///< elements
    std::size_t element_nbytes;
};

/// Interface to storages that are not memory of the caller. Views share ownership of it: its address tells
/// two providers apart as long as a view of either exists. All members: any thread.
class StorageProvider {
public:
    virtual ~StorageProvider() = default;
    /// The bytes [begin, end) of a storage, checked; they live as long as the provider.
    [[nodiscard]] virtual Result<std::span<const std::byte>> bytes(std::uint32_t storage, std::uint64_t begin,
                                                                   std::uint64_t end) const = 0;
    /// Copies the bytes from `begin` on into `to`, checked, in memory of one chunk.
    [[nodiscard]] virtual Result<void> read(std::uint32_t storage, std::uint64_t begin,
                                            std::span<std::byte> to) const = 0;
    /// Copies a strided tensor, contiguous, into `to`, checked; only chunks that hold its elements are read.
    [[nodiscard]] virtual Result<void> gather(std::uint32_t storage, const StridedLayout& layout,
                                              std::span<std::byte> to) const = 0;
    /// Compares the checksums of the stored chunks that hold the bytes [begin, end), and keeps nothing. Any
    /// thread.
    [[nodiscard]] virtual Result<void> check(std::uint32_t storage, std::uint64_t begin,
                                             std::uint64_t end) const {
        MILEPOST_TRY(bytes(storage, begin, end));
        return {};
    }
    /// The bytes [begin, end) of a storage in memory that may be written, checked; they live as long as the
    /// provider. Requires: is_mapped(storage).
    [[nodiscard]] virtual Result<std::span<std::byte>> private_bytes(std::uint32_t /*storage*/,
                                                                     std::uint64_t /*begin*/,
                                                                     std::uint64_t /*end*/) const {
        return Error(Condition::layout, "the storage is not in a mapped file");
    }
    /// Whether bytes() of the storage returns a part of a mapped file, so that it copies nothing.
    [[nodiscard]] virtual bool is_mapped(std::uint32_t storage) const noexcept = 0;
};

/// What the library sets and reads of views, and no one else.
struct ViewAccess {
    /// The storage of that number.
    static StorageView storage(std::shared_ptr<const StorageProvider> provider, std::uint32_t number,
                               std::uint64_t nbytes) noexcept {
        StorageView view;
        view.provider_ = std::move(provider);
        view.number_ = number;
        view.nbytes_ = nbytes;
        return view;
    }
    /// Null for memory of the caller.
    static const StorageProvider* provider(const StorageView& view) noexcept { return view.provider_.get(); }
    /// Where the view begins in the provider's storage.
    static std::uint64_t begin(const StorageView& view) noexcept { return view.begin_; }

    /// Copies a strided tensor, contiguous, into `to`. Requires: the layout is within the storage, and `to`
    /// has room for all elements. Errors: as StorageView::bytes.
    [[nodiscard]] static Result<void> gather(const StorageView& view, const StridedLayout& layout,
                                             std::span<std::byte> to);

    /// Gives the view the name and the number that it has in a file. The provider keeps the name.
    static void set_origin(TensorView& view, std::string_view name, std::uint32_t number) noexcept {
        view.name_ = name;
        view.number_ = number;
    }

    /// One content, one form: without strides if it is contiguous, null if its rank is 0. Throws
    /// std::bad_alloc.
    [[nodiscard]] static std::shared_ptr<const TensorLayout> layout(Shape shape, Strides strides);

    /// The same tensor on another storage, without name and number.
    static TensorView on_storage(const TensorView& view, DtypeInfo dtype, StorageView storage) noexcept {
        TensorView moved(view.layout_, dtype, std::move(storage), view.offset_);
        moved.role_ = view.role_;
        moved.requires_grad_ = view.requires_grad_;
        return moved;
    }

    /// A view without a name, from `offset` (bytes) on. The layout is one that layout() made.
    static TensorView view(DtypeInfo dtype, std::shared_ptr<const TensorLayout> layout, StorageView storage,
                           std::uint64_t offset) noexcept {
        return TensorView(std::move(layout), dtype, std::move(storage), offset);
    }

    static WrittenTensor written(TensorView view) noexcept { return WrittenTensor(std::move(view)); }
};

}  // namespace milepost::detail

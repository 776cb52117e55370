#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <limits>
#include <map>
#include <memory>
#include <new>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include <ATen/ATen.h>
#include <c10/core/GradMode.h>

#include <milepost/dtype.hpp>
#include <milepost/error.hpp>
#include <milepost/result.hpp>
#include <milepost/tensor.hpp>
#include <milepost/text.hpp>

/// Tensors of LibTorch as views, and views as tensors of LibTorch. Part of <milepost/libtorch.hpp>.
namespace milepost::libtorch {

/// @cond
namespace detail {

/// Runs a function that calls LibTorch and returns a Result. What LibTorch throws becomes an error.
template <class Function>
std::invoke_result_t<Function> guarded(Function&& function) try {
    return std::forward<Function>(function)();
} catch (const std::bad_alloc&) {
    return Error(Condition::out_of_memory, "memory for tensors of LibTorch could not be allocated");
} catch (const c10::OutOfMemoryError& error) {
    return Error(Condition::out_of_memory, std::string("LibTorch: ") + error.what_without_backtrace());
} catch (const c10::Error& error) {
    return Error(Condition::callback, std::string("LibTorch: ") + error.what_without_backtrace());
} catch (const std::exception& error) {
    return Error(Condition::callback, std::string("LibTorch: ") + error.what());
}

struct DtypePair {
    at::ScalarType torch;
    Dtype milepost;
};

// f4 is not equal: an element of LibTorch is two of Milepost, in one byte.
inline constexpr std::array kDtypes{
    DtypePair{at::ScalarType::Bool, Dtype::boolean},
    DtypePair{at::ScalarType::Char, Dtype::i8},
    DtypePair{at::ScalarType::Short, Dtype::i16},
    DtypePair{at::ScalarType::Int, Dtype::i32},
    DtypePair{at::ScalarType::Long, Dtype::i64},
    DtypePair{at::ScalarType::Byte, Dtype::u8},
    DtypePair{at::ScalarType::UInt16, Dtype::u16},
    DtypePair{at::ScalarType::UInt32, Dtype::u32},
    DtypePair{at::ScalarType::UInt64, Dtype::u64},
    DtypePair{at::ScalarType::Half, Dtype::f16},
    DtypePair{at::ScalarType::BFloat16, Dtype::bf16},
    DtypePair{at::ScalarType::Float, Dtype::f32},
    DtypePair{at::ScalarType::Double, Dtype::f64},
    DtypePair{at::ScalarType::ComplexFloat, Dtype::c64},
    DtypePair{at::ScalarType::ComplexDouble, Dtype::c128},
    DtypePair{at::ScalarType::Float8_e4m3fn, Dtype::f8_e4m3fn},
    DtypePair{at::ScalarType::Float8_e5m2, Dtype::f8_e5m2},
    DtypePair{at::ScalarType::Float8_e4m3fnuz, Dtype::f8_e4m3fnuz},
    DtypePair{at::ScalarType::Float8_e5m2fnuz, Dtype::f8_e5m2fnuz},
    DtypePair{at::ScalarType::Float8_e8m0fnu, Dtype::f8_e8m0fnu},
    DtypePair{at::ScalarType::Float4_e2m1fn_x2, Dtype::f4_e2m1fn},
};

[[nodiscard]] inline Result<DtypeInfo> to_milepost(at::ScalarType dtype) {
    const auto row = std::find_if(kDtypes.begin(), kDtypes.end(),
                                  [&](const DtypePair& pair) { return pair.torch == dtype; });
    if (row == kDtypes.end())
        return Error(Condition::dtype, std::string("the dtype ") + c10::toString(dtype) +
                                           " of LibTorch is not one of Milepost");
    return *find_dtype(row->milepost);
}

[[nodiscard]] inline Result<at::ScalarType> to_torch(const DtypeInfo& dtype) {
    const auto row = std::find_if(kDtypes.begin(), kDtypes.end(),
                                  [&](const DtypePair& pair) { return pair.milepost == dtype.code; });
    // A newer library may have given the code, in its files, a name that this one does not know.
    if (row == kDtypes.end() || find_dtype(dtype.code) != dtype)
        return Error(Condition::dtype, "LibTorch does not have the dtype " + escape(dtype.name, 40));
    return row->torch;
}

[[nodiscard]] inline Error wrong_tensor(std::string_view what) {
    return Error(Condition::wrong_type, "a tensor " + std::string(what));
}

/// Refuses what is not a plain array of bytes. Requires: none. Errors: invalid_argument/wrong_type.
[[nodiscard]] inline Result<void> check_plain(const at::Tensor& tensor) {
    if (!tensor.defined()) return wrong_tensor("is undefined");
    if (tensor.is_nested()) return wrong_tensor("is nested");
    if (tensor.layout() != at::kStrided) return wrong_tensor("has the layout " + c10::str(tensor.layout()));
    if (tensor.is_quantized()) return wrong_tensor(c10::str("is quantized: ", tensor.scalar_type()));
    if (tensor.is_meta()) return wrong_tensor("is on the meta device and has no bytes");
    if (tensor._is_zerotensor()) return wrong_tensor("is a zero tensor of autograd and has no bytes");
    if (!tensor.has_storage()) return wrong_tensor("has no storage: it belongs to a transformation");
    return {};
}

/// All bytes of the storage of a tensor, on its device.
[[nodiscard]] inline at::Tensor storage_bytes(const at::Tensor& tensor) {
    const auto nbytes = static_cast<std::int64_t>(tensor.storage().nbytes());
    return at::empty({0}, at::TensorOptions(tensor.device()).dtype(at::kByte))
        .set_(tensor.storage(), 0, {nbytes}, {1});
}

[[nodiscard]] inline bool is_f4(at::ScalarType dtype) noexcept {
    return dtype == at::ScalarType::Float4_e2m1fn_x2;
}

/// Shape, strides and byte offset as Milepost counts them.
struct Layout {
    Shape shape;
    Strides strides;  // empty if contiguous
    std::uint64_t offset;
};

[[nodiscard]] inline Result<Layout> layout_of(const at::Tensor& tensor) {
    Layout layout;
    layout.shape.assign(tensor.sizes().begin(), tensor.sizes().end());
    layout.offset = static_cast<std::uint64_t>(tensor.storage_offset() * tensor.element_size());
    if (!tensor.is_contiguous()) layout.strides.assign(tensor.strides().begin(), tensor.strides().end());
    if (!is_f4(tensor.scalar_type())) return layout;
    if (layout.shape.empty()) return wrong_tensor("of Float4_e2m1fn_x2 has no dimension of pairs");
    if (!layout.strides.empty())
        return wrong_tensor("of Float4_e2m1fn_x2 is strided: Milepost has contiguous ones only");
    layout.shape.back() *= 2;
    return layout;
}

}  // namespace detail
/// @endcond

/// Makes views of tensors. A tensor on another device than the CPU is copied; one copy of each storage, so
/// that what is tied stays tied in all views of one exporter.
///
///     milepost::libtorch::TensorExporter exporter;
///     auto weight = exporter.view(linear->weight);
///     auto tied = exporter.view(head->weight);                // the same storage: saved once
///
/// Views share ownership of what they view, and need neither the exporter nor the tensor. An exporter keeps
/// the copies that it made: use a new one for each save.
/// Threads: one at a time.
class TensorExporter {
public:
    /// A view of the tensor: dtype, shape, strides, offset, storage, requires_grad; its role is plain.
    ///
    /// On the CPU nothing is copied: the view shares the storage, as a detached tensor does, and sees what is
    /// written to it later. The storage must not be resized while the view is used. Views of one at::Storage
    /// have equal TensorView::storage. Conjugate and negative views are resolved, which copies. An element of
    /// Float4_e2m1fn_x2, two numbers in a byte, becomes two in the last dimension.
    ///
    /// Errors: invalid_argument/wrong_type for what has no plain bytes: undefined, nested, sparse, quantized
    /// and meta tensors, and zero tensors of autograd; and for a Float4_e2m1fn_x2 of rank 0 or with strides.
    /// unsupported/dtype for a dtype that Milepost does not have (ComplexHalf, bits, integers below 8 bits);
    /// invalid_argument/callback for what LibTorch throws; io_error/out_of_memory.
    [[nodiscard]] Result<TensorView> view(const at::Tensor& tensor) {
        return detail::guarded([&]() -> Result<TensorView> {
            MILEPOST_TRY(detail::check_plain(tensor));
            const c10::NoGradGuard no_grad;
            const at::Tensor plain = tensor.resolve_conj().resolve_neg();
            MILEPOST_TRY_ASSIGN(const DtypeInfo dtype, detail::to_milepost(plain.scalar_type()));
            MILEPOST_TRY_ASSIGN(auto layout, detail::layout_of(plain));
            MILEPOST_TRY_ASSIGN(auto storage, storage_of(plain));
            return TensorView(dtype, std::move(layout.shape), std::move(storage), layout.offset,
                              std::move(layout.strides))
                .with_role(Role::plain, tensor.requires_grad());
        });
    }

private:
    [[nodiscard]] Result<StorageView> storage_of(const at::Tensor& tensor) {
        if (tensor.is_cpu()) return share(tensor.storage());
        const auto* key = tensor.storage().unsafeGetStorageImpl();
        const auto found = copies_.find(key);
        if (found != copies_.end()) return found->second.view;
        MILEPOST_TRY_ASSIGN(auto view, share(detail::storage_bytes(tensor).cpu().storage()));
        copies_.emplace(key, Copy{tensor.storage(), view});
        return view;
    }

    [[nodiscard]] static Result<StorageView> share(const c10::Storage& storage) {
        const auto* data = static_cast<const std::byte*>(storage.data());
        if (data == nullptr && storage.nbytes() != 0)
            return detail::wrong_tensor("has a storage whose memory was given back");
        return StorageView({data, storage.nbytes()}, std::make_shared<const c10::Storage>(storage));
    }

    struct Copy {
        c10::Storage storage;  // of the device: kept, so that no other one gets its address
        StorageView view;
    };
    std::map<const c10::StorageImpl*, Copy> copies_;
};

/// A view of one tensor: TensorExporter::view. Several tensors that share a storage of another device than
/// the CPU need one exporter.
[[nodiscard]] inline Result<TensorView> view(const at::Tensor& tensor) {
    return TensorExporter().view(tensor);
}

/// @cond
namespace detail {

[[nodiscard]] inline Result<std::vector<std::int64_t>> to_signed(const std::vector<std::uint64_t>& numbers) {
    constexpr auto kMost = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
    if (std::any_of(numbers.begin(), numbers.end(), [](std::uint64_t number) { return number > kMost; }))
        return Error(Condition::layout, "a size or stride does not fit the 64 signed bits of LibTorch");
    return std::vector<std::int64_t>(numbers.begin(), numbers.end());
}

/// A tensor over a storage that begins at byte `begin` of the storage of the view. Requires: check_layout(),
/// which also refuses an offset within an element.
[[nodiscard]] inline Result<at::Tensor> tensor_on(const c10::Storage& storage, std::uint64_t begin,
                                                  const TensorView& view) {
    MILEPOST_TRY_ASSIGN(const at::ScalarType dtype, to_torch(view.dtype()));
    MILEPOST_TRY_ASSIGN(auto sizes, to_signed(view.shape()));
    MILEPOST_TRY_ASSIGN(const auto strides, to_signed(view.strides()));
    if (is_f4(dtype)) {
        if (sizes.empty() || sizes.back() % 2 != 0)
            return Error(Condition::layout,
                         "LibTorch has f4_e2m1fn in pairs; the last dimension is not even");
        sizes.back() /= 2;
    }
    at::Tensor tensor = at::empty({0}, at::TensorOptions(at::kCPU).dtype(dtype));
    const std::uint64_t offset = view.offset() - begin;
    const auto first = static_cast<std::int64_t>(offset / static_cast<std::uint64_t>(tensor.element_size()));
    if (strides.empty()) {
        std::vector<std::int64_t> row_major(sizes.size(), 1);
        for (std::size_t i = sizes.size(); i-- > 1;)
            row_major[i - 1] = row_major[i] * std::max<std::int64_t>(sizes[i], 1);
        tensor.set_(storage, first, sizes, row_major);
    } else {
        tensor.set_(storage, first, sizes, strides);
    }
    return tensor;
}

/// The bytes as a storage: those of the mapped file, private to the process, or a copy in memory.
[[nodiscard]] inline Result<c10::Storage> to_storage(const StorageView& view) {
    if (!view.is_mapped()) {
        const at::Tensor copy = at::empty({static_cast<std::int64_t>(view.nbytes())}, at::kByte);
        MILEPOST_TRY(view.read(0, {static_cast<std::byte*>(copy.mutable_data_ptr()), view.nbytes()}));
        return copy.storage();
    }
    MILEPOST_TRY_ASSIGN(const auto bytes, view.private_bytes(0, view.nbytes()));
    auto file = std::make_unique<StorageView>(view);  // keeps the file open
    c10::DataPtr data(
        bytes.data(), file.release(), [](void* kept) { delete static_cast<StorageView*>(kept); },
        at::Device(at::kCPU));
    return c10::Storage(c10::Storage::use_byte_size_t(), bytes.size(), std::move(data), nullptr, false);
}

/// The bytes of the storage that the tensor reaches. Requires: check_layout().
[[nodiscard]] inline std::pair<std::uint64_t, std::uint64_t> extent_of(const TensorView& view) {
    if (view.element_count() == 0) return {view.offset(), view.offset()};
    if (view.is_contiguous()) return {view.offset(), view.offset() + view.nbytes()};
    std::uint64_t last = 0;
    for (std::size_t i = 0; i < view.rank(); ++i)
        last += (view.shape()[i] - 1) * view.strides()[i];
    return {view.offset(), view.offset() + (last + 1) * (view.dtype().bits / 8U)};
}

/// LibTorch is compiled for bools that are 0 or 1; a file may hold others. `storage` begins at byte `begin`
/// of the storage of the view.
[[nodiscard]] inline Result<void> check_bools(const c10::Storage& storage, std::uint64_t begin,
                                              const TensorView& view) {
    if (view.dtype().code != Dtype::boolean) return {};
    const auto [first, last] = extent_of(view);
    const std::span all(static_cast<const std::uint8_t*>(storage.data()), storage.nbytes());
    const auto bytes = all.subspan(first - begin, last - first);
    if (std::any_of(bytes.begin(), bytes.end(), [](std::uint8_t byte) { return byte > 1; }))
        return Error(Condition::wrong_type, "a bool is neither 0 nor 1");
    return {};
}

[[nodiscard]] inline at::Tensor with_requires_grad(at::Tensor tensor, const TensorView& view) {
    const bool is_differentiable = at::isFloatingType(tensor.scalar_type()) || tensor.is_complex();
    if (view.requires_grad() && is_differentiable) tensor.set_requires_grad(true);
    return tensor;
}

}  // namespace detail
/// @endcond

/// Makes tensors of LibTorch of views. Views of one storage become tensors of one at::Storage, so that what
/// is tied in the file is tied in memory.
///
///     milepost::libtorch::TensorImporter importer;
///     auto weight = importer.tensor(*file->tensor("model", "embedding.weight"));
///     auto head = importer.tensor(*file->tensor("model", "head.weight"));
///
/// It keeps each storage that it made until it is destroyed; the tensors need neither it nor the Reader.
/// Threads: one at a time.
class TensorImporter {
public:
    /// A tensor on the CPU with the dtype, shape, strides, offset and requires_grad of the view.
    ///
    /// If the storage is mapped (TensorView::is_mapped), nothing is copied: the tensor is in a mapping of the
    /// file that is private to the process, see StorageView::private_bytes. It can be written to, which
    /// changes neither the file nor other views. All tensors that are made so of one Reader, by any importer,
    /// are in one mapping: what is written to one of them is what a tensor of the same bytes has from then
    /// on. It keeps the file open: the Reader may go, and the file may be replaced or removed. It must not be
    /// cut or rewritten in place. Any other storage is loaded, as a whole, into memory that the tensors own.
    ///
    /// The checksums of the whole storage are compared before this returns.
    ///
    /// Errors: unsupported/dtype for a dtype that LibTorch does not have (f6, f8_e3m4, ...);
    /// invalid_argument/layout for an f4_e2m1fn whose last dimension is odd, for an offset within an element,
    /// and as TensorView::check_layout; /wrong_type if a bool is neither 0 nor 1;
    /// /callback for what LibTorch throws; those of TensorView::bytes and StorageView::private_bytes.
    [[nodiscard]] Result<at::Tensor> tensor(const TensorView& view) {
        return detail::guarded([&]() -> Result<at::Tensor> {
            MILEPOST_TRY(view.check_layout());
            const c10::NoGradGuard no_grad;
            auto found = storages_.find(view.storage());
            if (found == storages_.end()) {
                MILEPOST_TRY_ASSIGN(auto storage, detail::to_storage(view.storage()));
                found = storages_.emplace(view.storage(), std::move(storage)).first;
            }
            MILEPOST_TRY(detail::check_bools(found->second, 0, view));
            MILEPOST_TRY_ASSIGN(auto tensor, detail::tensor_on(found->second, 0, view));
            return detail::with_requires_grad(std::move(tensor), view);
        });
    }

private:
    std::map<StorageView, c10::Storage> storages_;
};

/// One tensor, as TensorImporter::tensor makes it, but of no more of the storage than the view reaches: for a
/// slice of a large tensor, only the chunks that hold it are read. Errors: as there.
[[nodiscard]] inline Result<at::Tensor> tensor(const TensorView& view) {
    return detail::guarded([&]() -> Result<at::Tensor> {
        MILEPOST_TRY(view.check_layout());
        const c10::NoGradGuard no_grad;
        const auto [begin, end] = detail::extent_of(view);
        MILEPOST_TRY_ASSIGN(const auto part, view.storage().part(begin, end));
        MILEPOST_TRY_ASSIGN(const auto storage, detail::to_storage(part));
        MILEPOST_TRY(detail::check_bools(storage, begin, view));
        MILEPOST_TRY_ASSIGN(auto tensor, detail::tensor_on(storage, begin, view));
        return detail::with_requires_grad(std::move(tensor), view);
    });
}

}  // namespace milepost::libtorch

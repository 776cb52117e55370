#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <milepost/dtype.hpp>
#include <milepost/error.hpp>
#include <milepost/result.hpp>
#include <milepost/tensor.hpp>
#include <milepost/text.hpp>

#include "base/checked.hpp"
#include "base/message.hpp"
#include "convert/pickle/negated.hpp"
#include "convert/pickle/objects.hpp"
#include "convert/pickle/torch_dtypes.hpp"
#include "convert/pickle/value_of.hpp"

namespace milepost::convert::pickle {
namespace {

using base::checked_add;
using base::checked_mul;
using base::message;

/// As PyTorch: dimensions of one element have any stride, and so has a tensor without elements.
bool is_contiguous(const Shape& shape, const Strides& strides) {
    if (std::find(shape.begin(), shape.end(), 0U) != shape.end()) return true;
    std::uint64_t expected = 1;
    for (std::size_t dim = shape.size(); dim-- > 0;) {
        if (shape[dim] == 1) continue;
        if (strides[dim] != expected) return false;
        if (!checked_mul(expected, shape[dim], expected)) return false;
    }
    return true;
}

/// PyTorch counts pairs in the last dimension, Milepost elements.
Result<void> unpack(TensorObject& tensor) {
    if (tensor.shape.empty() || !is_contiguous(tensor.shape, tensor.strides))
        return Error(
            Condition::feature,
            "is a tensor of float4_e2m1fn_x2 that is not contiguous, or has no dimension: it cannot be "
            "viewed by element");
    if (!checked_mul(tensor.shape.back(), 2, tensor.shape.back()))
        return Error(Condition::foreign, "the last size of a tensor is too large");
    return {};
}

Error not_within(std::string_view what, const StorageObject& storage) {
    return Error(Condition::foreign,
                 message(what, " is not within storage ", escape(storage.key, 120), ", which has ",
                         storage.count, storage.dtype == nullptr ? " bytes" : " elements"));
}

/// The offset in elements from the beginning of the whole storage, of which a part may be meant.
Result<std::uint64_t> offset_of(const TensorObject& tensor, const StorageObject& storage) {
    if (!storage.part) return tensor.offset;
    const auto [begin, count] = *storage.part;
    if (!base::range_within(begin, count, storage.count)) return not_within("a view of a storage", storage);
    std::uint64_t offset = 0;
    if (tensor.offset > count || !checked_add(begin, tensor.offset, offset))
        return not_within("the offset of a tensor", storage);
    return offset;
}

}  // namespace

Result<TensorView> tensor_of(const Objects& objects, Ref ref, Storages& storages) {
    TensorObject tensor = objects.tensor(ref);
    if (objects.type(tensor.storage) != Type::storage)
        return Error(Condition::foreign, "is a tensor without a storage");
    const StorageObject& storage = objects.storage(tensor.storage);
    const TorchDtype* dtype = tensor.dtype != nullptr ? tensor.dtype : storage.dtype;
    if (dtype == nullptr) dtype = find_torch_dtype("uint8");
    const auto info = find_dtype(dtype->dtype);
    if (!info)
        return Error(Condition::feature,
                     message("is a tensor of the dtype ", dtype->name,
                             ", which Milepost does not have: convert it before it is saved"));
    MILEPOST_TRY_ASSIGN(const StorageView bytes, storages.find(storage));
    MILEPOST_TRY_ASSIGN(std::uint64_t offset, offset_of(tensor, storage));
    if (!checked_mul(offset, dtype->nbytes, offset)) return not_within("the offset of a tensor", storage);
    if (is_packed(*dtype)) MILEPOST_TRY(unpack(tensor));
    const bool is_dense_rows = is_packed(*dtype) || is_contiguous(tensor.shape, tensor.strides);
    TensorView view(*info, std::move(tensor.shape), bytes, offset,
                    is_dense_rows ? Strides() : std::move(tensor.strides));
    if (const auto fits = view.check_layout(); !fits)
        return not_within(message("a tensor (", fits.error().message(), ")"), storage);
    if (tensor.is_conjugate || tensor.is_negative) {
        MILEPOST_TRY_ASSIGN(view, negated(view, tensor.is_conjugate, tensor.is_negative));
    }
    if (tensor.role == Role::plain && !tensor.requires_grad) return view;
    return view.with_role(tensor.role, tensor.requires_grad);
}

Result<TensorView> array_of(const std::shared_ptr<Objects>& objects, Ref ref) {
    const ArrayObject& array = objects->array(ref);
    if (!array.dtype) return Error(Condition::foreign, "is an array of NumPy without elements");
    const auto info = find_dtype(array.dtype->dtype);
    const std::string_view content = objects->text(array.content);
    std::uint64_t nbytes = info->bits / 8U;
    Strides strides(array.shape.size());
    for (std::size_t i = 0; i < array.shape.size(); ++i) {
        const std::size_t dim = array.is_fortran ? i : array.shape.size() - 1 - i;
        strides[dim] = nbytes / (info->bits / 8U);
        if (!checked_mul(nbytes, array.shape[dim], nbytes)) nbytes = UINT64_MAX;
    }
    if (nbytes != content.size())
        return Error(Condition::foreign, message("is an array of NumPy with ", content.size(),
                                                 " bytes, and its shape and dtype need another number"));
    const StorageView storage(std::as_bytes(std::span(content)), objects);
    if (is_contiguous(array.shape, strides)) strides.clear();
    TensorView view(*info, array.shape, storage, 0, std::move(strides));
    if (const auto fits = view.check_layout(); !fits)
        return Error(Condition::foreign, message("is an array of NumPy: ", fits.error().message()));
    return view;
}

std::vector<StorageView> array_storages(const std::shared_ptr<Objects>& objects) {
    std::vector<StorageView> storages;
    for (Ref ref = 0; ref < objects->size(); ++ref) {
        if (objects->type(ref) == Type::numpy_array && objects->array(ref).dtype)
            storages.emplace_back(std::as_bytes(std::span(objects->text(objects->array(ref).content))),
                                  objects);
    }
    return storages;
}

}  // namespace milepost::convert::pickle

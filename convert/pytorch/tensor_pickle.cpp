#include "convert/pytorch/tensor_pickle.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <milepost/dtype.hpp>
#include <milepost/stable_vector.hpp>
#include <milepost/tensor.hpp>
#include <milepost/value.hpp>

#include "convert/pickle/writer.hpp"
#include "convert/pytorch/torch_values.hpp"

namespace milepost::convert::pytorch {

TensorPickler::TensorPickler(pickle::Writer& writer, const Value& object) : writer_(writer) {
    std::vector<const Value*> waiting = {&object};
    const auto wait_for = [&](const StableVector<Value>& items) {
        for (const Value& item : items)
            waiting.push_back(&item);
    };
    while (!waiting.empty()) {
        const Value& value = *waiting.back();
        waiting.pop_back();
        if (!why_not_held(value).empty()) continue;
        if (const auto* tensor = value.get_if<TensorView>()) note(*tensor);
        if (const auto* list = value.get_if<List>()) wait_for(list->items);
        if (const auto* tuple = value.get_if<Tuple>()) wait_for(tuple->items);
        if (const auto* dict = value.get_if<Dict>()) {
            for (const auto* pairs : {&dict->items, &dict->attributes}) {
                for (const auto& pair : *pairs)
                    waiting.push_back(&pair.second);
            }
        }
    }
}

void TensorPickler::note(const TensorView& tensor) {
    const StorageClass* type = find_storage_class(tensor.dtype());
    const bool is_typed = !type->name.empty() && tensor.storage().nbytes() % (tensor.dtype().bits / 8U) == 0;
    const auto [at, is_new] = storages_.try_emplace(tensor.storage());
    if (is_new)
        at->second.type = is_typed ? type : nullptr;
    else if (at->second.type != type)
        at->second.type = nullptr;
}

void TensorPickler::put(const TensorView& tensor) {
    const bool requires_grad = tensor.requires_grad() && takes_grad(tensor.dtype().code);
    switch (tensor.role()) {
        case Role::parameter:
            writer_.global("torch._utils", "_rebuild_parameter");
            put_view(tensor, false);
            writer_.boolean(requires_grad);
            put_ordered_dict();  // hooks
            return call(3);
        case Role::buffer:
            return put_buffer(tensor, requires_grad);
        case Role::plain:
            break;
    }
    put_view(tensor, requires_grad);
}

/// A tensor with the attributes of torch.nn.Buffer; older versions of PyTorch take it as a tensor.
void TensorPickler::put_buffer(const TensorView& tensor, bool requires_grad) {
    writer_.global("torch._tensor", "_rebuild_from_type_v2");
    writer_.mark();
    const std::size_t arguments = put_arguments(tensor, requires_grad, true);
    writer_.tuple(arguments);
    writer_.empty_dict();
    writer_.mark();
    for (const std::string_view attribute : {"persistent", "_is_buffer"}) {
        writer_.text(attribute);
        writer_.boolean(true);
    }
    writer_.set_items(2);
    writer_.tuple(4);
    writer_.reduce();
}

void TensorPickler::put_view(const TensorView& tensor, bool requires_grad) {
    const std::size_t arguments = put_arguments(tensor, requires_grad, false);
    writer_.tuple(arguments);
    writer_.reduce();
}

/// The function that makes a view of a storage, and its arguments, whose number it returns.
std::size_t TensorPickler::put_arguments(const TensorView& tensor, bool requires_grad, bool is_buffer) {
    UsedStorage& storage = storage_of(tensor);
    const bool is_typed = storage.type != nullptr;
    writer_.global("torch._utils", is_typed ? "_rebuild_tensor_v2" : "_rebuild_tensor_v3");
    if (is_buffer) writer_.global("torch", "Tensor");
    writer_.mark();
    put_storage(tensor, storage);
    const std::uint64_t element = std::max<std::uint64_t>(1, tensor.dtype().bits / 8U);
    writer_.integer(tensor.offset() / element);
    put_layout(tensor);
    writer_.boolean(requires_grad);
    put_ordered_dict();
    if (!is_typed) writer_.global("torch", find_storage_class(tensor.dtype())->torch_name);
    return is_typed ? 6 : 7;
}

/// Storages without bytes are all equal, and no tensors share one.
TensorPickler::UsedStorage& TensorPickler::storage_of(const TensorView& tensor) {
    if (tensor.storage().nbytes() != 0) return storages_.at(tensor.storage());
    const StorageClass* type = find_storage_class(tensor.dtype());
    empty_ = {.type = type->name.empty() ? nullptr : type};
    return empty_;
}

void TensorPickler::put_storage(const TensorView& tensor, UsedStorage& storage) {
    const StorageView& bytes = tensor.storage();
    if (!storage.number) {
        storage.number = numbered_.size();
        numbered_.push_back(bytes);
    }
    writer_.mark();
    writer_.text("storage");
    if (storage.type != nullptr)
        writer_.global("torch", storage.type->name);
    else
        writer_.global("torch.storage", "UntypedStorage");
    writer_.text(std::to_string(*storage.number));
    writer_.text("cpu");
    writer_.integer(storage.type != nullptr ? bytes.nbytes() / (tensor.dtype().bits / 8U) : bytes.nbytes());
    writer_.tuple(5);
    writer_.persistent_id();
}

/// Sizes and strides; of elements of 4 bits, those of pairs.
void TensorPickler::put_layout(const TensorView& tensor) {
    Shape shape = tensor.shape();
    if (tensor.dtype().bits == 4) shape.back() /= 2;
    Strides strides = tensor.strides();
    if (strides.empty()) {
        strides.resize(shape.size());
        std::uint64_t stride = 1;
        for (std::size_t i = shape.size(); i-- > 0;) {
            strides[i] = stride;
            stride *= std::max<std::uint64_t>(shape[i], 1);  // as PyTorch has it
        }
    }
    for (const auto* numbers : {&shape, &strides}) {
        if (pickle::Writer::needs_mark(numbers->size())) writer_.mark();
        for (const std::uint64_t number : *numbers)
            writer_.integer(number);
        writer_.tuple(numbers->size());
    }
}

/// An empty one.
void TensorPickler::put_ordered_dict() {
    writer_.global("collections", "OrderedDict");
    call(0);
}

void TensorPickler::call(std::size_t arguments) {
    writer_.tuple(arguments);
    writer_.reduce();
}

}  // namespace milepost::convert::pytorch

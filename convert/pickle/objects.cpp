#include "convert/pickle/objects.hpp"

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <milepost/error.hpp>
#include <milepost/options.hpp>
#include <milepost/result.hpp>

#include "base/message.hpp"

namespace milepost::convert::pickle {
namespace {

using base::message;

/// In `extra` of a text: where it is.
constexpr std::uint32_t kInPickle = 0, kOwned = 1;
/// What an allocation takes beside its content.
constexpr std::uint64_t kAllocationNbytes = 32;

}  // namespace

std::string_view type_name(Type type) noexcept {
    switch (type) {
        case Type::none:
            return "None";
        case Type::boolean:
            return "bool";
        case Type::integer:
        case Type::long_integer:
            return "int";
        case Type::floating:
            return "float";
        case Type::complex:
            return "complex";
        case Type::string:
            return "str";
        case Type::old_string:
            return "str of Python 2";
        case Type::bytes:
            return "bytes";
        case Type::bytearray:
            return "bytearray";
        case Type::list:
            return "list";
        case Type::tuple:
            return "tuple";
        case Type::size:
            return "torch.Size";
        case Type::set:
            return "set";
        case Type::dict:
            return "dict";
        case Type::ordered_dict:
            return "OrderedDict";
        case Type::counter:
            return "Counter";
        case Type::device:
            return "torch.device";
        case Type::layout:
            return "torch.layout";
        case Type::global:
            return "function or class";
        case Type::storage:
            return "storage";
        case Type::tensor:
            return "tensor";
        case Type::numpy_dtype:
            return "numpy.dtype";
        case Type::numpy_array:
            return "numpy.ndarray";
        case Type::script_class:
            return "TorchScript class";
        case Type::script_object:
            return "object of a TorchScript class";
    }
    return "object";
}

Objects::Objects(std::string pickle, const Limits& limits)
    : pickle_(std::move(pickle)),
      limits_(limits),
      objects_{{Type::none}, {Type::boolean}, {.type = Type::boolean, .first = 1}} {}

Result<void> Objects::charge(std::uint64_t nbytes) {
    if (nbytes > limits_.max_decoded_bytes - std::min(charged_, limits_.max_decoded_bytes))
        return Error(Condition::decoded_bytes, message("the objects of the pickle take more than ",
                                                       limits_.max_decoded_bytes, " bytes of memory"));
    charged_ += nbytes;
    return {};
}

Result<Ref> Objects::add(Object object, std::uint64_t nbytes) {
    if (objects_.size() >= std::min<std::uint64_t>(limits_.max_records, UINT32_MAX))
        return Error(Condition::records,
                     message("the pickle has more than ", limits_.max_records, " objects"));
    MILEPOST_TRY(charge(sizeof(Object) + nbytes));
    objects_.push_back(object);
    return static_cast<Ref>(objects_.size() - 1);
}

Result<Ref> Objects::add_integer(std::int64_t value) {
    return add({.type = Type::integer, .first = std::bit_cast<std::uint64_t>(value)});
}

Result<Ref> Objects::add_floating(double value) {
    return add({.type = Type::floating, .first = std::bit_cast<std::uint64_t>(value)});
}

Result<Ref> Objects::add_complex(double real, double imaginary) {
    return add({.type = Type::complex,
                .first = std::bit_cast<std::uint64_t>(real),
                .second = std::bit_cast<std::uint64_t>(imaginary)});
}

Result<Ref> Objects::add_global(std::uint32_t row) {
    return add({.type = Type::global, .extra = row});
}

Result<Ref> Objects::add_numpy_dtype(NumpyDtype dtype) {
    MILEPOST_TRY_ASSIGN(const Ref ref, add({.type = Type::numpy_dtype}));
    set_numpy_dtype(ref, dtype);
    return ref;
}

Result<Ref> Objects::add_text(Type type, std::uint64_t begin, std::uint64_t nbytes) {
    return add({.type = type, .extra = kInPickle, .first = begin, .second = nbytes});
}

Result<Ref> Objects::add_text(Type type, std::string text) {
    MILEPOST_TRY_ASSIGN(const Ref ref, add({.type = type, .extra = kOwned, .first = texts_.size()},
                                           text.size() + kAllocationNbytes));
    texts_.push_back(std::move(text));
    return ref;
}

std::string_view Objects::text(Ref ref) const noexcept {
    const Object& object = objects_[ref];
    if (object.extra == kOwned) return texts_[index_of(ref)];
    return pickle().substr(static_cast<std::size_t>(object.first), static_cast<std::size_t>(object.second));
}

Result<Ref> Objects::add_container(Type type, std::vector<Ref> items) {
    const std::uint64_t nbytes = sizeof items + kAllocationNbytes + items.size() * sizeof(Ref);
    MILEPOST_TRY_ASSIGN(const Ref ref, add({.type = type, .first = items_.size()}, nbytes));
    items_.push_back(std::move(items));
    return ref;
}

Result<Ref> Objects::add_storage(StorageObject storage) {
    const std::uint64_t nbytes = sizeof storage + storage.key.size() + kAllocationNbytes;
    MILEPOST_TRY_ASSIGN(const Ref ref, add({.type = Type::storage, .first = storages_.size()}, nbytes));
    storages_.push_back(std::move(storage));
    return ref;
}

Result<Ref> Objects::add_tensor(TensorObject tensor) {
    const std::uint64_t nbytes =
        sizeof tensor + 2 * kAllocationNbytes + 2 * sizeof(std::uint64_t) * tensor.shape.size();
    MILEPOST_TRY_ASSIGN(const Ref ref, add({.type = Type::tensor, .first = tensors_.size()}, nbytes));
    tensors_.push_back(std::move(tensor));
    return ref;
}

Result<Ref> Objects::add_array() {
    MILEPOST_TRY_ASSIGN(const Ref ref,
                        add({.type = Type::numpy_array, .first = arrays_.size()}, sizeof(ArrayObject)));
    arrays_.emplace_back();
    return ref;
}

Result<void> Objects::append(Ref ref, std::span<const Ref> items) {
    // A vector that grows has up to twice the memory of what it holds.
    MILEPOST_TRY(charge(2 * sizeof(Ref) * items.size()));
    std::vector<Ref>& to = items_[index_of(ref)];
    to.insert(to.end(), items.begin(), items.end());
    return {};
}

}  // namespace milepost::convert::pickle

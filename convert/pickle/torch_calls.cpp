#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <milepost/error.hpp>
#include <milepost/result.hpp>
#include <milepost/tensor.hpp>
#include <milepost/text.hpp>

#include "base/message.hpp"
#include "convert/pickle/calls.hpp"
#include "convert/pickle/globals.hpp"
#include "convert/pickle/objects.hpp"
#include "convert/pickle/torch_dtypes.hpp"

namespace milepost::convert::pickle {
namespace {

using base::message;

/// Storage, offset, shape and strides, with which the arguments of all functions begin.
constexpr std::size_t kViewArguments = 4;

/// Sizes or strides. The rank is compared first: a list may be long, and many tensors may share it.
Result<std::vector<std::uint64_t>> dims_of(const Objects& objects, Ref ref, std::string_view what) {
    const auto items = sequence_of(objects, ref);
    if (items && items->size() > objects.limits().max_rank)
        return Error(Condition::rank, message("a tensor has ", items->size(), " dimensions, more than ",
                                              objects.limits().max_rank));
    auto dims = counts_of(objects, ref);
    if (!dims) return Error(Condition::foreign, message("the ", what, " of a tensor are not counts"));
    return *std::move(dims);
}

/// Reads the first arguments of all functions that rebuild a tensor.
Result<TensorObject> view_of(Objects& objects, std::span<const Ref> arguments) {
    TensorObject tensor;
    if (objects.type(arguments[0]) != Type::storage)
        return Error(
            Condition::foreign,
            message("a tensor is made of a ", type_name(objects.type(arguments[0])), ", not of a storage"));
    tensor.storage = arguments[0];
    const auto offset = count_of(objects, arguments[1]);
    if (!offset) return Error(Condition::foreign, "the offset of a tensor is not a count");
    tensor.offset = *offset;
    MILEPOST_TRY_ASSIGN(tensor.shape, dims_of(objects, arguments[2], "sizes"));
    MILEPOST_TRY_ASSIGN(tensor.strides, dims_of(objects, arguments[3], "strides"));
    if (tensor.shape.size() != tensor.strides.size())
        return Error(Condition::foreign, message("a tensor has ", tensor.shape.size(), " sizes and ",
                                                 tensor.strides.size(), " strides"));
    return tensor;
}

/// The bits of a view: {"conj": True, "neg": True}.
Result<void> set_bits(Objects& objects, Ref metadata, TensorObject& tensor) {
    if (metadata == Objects::kNone) return {};
    if (objects.type(metadata) != Type::dict)
        return Error(Condition::foreign, "the metadata of a tensor is not a dict");
    const std::vector<Ref>& items = objects.items(metadata);
    MILEPOST_TRY(objects.charge(items.size()));  // many tensors may share a dict: this bounds the time
    for (std::size_t i = 0; i < items.size(); i += 2) {
        const auto key = text_of(objects, items[i]);
        const auto is_set = boolean_of(objects, items[i + 1]);
        if ((key != "conj" && key != "neg") || !is_set)
            return Error(Condition::feature,
                         message("a tensor has the metadata ", key ? escape(*key, 120) : "of another type",
                                 ", which belongs to a device"));
        (key == "conj" ? tensor.is_conjugate : tensor.is_negative) = *is_set;
    }
    return {};
}

const TorchDtype* dtype_of(const Objects& objects, Ref ref) {
    if (objects.type(ref) != Type::global) return nullptr;
    const GlobalRow& row = global_at(objects.global_row(ref));
    return row.kind == GlobalKind::dtype ? find_torch_dtype(row.dtype) : nullptr;
}

/// A tensor with requires_grad, backward_hooks, which are never saved, and what the versions differ in.
Result<Ref> rebuild(const Call& call, bool has_dtype) {
    const std::size_t required = kViewArguments + (has_dtype ? 3 : 2);
    const std::span<const Ref> arguments = call.arguments;
    if (arguments.size() != required && arguments.size() != required + 1) return bad_arguments(call);
    MILEPOST_TRY_ASSIGN(TensorObject tensor, view_of(call.objects, arguments));
    const auto requires_grad = boolean_of(call.objects, arguments[4]);
    if (!requires_grad) return bad_arguments(call);
    tensor.requires_grad = *requires_grad;
    if (has_dtype) {
        tensor.dtype = dtype_of(call.objects, arguments[6]);
        if (tensor.dtype == nullptr) return bad_arguments(call);
    }
    if (arguments.size() > required) MILEPOST_TRY(set_bits(call.objects, arguments[required], tensor));
    return call.objects.add_tensor(std::move(tensor));
}

Result<Ref> parameter_of(Objects& objects, Ref tensor, bool requires_grad) {
    TensorObject made = objects.tensor(tensor);
    made.role = Role::parameter;
    made.requires_grad = requires_grad;
    return objects.add_tensor(std::move(made));
}

/// Whether the state of a tensor with attributes marks it as a buffer of a module. Python keeps its other
/// attributes nowhere, either.
Result<bool> is_buffer(Objects& objects, Ref state) {
    if (objects.type(state) != Type::dict) return false;
    const std::vector<Ref>& items = objects.items(state);
    MILEPOST_TRY(objects.charge(items.size()));
    for (std::size_t i = items.size(); i >= 2; i -= 2) {
        if (text_of(objects, items[i - 2]) == "_is_buffer") return items[i - 1] == Objects::kTrue;
    }
    return false;
}

bool is_device_type(std::string_view text) {
    return !text.empty() && text.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789_:") == text.npos;
}

}  // namespace

Result<Ref> call_size(const Call& call) {
    if (call.arguments.empty()) return call.objects.add_container(Type::size, {});
    if (call.arguments.size() != 1) return bad_arguments(call);
    const auto items = sequence_of(call.objects, call.arguments[0]);
    if (!items) return bad_arguments(call);
    MILEPOST_TRY(call.objects.charge(items->size() * sizeof(Ref)));
    for (const Ref item : *items) {
        if (call.objects.type(item) != Type::integer) return bad_arguments(call);
    }
    return call.objects.add_container(Type::size, {items->begin(), items->end()});
}

Result<Ref> call_device(const Call& call) {
    if (call.arguments.empty() || call.arguments.size() > 2) return bad_arguments(call);
    const auto type = text_of(call.objects, call.arguments[0]);
    if (!type || !is_device_type(*type) || type->size() > 64) return bad_arguments(call);
    std::string text(*type);
    if (call.arguments.size() == 2) {
        const auto index = count_of(call.objects, call.arguments[1]);
        if (!index) return bad_arguments(call);
        text += message(":", *index);
    }
    return call.objects.add_text(Type::device, std::move(text));
}

Result<Ref> call_layout(const Call& call) {
    constexpr std::array<std::string_view, 8> kLayouts = {
        "torch.strided",    "torch.sparse_coo", "torch.sparse_csr", "torch.sparse_csc",
        "torch.sparse_bsr", "torch.sparse_bsc", "torch._mkldnn",    "torch.jagged",
    };
    if (call.arguments.size() != 1) return bad_arguments(call);
    const auto text = text_of(call.objects, call.arguments[0]);
    for (const std::string_view layout : kLayouts) {
        if (text == layout) return call.objects.add_text(Type::layout, std::string(layout));
    }
    return bad_arguments(call);
}

Result<Ref> call_tensor(const Call& call) {
    if (call.arguments.size() != kViewArguments) return bad_arguments(call);
    MILEPOST_TRY_ASSIGN(TensorObject tensor, view_of(call.objects, call.arguments));
    return call.objects.add_tensor(std::move(tensor));
}

Result<Ref> call_tensor_v2(const Call& call) {
    return rebuild(call, false);
}

Result<Ref> call_tensor_v3(const Call& call) {
    return rebuild(call, true);
}

Result<Ref> call_parameter(const Call& call) {
    if (call.arguments.size() != 3 || call.objects.type(call.arguments[0]) != Type::tensor)
        return bad_arguments(call);
    const auto requires_grad = boolean_of(call.objects, call.arguments[1]);
    if (!requires_grad) return bad_arguments(call);
    return parameter_of(call.objects, call.arguments[0], *requires_grad);
}

/// The state is that of the Python object: attributes that a program added. A file of Milepost has none.
Result<Ref> call_parameter_with_state(const Call& call) {
    if (call.arguments.size() != 4) return bad_arguments(call);
    return call_parameter({call.objects, call.row, call.arguments.first(3)});
}

Result<Ref> call_parameter_class(const Call& call) {
    if (call.arguments.empty() || call.arguments.size() > 2 ||
        call.objects.type(call.arguments[0]) != Type::tensor)
        return bad_arguments(call);
    const auto requires_grad =
        call.arguments.size() == 2 ? boolean_of(call.objects, call.arguments[1]) : std::optional(true);
    if (!requires_grad) return bad_arguments(call);
    return parameter_of(call.objects, call.arguments[0], *requires_grad);
}

/// A tensor of PyTorch before 0.2, which BUILD fills.
Result<Ref> call_tensor_class(const Call& call) {
    if (!call.arguments.empty()) return bad_arguments(call);
    return call.objects.add_tensor({.dtype = find_torch_dtype(call.row.dtype)});
}

/// Another function, with a class that its result gets, and attributes.
Result<Ref> call_from_type(const Call& call) {
    Objects& objects = call.objects;
    if (call.arguments.size() != 4 || objects.type(call.arguments[0]) != Type::global ||
        objects.type(call.arguments[1]) != Type::global || objects.type(call.arguments[2]) != Type::tuple)
        return bad_arguments(call);
    const GlobalRow& function = global_at(objects.global_row(call.arguments[0]));
    const GlobalRow& type = global_at(objects.global_row(call.arguments[1]));
    // Only functions that make a tensor, and none that calls another one.
    const bool makes_tensor = function.call == call_tensor_v2 || function.call == call_tensor_v3 ||
                              function.call == call_tensor || function.call == call_parameter;
    const bool is_plain = type.name == "Tensor" || type.name == "Parameter" || type.name == "Buffer";
    if (!makes_tensor || !is_plain)
        return Error(Condition::feature, message("makes a ", full_name(type), " by ", full_name(function),
                                                 ": a tensor of a class of its own is not read"));
    MILEPOST_TRY_ASSIGN(const Ref made, function.call({objects, function, objects.items(call.arguments[2])}));
    if (type.name == "Parameter") objects.tensor(made).role = Role::parameter;
    MILEPOST_TRY_ASSIGN(const bool is_marked, is_buffer(objects, call.arguments[3]));
    if (type.name == "Buffer" || is_marked) objects.tensor(made).role = Role::buffer;
    return made;
}

/// The list itself: its items have their types.
Result<Ref> call_typed_list(const Call& call) {
    if (call.arguments.empty() || call.arguments.size() > 2) return bad_arguments(call);
    return call.arguments[0];
}

Result<Ref> call_unsupported(const Call& call) {
    constexpr std::array<std::pair<std::string_view, std::string_view>, 5> kOtherTensors = {{
        {"_rebuild_sparse", "a sparse tensor: save its indices and values, or its to_dense()"},
        {"_rebuild_qtensor", "a quantized tensor: save its int_repr(), scale and zero point"},
        {"_rebuild_nested", "a nested tensor: save what unbind() returns"},
        {"_rebuild_meta", "a tensor on the device 'meta', which has no elements"},
        {"_rebuild_wrapper", "a tensor of a class of its own: save its plain tensors"},
    }};
    for (const auto& [begin, advice] : kOtherTensors) {
        if (call.row.name.starts_with(begin))
            return Error(Condition::feature, message("calls ", full_name(call.row), ": ", advice));
    }
    return Error(Condition::feature,
                 message("calls ", full_name(call.row), ": a tensor of a device: save it from the CPU"));
}

Result<void> build_tensor(Objects& objects, Ref target, Ref state) {
    const auto items = sequence_of(objects, state);
    if (!items || (items->size() != 3 && items->size() != 4))
        return Error(Condition::foreign, "the state of a tensor is not a tuple of 3 or 4 objects");
    TensorObject& tensor = objects.tensor(target);
    if (items->size() == 3) {  // requires_grad, volatile, backward_hooks: a Variable of PyTorch before 0.4
        const auto requires_grad = boolean_of(objects, (*items)[0]);
        if (!requires_grad)
            return Error(Condition::foreign, "the state of a tensor does not begin with requires_grad");
        tensor.requires_grad = *requires_grad;
        return {};
    }
    MILEPOST_TRY_ASSIGN(TensorObject view, view_of(objects, *items));
    tensor.storage = view.storage;
    tensor.offset = view.offset;
    tensor.shape = std::move(view.shape);
    tensor.strides = std::move(view.strides);
    return {};
}

}  // namespace milepost::convert::pickle

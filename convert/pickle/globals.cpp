#include "convert/pickle/globals.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include <milepost/error.hpp>
#include <milepost/result.hpp>
#include <milepost/text.hpp>

#include "base/message.hpp"
#include "convert/pickle/calls.hpp"

namespace milepost::convert::pickle {
namespace {

using base::message;
using enum GlobalKind;

// clang-format off
constexpr std::array kUnsorted = {
    GlobalRow{"collections", "OrderedDict", callable, call_ordered_dict},
    GlobalRow{"collections", "Counter", callable, call_counter},
    GlobalRow{"_codecs", "encode", callable, call_encode},
    GlobalRow{"builtins", "set", callable, call_set},
    GlobalRow{"builtins", "complex", callable, call_complex},
    GlobalRow{"builtins", "bytes", callable, call_bytes},
    GlobalRow{"builtins", "bytearray", callable, call_bytearray},

    GlobalRow{"torch", "Size", callable, call_size},
    GlobalRow{"torch", "device", callable, call_device},
    GlobalRow{"torch.serialization", "_get_layout", callable, call_layout},
    GlobalRow{"torch._utils", "_rebuild_tensor", callable, call_tensor},
    GlobalRow{"torch._utils", "_rebuild_tensor_v2", callable, call_tensor_v2},
    GlobalRow{"torch._utils", "_rebuild_tensor_v3", callable, call_tensor_v3},
    GlobalRow{"torch._utils", "_rebuild_parameter", callable, call_parameter},
    GlobalRow{"torch._utils", "_rebuild_parameter_with_state", callable, call_parameter_with_state},
    GlobalRow{"torch._tensor", "_rebuild_from_type_v2", callable, call_from_type},
    GlobalRow{"torch.nn.parameter", "Parameter", callable, call_parameter_class},
    GlobalRow{"torch", "Tensor", name},
    GlobalRow{"torch.nn.parameter", "Buffer", name},
    GlobalRow{"torch._utils", "_rebuild_sparse_tensor", callable, call_unsupported},
    GlobalRow{"torch._utils", "_rebuild_sparse_csr_tensor", callable, call_unsupported},
    GlobalRow{"torch._utils", "_rebuild_qtensor", callable, call_unsupported},
    GlobalRow{"torch._utils", "_rebuild_nested_tensor", callable, call_unsupported},
    GlobalRow{"torch._utils", "_rebuild_wrapper_subclass", callable, call_unsupported},
    GlobalRow{"torch._utils", "_rebuild_meta_tensor_no_storage", callable, call_unsupported},
    GlobalRow{"torch._utils", "_rebuild_device_tensor_from_numpy", callable, call_unsupported},
    GlobalRow{"torch._utils", "_rebuild_device_tensor_from_cpu_tensor", callable, call_unsupported},
    GlobalRow{"torch._utils", "_rebuild_xla_tensor", callable, call_unsupported},
    GlobalRow{"torch", "per_tensor_affine", name}, GlobalRow{"torch", "per_tensor_symmetric", name},
    GlobalRow{"torch", "per_channel_affine", name}, GlobalRow{"torch", "per_channel_symmetric", name},
    GlobalRow{"torch", "per_channel_affine_float_qparams", name},

    GlobalRow{"torch", "DoubleTensor", callable, call_tensor_class, "float64"},
    GlobalRow{"torch", "FloatTensor", callable, call_tensor_class, "float32"},
    GlobalRow{"torch", "HalfTensor", callable, call_tensor_class, "float16"},
    GlobalRow{"torch", "LongTensor", callable, call_tensor_class, "int64"},
    GlobalRow{"torch", "IntTensor", callable, call_tensor_class, "int32"},
    GlobalRow{"torch", "ShortTensor", callable, call_tensor_class, "int16"},
    GlobalRow{"torch", "CharTensor", callable, call_tensor_class, "int8"},
    GlobalRow{"torch", "ByteTensor", callable, call_tensor_class, "uint8"},

    GlobalRow{"torch", "DoubleStorage", storage, nullptr, "float64"},
    GlobalRow{"torch", "FloatStorage", storage, nullptr, "float32"},
    GlobalRow{"torch", "HalfStorage", storage, nullptr, "float16"},
    GlobalRow{"torch", "BFloat16Storage", storage, nullptr, "bfloat16"},
    GlobalRow{"torch", "LongStorage", storage, nullptr, "int64"},
    GlobalRow{"torch", "IntStorage", storage, nullptr, "int32"},
    GlobalRow{"torch", "ShortStorage", storage, nullptr, "int16"},
    GlobalRow{"torch", "CharStorage", storage, nullptr, "int8"},
    GlobalRow{"torch", "ByteStorage", storage, nullptr, "uint8"},
    GlobalRow{"torch", "BoolStorage", storage, nullptr, "bool"},
    GlobalRow{"torch", "ComplexDoubleStorage", storage, nullptr, "complex128"},
    GlobalRow{"torch", "ComplexFloatStorage", storage, nullptr, "complex64"},
    GlobalRow{"torch", "QInt8Storage", storage, nullptr, "qint8"},
    GlobalRow{"torch", "QUInt8Storage", storage, nullptr, "quint8"},
    GlobalRow{"torch", "QInt32Storage", storage, nullptr, "qint32"},
    GlobalRow{"torch", "QUInt4x2Storage", storage, nullptr, "quint4x2"},
    GlobalRow{"torch", "QUInt2x4Storage", storage, nullptr, "quint2x4"},
    GlobalRow{"torch", "UntypedStorage", storage},

    GlobalRow{"torch", "bool", dtype, nullptr, "bool"},
    GlobalRow{"torch", "int8", dtype, nullptr, "int8"}, GlobalRow{"torch", "int16", dtype, nullptr, "int16"},
    GlobalRow{"torch", "int32", dtype, nullptr, "int32"}, GlobalRow{"torch", "int64", dtype, nullptr, "int64"},
    GlobalRow{"torch", "uint8", dtype, nullptr, "uint8"}, GlobalRow{"torch", "uint16", dtype, nullptr, "uint16"},
    GlobalRow{"torch", "uint32", dtype, nullptr, "uint32"}, GlobalRow{"torch", "uint64", dtype, nullptr, "uint64"},
    GlobalRow{"torch", "float16", dtype, nullptr, "float16"}, GlobalRow{"torch", "bfloat16", dtype, nullptr, "bfloat16"},
    GlobalRow{"torch", "float32", dtype, nullptr, "float32"}, GlobalRow{"torch", "float64", dtype, nullptr, "float64"},
    GlobalRow{"torch", "complex32", dtype, nullptr, "complex32"},
    GlobalRow{"torch", "complex64", dtype, nullptr, "complex64"}, GlobalRow{"torch", "complex128", dtype, nullptr, "complex128"},
    GlobalRow{"torch", "float8_e4m3fn", dtype, nullptr, "float8_e4m3fn"}, GlobalRow{"torch", "float8_e5m2", dtype, nullptr, "float8_e5m2"},
    GlobalRow{"torch", "float8_e4m3fnuz", dtype, nullptr, "float8_e4m3fnuz"}, GlobalRow{"torch", "float8_e5m2fnuz", dtype, nullptr, "float8_e5m2fnuz"},
    GlobalRow{"torch", "float8_e8m0fnu", dtype, nullptr, "float8_e8m0fnu"}, GlobalRow{"torch", "float4_e2m1fn_x2", dtype, nullptr, "float4_e2m1fn_x2"},
    GlobalRow{"torch", "qint8", dtype, nullptr, "qint8"}, GlobalRow{"torch", "quint8", dtype, nullptr, "quint8"},
    GlobalRow{"torch", "qint32", dtype, nullptr, "qint32"}, GlobalRow{"torch", "quint4x2", dtype, nullptr, "quint4x2"},
    GlobalRow{"torch", "quint2x4", dtype, nullptr, "quint2x4"},
    GlobalRow{"torch", "bits1x8", dtype, nullptr, "bits1x8"}, GlobalRow{"torch", "bits2x4", dtype, nullptr, "bits2x4"},
    GlobalRow{"torch", "bits4x2", dtype, nullptr, "bits4x2"}, GlobalRow{"torch", "bits8", dtype, nullptr, "bits8"},
    GlobalRow{"torch", "bits16", dtype, nullptr, "bits16"},
    GlobalRow{"torch", "int1", dtype, nullptr, "int1"}, GlobalRow{"torch", "int2", dtype, nullptr, "int2"},
    GlobalRow{"torch", "int3", dtype, nullptr, "int3"}, GlobalRow{"torch", "int4", dtype, nullptr, "int4"},
    GlobalRow{"torch", "int5", dtype, nullptr, "int5"}, GlobalRow{"torch", "int6", dtype, nullptr, "int6"},
    GlobalRow{"torch", "int7", dtype, nullptr, "int7"},
    GlobalRow{"torch", "uint1", dtype, nullptr, "uint1"}, GlobalRow{"torch", "uint2", dtype, nullptr, "uint2"},
    GlobalRow{"torch", "uint3", dtype, nullptr, "uint3"}, GlobalRow{"torch", "uint4", dtype, nullptr, "uint4"},
    GlobalRow{"torch", "uint5", dtype, nullptr, "uint5"}, GlobalRow{"torch", "uint6", dtype, nullptr, "uint6"},
    GlobalRow{"torch", "uint7", dtype, nullptr, "uint7"},

    // TorchScript: lists with their types.
    GlobalRow{"torch.jit._pickle", "build_intlist", callable, call_typed_list},
    GlobalRow{"torch.jit._pickle", "build_doublelist", callable, call_typed_list},
    GlobalRow{"torch.jit._pickle", "build_boollist", callable, call_typed_list},
    GlobalRow{"torch.jit._pickle", "build_tensorlist", callable, call_typed_list},
    GlobalRow{"torch.jit._pickle", "restore_type_tag", callable, call_typed_list},

    GlobalRow{"numpy", "dtype", callable, call_numpy_dtype},
    GlobalRow{"numpy", "ndarray", name},
    GlobalRow{"numpy._core.multiarray", "scalar", callable, call_numpy_scalar},
    GlobalRow{"numpy._core.multiarray", "_reconstruct", callable, call_numpy_reconstruct},
    GlobalRow{"numpy._core.numeric", "_frombuffer", callable, call_numpy_frombuffer},
};
// clang-format on

constexpr bool is_before(const GlobalRow& a, const GlobalRow& b) {
    return a.module != b.module ? a.module < b.module : a.name < b.name;
}

constexpr auto kRows = [] {
    auto rows = kUnsorted;
    std::sort(rows.begin(), rows.end(), is_before);
    return rows;
}();

/// Modules that were renamed: older name, name in the table.
constexpr std::array<std::pair<std::string_view, std::string_view>, 7> kRenamed = {{
    {"__builtin__", "builtins"},
    {"numpy.core.multiarray", "numpy._core.multiarray"},
    {"numpy.core.numeric", "numpy._core.numeric"},
    {"torch.cuda", "torch"},
    {"torch.storage", "torch"},
    {"torch.tensor", "torch._tensor"},
    {"torch._C", "torch"},
}};

std::string_view newest_module(std::string_view module) noexcept {
    for (const auto& [older, newer] : kRenamed) {
        if (module == older) return newer;
    }
    return module;
}

/// What to do about a global, by the beginning of its full name. The first that fits.
constexpr std::array<std::pair<std::string_view, std::string_view>, 12> kAdvice = {{
    {"torch.nn.modules.",
     "the file holds a whole module: load it where you trust it, and save its state_dict()"},
    {"torch.nn.parallel.",
     "the file holds a whole module: load it where you trust it, and save its state_dict()"},
    {"torch.optim.", "the file holds an optimizer or a scheduler: save its state_dict()"},
    {"torch.distributed.", "save the whole tensors, such as those of full_tensor()"},
    {"torch.storage._load_from_bytes", "save the tensor by torch.save, not by pickle"},
    {"collections.defaultdict", "save a dict: dict(x)"},
    {"collections.deque", "save a list: list(x)"},
    {"builtins.frozenset", "save a set: set(x)"},
    {"argparse.Namespace", "save a dict: vars(x)"},
    {"pathlib.", "save the path as a str"},
    {"numpy.random.", "save the state of the generator, a dict or a tuple"},
    {"__main__.", "it is a class or a function of the program that wrote the file: save its data"},
}};

std::string_view advice_of(std::string_view full_name) noexcept {
    for (const auto& [begin, advice] : kAdvice) {
        if (full_name.starts_with(begin)) return advice;
    }
    return "it is code or a class, which is never run here: save its data";
}

}  // namespace

const GlobalRow& global_at(std::uint32_t row) noexcept {
    return kRows[row];
}

std::string full_name(const GlobalRow& row) {
    return message(row.module, ".", row.name);
}

Result<std::uint32_t> find_global(std::string_view module, std::string_view name) {
    const std::string_view newest = newest_module(module);
    const GlobalRow wanted{newest, name, GlobalKind::name};
    const auto* found = std::lower_bound(kRows.begin(), kRows.end(), wanted, is_before);
    if (found != kRows.end() && found->module == newest && found->name == name)
        return static_cast<std::uint32_t>(found - kRows.begin());
    const std::string full = message(newest, ".", name);
    return Error(Condition::global,
                 message("names ", escape(message(module, ".", name), 120), ": ", advice_of(full)));
}

}  // namespace milepost::convert::pickle

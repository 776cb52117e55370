#include "convert/pytorch/torch_values.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include <milepost/dtype.hpp>
#include <milepost/tensor.hpp>
#include <milepost/value.hpp>

#include "convert/names.hpp"
#include "convert/pickle/torch_dtypes.hpp"

namespace milepost::convert::pytorch {
namespace {

constexpr std::array kClasses = {
    StorageClass{Dtype::boolean, "bool", "BoolStorage"},
    StorageClass{Dtype::i8, "int8", "CharStorage"},
    StorageClass{Dtype::i16, "int16", "ShortStorage"},
    StorageClass{Dtype::i32, "int32", "IntStorage"},
    StorageClass{Dtype::i64, "int64", "LongStorage"},
    StorageClass{Dtype::u8, "uint8", "ByteStorage"},
    StorageClass{Dtype::f16, "float16", "HalfStorage"},
    StorageClass{Dtype::bf16, "bfloat16", "BFloat16Storage"},
    StorageClass{Dtype::f32, "float32", "FloatStorage"},
    StorageClass{Dtype::f64, "float64", "DoubleStorage"},
    StorageClass{Dtype::c64, "complex64", "ComplexFloatStorage"},
    StorageClass{Dtype::c128, "complex128", "ComplexDoubleStorage"},
    StorageClass{Dtype::u16, "uint16", ""},
    StorageClass{Dtype::u32, "uint32", ""},
    StorageClass{Dtype::u64, "uint64", ""},
    StorageClass{Dtype::f8_e4m3fn, "float8_e4m3fn", ""},
    StorageClass{Dtype::f8_e5m2, "float8_e5m2", ""},
    StorageClass{Dtype::f8_e4m3fnuz, "float8_e4m3fnuz", ""},
    StorageClass{Dtype::f8_e5m2fnuz, "float8_e5m2fnuz", ""},
    StorageClass{Dtype::f8_e8m0fnu, "float8_e8m0fnu", ""},
    StorageClass{Dtype::f4_e2m1fn, "float4_e2m1fn_x2", ""},
};

constexpr std::array<std::string_view, 8> kLayouts = {
    "torch.strided",    "torch.sparse_coo", "torch.sparse_csr", "torch.sparse_csc",
    "torch.sparse_bsr", "torch.sparse_bsc", "torch._mkldnn",    "torch.jagged",
};

/// LONG1 counts the bytes of an int, BINUNICODE those of a text.
constexpr std::size_t kMostIntegerNbytes = 255;
constexpr std::uint64_t kMostTextNbytes = UINT32_MAX;
constexpr std::string_view kTorch = "torch.";

bool is_device(std::string_view text) noexcept {
    const auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
    const auto is_letter = [](char c) { return c >= 'a' && c <= 'z'; };
    const std::size_t colon = std::min(text.find(':'), text.size());
    const std::string_view type = text.substr(0, colon),
                           index = text.substr(std::min(colon + 1, text.size()));
    if (type.empty() || !std::ranges::all_of(type, is_letter)) return false;
    const bool has_index = !index.empty() && index.size() <= 3 && std::ranges::all_of(index, is_digit);
    return colon == text.size() || has_index;
}

std::string_view why_not_text(const String& string) {
    const std::string_view text = string.text;
    switch (string.subtype) {
        case StringSubtype::dtype:
            if (text.starts_with(kTorch) && pickle::find_torch_dtype(text.substr(kTorch.size())) != nullptr)
                return {};
            return "a dtype that PyTorch does not have";
        case StringSubtype::device:
            return is_device(text) ? "" : "a device that PyTorch does not have";
        case StringSubtype::layout:
            if (std::ranges::find(kLayouts, text) != kLayouts.end()) return {};
            return "a layout that PyTorch does not have";
        case StringSubtype::str:
            break;
    }
    if (text.size() > kMostTextNbytes) return "a text of 4 GiB or more";
    return is_utf8(text) ? "" : "a text that is not UTF-8";
}

std::string_view why_not_tensor(const TensorView& tensor) noexcept {
    const StorageClass* found = find_storage_class(tensor.dtype());
    if (found == nullptr) return "a dtype that PyTorch does not have";
    if (found->dtype != Dtype::f4_e2m1fn) return {};
    // PyTorch counts pairs in the last dimension.
    return tensor.rank() == 0 || tensor.shape().back() % 2 != 0 ? "4-bit elements in a row of odd size" : "";
}

/// Of a key, and of what is in it.
bool holds_all(const Value& value) {
    std::vector<const Value*> waiting = {&value};
    while (!waiting.empty()) {
        const Value& next = *waiting.back();
        waiting.pop_back();
        if (!why_not_held(next).empty()) return false;
        if (const auto* tuple = next.get_if<Tuple>()) {
            for (const Value& item : tuple->items)
                waiting.push_back(&item);
        }
    }
    return true;
}

}  // namespace

const StorageClass* find_storage_class(const DtypeInfo& dtype) noexcept {
    const auto known = find_dtype(dtype.code);
    if (!known || *known != dtype) return nullptr;
    const auto* found = std::ranges::find(kClasses, dtype.code, &StorageClass::dtype);
    return found == kClasses.end() ? nullptr : found;
}

bool takes_grad(Dtype dtype) noexcept {
    return dtype >= Dtype::f16 && dtype != Dtype::f4_e2m1fn;
}

std::string_view why_not_held(const Value& value) {
    if (const auto* integer = value.get_if<Integer>())
        return integer->bytes.size() > kMostIntegerNbytes ? "an int of more than 255 bytes" : "";
    if (const auto* string = value.get_if<String>()) return why_not_text(*string);
    if (const auto* bytes = value.get_if<Bytes>())
        return bytes->bytes.size() > kMostTextNbytes / 2 ? "bytes of 2 GiB or more" : "";
    if (const auto* tensor = value.get_if<TensorView>()) return why_not_tensor(*tensor);
    if (const auto* dict = value.get_if<Dict>()) {
        for (const auto* pairs : {&dict->items, &dict->attributes}) {
            for (const auto& pair : *pairs) {
                if (!holds_all(pair.first)) return "a dict with a key that PyTorch does not read";
            }
        }
    }
    return {};
}

std::string_view what_changes(const Value& value) noexcept {
    if (const auto* dict = value.get_if<Dict>()) {
        const bool keeps = dict->attributes.empty() || dict->subtype == DictSubtype::ordered_dict;
        return keeps ? "" : "attributes of a dict that is not an OrderedDict; written without them";
    }
    const auto* tensor = value.get_if<TensorView>();
    if (tensor == nullptr || !tensor->requires_grad()) return {};
    return takes_grad(tensor->dtype().code) ? ""
                                            : "requires_grad, which only floats have; written without it";
}

}  // namespace milepost::convert::pytorch

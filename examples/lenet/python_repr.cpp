#include "python_repr.hpp"

#include <algorithm>
#include <cmath>
#include <complex>
#include <cstddef>
#include <utility>

#include "python_text.hpp"

namespace lenet {
namespace {

using StreamedTensor = std::vector<std::string>;

std::string join(const StreamedTensor& pieces, const std::string& open, const std::string& close) {
    std::string text = open;
    for (std::size_t i = 0; i < pieces.size(); ++i)
        text += (i == 0 ? "" : ", ") + pieces[i];
    return text + close;
}

StreamedTensor reprs(const std::vector<milepost::Value>& values) {
    StreamedTensor pieces;
    for (const milepost::Value& value : values)
        pieces.push_back(python_repr(value));
    return pieces;
}

StreamedTensor numbers(const std::vector<std::uint64_t>& values) {
    StreamedTensor pieces;
    for (const std::uint64_t value : values)
        pieces.push_back(std::to_string(value));
    return pieces;
}

/// `key: value` for each entry.
StreamedTensor reprs(const milepost::Entries& entries) {
    StreamedTensor pieces;
    for (const auto& [key, value] : entries)
        pieces.push_back(python_string(key) + ": " + python_repr(value));
    return pieces;
}

std::string repr(bool value) {
    return value ? "True" : "False";
}

std::string repr(std::complex<double> number) {
    const auto part = [](double value) {
        std::string text = python_float(value);
        if (text.ends_with(".0")) text.resize(text.size() - 2);
        return text;
    };
    std::string imaginary = part(number.imag()) + "j";
    if (number.real() == 0 && !std::signbit(number.real())) return imaginary;
    const std::string sign = imaginary.front() == '-' ? "" : "+";
    return std::string("(").append(part(number.real())).append(sign).append(imaginary).append(")");
}

std::string repr(const milepost::String& string) {
    if (string.subtype == milepost::StringFlavour::str) return python_string(string.text);
    if (string.subtype != milepost::StringFlavour::device) return python_escaped(string.text);
    const std::size_t colon = string.text.find(':');
    const std::string type = "device(type=" + python_string(string.text.substr(0, colon));
    if (colon == std::string::npos) return type + ")";
    return type + ", index=" + python_escaped(string.text.substr(colon + 1)) + ")";
}

std::string repr(const milepost::Bytes& bytes) {
    const std::string text = python_bytes(bytes.bytes);
    return bytes.subtype == milepost::BytesFlavour::bytes ? text : "bytearray(" + text + ")";
}

std::string repr(const milepost::Tuple& tuple) {
    if (tuple.subtype == milepost::TupleFlavour::size) return join(reprs(tuple.items), "torch.Size([", "])");
    return join(reprs(tuple.items), "(", tuple.items.size() == 1 ? ",)" : ")");
}

std::string repr(const milepost::Dict& dict) {
    StreamedTensor pieces;
    for (const auto& [key, value] : dict.items)
        pieces.push_back(python_repr(key) + ": " + python_repr(value));
    if (dict.subtype == milepost::DictFlavour::dict) return join(pieces, "{", "}");
    const std::string name = dict.subtype == milepost::DictFlavour::counter ? "Counter" : "OrderedDict";
    return pieces.empty() ? name + "()" : join(pieces, name + "({", "})");
}

/// "f32" is called float32 in PyTorch.
std::string torch_dtype(std::string_view name) {
    if (name.starts_with("bf")) return "bfloat" + std::string(name.substr(2));
    if (name == "bool") return "bool";
    const std::string rest(name.substr(1));
    switch (name.front()) {
        case 'i':
            return "int" + rest;
        case 'u':
            return "uint" + rest;
        case 'f':
            return "float" + rest;
        case 'c':
            return "complex" + rest;
        default:
            return python_escaped(name);
    }
}

std::string repr(const milepost::TensorView& tensor) {
    const std::string size = join(numbers(tensor.shape()), "(", tensor.rank() == 1 ? ",)" : ")");
    const bool usual = tensor.dtype().code == milepost::Dtype::f32;
    const std::string dtype = usual ? "" : ", dtype=torch." + torch_dtype(tensor.dtype().name);
    return "tensor(..., size=" + size + dtype + ")";
}

std::string repr(const milepost::ParamGroup& group) {
    StreamedTensor pieces = reprs(group.hyperparameters);
    std::vector<std::pair<std::size_t, std::string>> later;
    if (group.param_names) {
        StreamedTensor names;
        for (const std::string& name : *group.param_names)
            names.push_back(python_string(name));
        later.emplace_back(group.param_names_position.value_or(pieces.size()),
                           join(names, "'param_names': [", "]"));
    }
    later.emplace_back(group.params_position.value_or(pieces.size() + later.size()),
                       join(numbers(group.params), "'params': [", "]"));
    std::sort(later.begin(), later.end());  // in rising order each position counts the key put in before
    for (auto& [position, text] : later) {
        const auto place = static_cast<std::ptrdiff_t>(std::min(position, pieces.size()));
        pieces.insert(pieces.begin() + place, std::move(text));
    }
    return join(pieces, "{", "}");
}

}  // namespace

std::string python_repr(const milepost::Value& value) {
    using milepost::Kind;
    switch (value.kind()) {
        case Kind::null:
            return "None";
        case Kind::boolean:
            return repr(*value.get_if<bool>());
        case Kind::integer:
            return python_int(value.get_if<milepost::Integer>()->bytes);
        case Kind::floating:
            return python_float(*value.get_if<double>());
        case Kind::complex:
            return repr(*value.get_if<std::complex<double>>());
        case Kind::string:
            return repr(*value.get_if<milepost::String>());
        case Kind::bytes:
            return repr(*value.get_if<milepost::Bytes>());
        case Kind::list:
            return join(reprs(value.get_if<milepost::List>()->items), "[", "]");
        case Kind::tuple:
            return repr(*value.get_if<milepost::Tuple>());
        case Kind::set: {
            const auto& items = value.get_if<milepost::Set>()->items;
            return items.empty() ? "set()" : join(reprs(items), "{", "}");
        }
        case Kind::dict:
            return repr(*value.get_if<milepost::Dict>());
        case Kind::tensor:
            return repr(*value.get_if<milepost::TensorView>());
    }
    return {};
}

std::string python_repr(const milepost::Shape& shape) {
    return join(numbers(shape), "torch.Size([", "])");
}

std::string python_repr_state(const milepost::OptimizerState& optimizer) {
    StreamedTensor pieces;
    for (const auto& [index, entries] : optimizer.state) {
        pieces.push_back(std::to_string(index) + ": " + join(reprs(entries), "{", "}"));
    }
    for (std::string& piece : reprs(optimizer.state_extra))
        pieces.push_back(std::move(piece));
    return join(pieces, "{", "}");
}

std::string python_repr_groups(const milepost::OptimizerState& optimizer) {
    StreamedTensor pieces;
    for (const milepost::ParamGroup& group : optimizer.param_groups)
        pieces.push_back(repr(group));
    return join(pieces, "[", "]");
}

}  // namespace lenet

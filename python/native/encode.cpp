#include "encode.hpp"

#include <complex>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <nanobind/nanobind.h>
#include <nanobind/stl/string.h>

#include <milepost/milepost.hpp>

#include "builtin_types.hpp"
#include "error.hpp"
#include "tensor.hpp"

namespace nb = nanobind;

namespace milepost::python {
namespace {

// A structure that contains itself has no end. No file may be nested deeper than this.
constexpr std::size_t kMaxDepth = 1000;

Bytes bytes_of(const char* data, Py_ssize_t size, BytesSubtype subtype) {
    Bytes made{std::vector<std::byte>(static_cast<std::size_t>(size)), subtype};
    if (size != 0) std::memcpy(made.bytes.data(), data, made.bytes.size());
    return made;
}

Value integer_of(nb::handle object) {
    int overflow = 0;
    const long long small = PyLong_AsLongLongAndOverflow(object.ptr(), &overflow);
    if (overflow == 0) return small;
    // As many bytes as the number and its sign need: -128 needs as many bits as 127.
    const nb::object magnitude = overflow < 0 ? nb::object(~object) : nb::borrow(object);
    const auto bits = nb::cast<std::size_t>(magnitude.attr("bit_length")());
    const nb::bytes bytes(
        nb::cast<nb::bytes>(object.attr("to_bytes")(bits / 8 + 1, "little", nb::arg("signed") = true)));
    Integer made{std::vector<std::byte>(bytes.size())};
    std::memcpy(made.bytes.data(), bytes.c_str(), bytes.size());
    return made;
}

/// The items in order, as they are now. An OrderedDict has an order of its own, which only its method knows.
nb::list items_of(nb::handle dict) {
    const nb::object items = nb::steal(PyMapping_Items(dict.ptr()));
    if (!items.is_valid()) throw nb::python_error();
    return nb::borrow<nb::list>(items);
}

/// The step of a path to the value of a key, as the library writes it (docs/format.md, section 2).
std::string step_of(const Value& key) {
    switch (key.kind()) {
        case Kind::string:
            return key.get_if<String>()->text;
        case Kind::bytes: {
            std::string text = "b";
            for (const std::byte byte : key.get_if<Bytes>()->bytes) {
                constexpr std::string_view kDigits = "0123456789abcdef";
                text += kDigits[static_cast<std::size_t>(byte) >> 4U];
                text += kDigits[static_cast<std::size_t>(byte) & 15U];
            }
            return text;
        }
        case Kind::tuple: {
            std::string text = "(";
            for (const Value& item : key.get_if<Tuple>()->items)
                text += (text.size() > 1 ? "," : "") + step_of(item);
            return text + ")";
        }
        default:
            return to_string(key);
    }
}

}  // namespace

/// One more step of the path, as long as nothing is thrown: then the path stays as it was at that time.
class Encoder::Step {
public:
    Step(Encoder& encoder, std::string step) : encoder_(encoder) {
        encoder.steps_.push_back(std::move(step));
        if (encoder.steps_.size() > kMaxDepth)
            encoder.refuse(Condition::depth, "is nested too deep, or contains itself");
    }
    void leave() const { encoder_.steps_.pop_back(); }

private:
    Encoder& encoder_;
};

std::string Encoder::path() const {
    std::string text;
    for (const std::string& step : steps_)
        text += (text.empty() ? "" : "/") + step;
    return text;
}

void Encoder::refuse(Condition condition, std::string_view reason) const {
    raise(condition, escape(path(), 200) + ": " + std::string(reason));
}

Value Encoder::value(std::string_view path, nb::handle object) {
    steps_ = {std::string(path)};
    return encode(object);
}

Entries Encoder::entries(std::string_view path, nb::handle object) {
    steps_ = {std::string(path)};
    Entries made;
    for (const nb::handle item : items_of(object)) {
        const auto name = nb::cast<std::string>(item[0]);
        const Step step(*this, name);
        if (!made.add(name, encode(item[1]))) refuse(Condition::save_name, "the name occurs twice");
        step.leave();
    }
    return made;
}

Value Encoder::encode(nb::handle object) {
    PyObject* const given = object.ptr();
    const BuiltinTypes& types = BuiltinTypes::get();
    PyTypeObject* const type = Py_TYPE(given);
    if (given == Py_None) return nullptr;
    if (type == &PyBool_Type) return given == Py_True;
    if (type == &PyLong_Type) return integer_of(object);
    if (type == &PyFloat_Type) return PyFloat_AsDouble(given);
    if (type == &PyUnicode_Type) return encode_text(object, StringSubtype::str);
    if (type == &PyDict_Type) return encode_dict(object, DictSubtype::dict);
    if (type == &PyList_Type) return encode_items<List>(object);
    if (type == &PyTuple_Type) return encode_items<Tuple>(object);
    if (type == types.ordered_dict) return encode_dict(object, DictSubtype::ordered_dict);
    if (type == types.counter) return encode_dict(object, DictSubtype::counter);
    if (type == &PySet_Type) return encode_items<Set>(object);
    if (type == &PyBytes_Type)
        return bytes_of(PyBytes_AsString(given), PyBytes_Size(given), BytesSubtype::bytes);
    if (type == &PyByteArray_Type) {
        const nb::ft_object_guard guard(object);  // others may change its size; 3.13 itself does not lock
        return bytes_of(PyByteArray_AsString(given), PyByteArray_Size(given), BytesSubtype::bytearray);
    }
    if (type == &PyComplex_Type)
        return std::complex<double>(PyComplex_RealAsDouble(given), PyComplex_ImagAsDouble(given));
    return encode_other(object);
}

Value Encoder::encode_other(nb::handle object) {
    const nb::object made = hook_(object, path());
    if (nb::isinstance<TensorHandle>(made)) {
        const auto& tensor = nb::cast<const TensorHandle&>(made);
        kept_.append(tensor.owner);
        return tensor.view;
    }
    if (nb::isinstance<Special>(made)) return encode_special(nb::cast<const Special&>(made));
    // What was made may be another object of an unknown type, and so on: the path grows, which ends that.
    kept_.append(made);
    const Step step(*this, "");
    Value value = encode(made);
    step.leave();
    return value;
}

Value Encoder::encode_special(const Special& special) {
    if (special.kind == "size") {
        auto size = encode_items<Tuple>(special.value);
        size.subtype = TupleSubtype::size;
        return size;
    }
    if (special.kind == "dtype") return encode_text(special.value, StringSubtype::dtype);
    if (special.kind == "device") return encode_text(special.value, StringSubtype::device);
    return encode_text(special.value, StringSubtype::layout);
}

Value Encoder::encode_text(nb::handle object, StringSubtype subtype) {
    Py_ssize_t size = 0;
    const char* text = PyUnicode_AsUTF8AndSize(object.ptr(), &size);
    if (text == nullptr) {
        PyErr_Clear();
        refuse(Condition::save_name, "the text has a lone surrogate, which UTF-8 does not have");
    }
    return String{std::string(text, static_cast<std::size_t>(size)), subtype};
}

template <class Container>
Container Encoder::encode_items(nb::handle items) {
    Container made;
    std::size_t number = 0;
    for (const nb::handle item : items) {
        const Step step(*this, std::to_string(number++));
        made.items.push_back(encode(item));
        step.leave();
    }
    return made;
}

void Encoder::encode_pairs(nb::handle dict, StableVector<std::pair<Value, Value>>& to) {
    for (const nb::handle item : items_of(dict)) {
        const Step at_key(*this, "(key)");
        Value key = encode(item[0]);
        at_key.leave();
        const Step step(*this, step_of(key));
        to.push_back({std::move(key), encode(item[1])});
        step.leave();
    }
}

Value Encoder::encode_dict(nb::handle object, DictSubtype subtype) {
    Dict made;
    made.subtype = subtype;
    encode_pairs(object, made.items);
    if (subtype != DictSubtype::dict) {
        const Step step(*this, "attributes");
        encode_pairs(object.attr("__dict__"), made.attributes);
        step.leave();
    }
    return made;
}

}  // namespace milepost::python

#pragma once

#include <string>
#include <utility>

#include <nanobind/nanobind.h>

#include <milepost/milepost.hpp>

#include "open_file.hpp"

namespace milepost::python {

/// Turns values of a file into Python objects: the inverse of Encoder. Tensors are what `make_tensor(Tensor)`
/// returns, dtypes, devices, layouts and sizes what `make_special(Special)` returns. Exceptions of these pass
/// through. The file must outlive the Decoder.
class Decoder {
public:
    Decoder(const OpenFile& file, nanobind::object make_tensor, nanobind::object make_special)
        : file_(file), make_tensor_(std::move(make_tensor)), make_special_(std::move(make_special)) {}

    [[nodiscard]] nanobind::object value(const Value& value) const;
    [[nodiscard]] nanobind::dict entries(const Entries& entries) const;

private:
    template <class Items>
    [[nodiscard]] nanobind::list items(const Items& items) const;
    void fill(nanobind::object& dict, const StableVector<std::pair<Value, Value>>& items) const;
    [[nodiscard]] nanobind::object string(const String& string) const;
    [[nodiscard]] nanobind::object tuple(const Tuple& tuple) const;
    [[nodiscard]] nanobind::object dict(const Dict& dict) const;
    [[nodiscard]] nanobind::object special(const char* kind, nanobind::object value) const;

    const OpenFile& file_;
    nanobind::object make_tensor_;
    nanobind::object make_special_;
};

}  // namespace milepost::python

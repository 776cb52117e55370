#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <nanobind/nanobind.h>

#include <milepost/milepost.hpp>

namespace milepost::python {

/// What a hook returns for an object that is stored as a text or a tuple of a type of its own, and is called
/// with to make that object again.
struct Special {
    std::string kind;        ///< "dtype", "device", "layout" or "size"
    nanobind::object value;  ///< a str; of "size" a tuple
};

/// Turns Python objects into values. Objects of built-in types are turned here; every other one is given to
/// the hook, as hook(object, path), which returns a native Tensor, a Special, an object to be stored in its
/// place, or raises. Types are compared exactly: a type that derives from a built-in one is another type.
///
/// Errors are exceptions; the message of one begins with the path of the object.
class Encoder {
public:
    explicit Encoder(nanobind::object hook) : hook_(std::move(hook)) {}

    /// `path` is that of the object, which the value or the entries will have in the file. Entries are made
    /// of a dict that has only str keys.
    ///@{
    [[nodiscard]] Value value(std::string_view path, nanobind::handle object);
    [[nodiscard]] Entries entries(std::string_view path, nanobind::handle object);
    ///@}

private:
    class Step;
    [[nodiscard]] Value encode(nanobind::handle object);
    [[nodiscard]] Value encode_other(nanobind::handle object);
    [[nodiscard]] Value encode_special(const Special& special);
    [[nodiscard]] Value encode_text(nanobind::handle object, StringSubtype subtype);
    [[nodiscard]] Value encode_dict(nanobind::handle object, DictSubtype subtype);
    void encode_pairs(nanobind::handle dict, StableVector<std::pair<Value, Value>>& to);
    template <class Container>
    [[nodiscard]] Container encode_items(nanobind::handle items);
    [[nodiscard]] std::string path() const;
    [[noreturn]] void refuse(Condition condition, std::string_view reason) const;

    nanobind::object hook_;
    nanobind::list kept_;  // objects whose memory tensors borrow
    std::vector<std::string> steps_;
};

}  // namespace milepost::python

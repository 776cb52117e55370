#pragma once

#include <concepts>
#include <limits>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include <milepost/error.hpp>
#include <milepost/export.hpp>
#include <milepost/result.hpp>
#include <milepost/tensor.hpp>
#include <milepost/value.hpp>

/// How Reader::get makes a value of the file one of a C++ type. Part of <milepost/reader.hpp>.
namespace milepost::detail {

/// invalid_argument/wrong_type: "expected int, found float".
[[nodiscard]] MILEPOST_API Error wrong_kind(std::string_view expected, const Value& found);

template <class T>
inline constexpr bool is_span = false;
template <class T>
inline constexpr bool is_span<std::span<const T>> = true;
template <class T>
inline constexpr bool is_vector = false;
template <class T>
inline constexpr bool is_vector<std::vector<T>> = true;

/// What Value::get_if takes.
template <class T>
concept Held = requires {
    KindOf<T>::value;
};

template <std::integral T>
[[nodiscard]] Result<T> integer_as(const Value& value) {
    auto integer = [&] {
        if constexpr (std::unsigned_integral<T>) {
            return value.as_uint();
        } else {
            return value.as_int();
        }
    }();
    if (!integer) return std::move(integer).error();
    if (*integer < std::numeric_limits<T>::min() || *integer > std::numeric_limits<T>::max())
        return Error(Condition::wrong_type, "the int does not fit the type that was asked for");
    return static_cast<T>(*integer);
}

template <class T>
[[nodiscard]] Result<T> get_as(Value value);

/// The elements of a list or tuple, each as an Element.
template <class Element>
[[nodiscard]] Result<std::vector<Element>> elements_as(Value value) {
    auto* list = value.get_if<List>();
    auto* tuple = value.get_if<Tuple>();
    if (list == nullptr && tuple == nullptr) return wrong_kind("list or tuple", value);
    std::vector<Element> elements;
    for (Value& item : list != nullptr ? list->items : tuple->items) {
        auto element = get_as<Element>(std::move(item));
        if (!element) return element.error().within("element " + std::to_string(elements.size()));
        elements.push_back(*std::move(element));
    }
    return elements;
}

/// The value as a T: see Reader::get. Errors: invalid_argument/wrong_type; of a span those of TensorView::as.
template <class T>
[[nodiscard]] Result<T> get_as(Value value) {
    if constexpr (std::same_as<T, Value>) {
        return value;
    } else if constexpr (std::same_as<T, bool>) {
        return value.as_bool();
    } else if constexpr (std::integral<T>) {
        return integer_as<T>(value);
    } else if constexpr (std::floating_point<T>) {
        auto number = value.as_number();
        if (!number) return std::move(number).error();
        return static_cast<T>(*number);
    } else if constexpr (std::same_as<T, std::string>) {
        return value.as_string();
    } else if constexpr (is_span<T>) {
        auto* tensor = value.get_if<TensorView>();
        if (tensor == nullptr) return wrong_kind("tensor", value);
        return tensor->template as<std::remove_const_t<typename T::element_type>>();
    } else if constexpr (is_vector<T>) {
        return elements_as<typename T::value_type>(std::move(value));
    } else {
        static_assert(Held<T>,
                      "Reader::get gives bool, integers, float, double, std::string, "
                      "std::span<const T>, std::vector of these, Value and what a Value holds");
        auto* held = value.get_if<T>();
        if (held == nullptr) return wrong_kind(name(KindOf<T>::value), value);
        return std::move(*held);
    }
}

}  // namespace milepost::detail

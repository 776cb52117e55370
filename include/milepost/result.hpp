#pragma once

#include <cassert>
#include <type_traits>
#include <utility>
#include <variant>

#include <milepost/error.hpp>

namespace milepost {

/// A value or an Error, modelled on std::expected (which C++20 has not).
///
///     milepost::Result<Reader> file = Reader::open(path);
///     if (!file) return file.error();
///     use(*file);
///
/// Requires: `*`, `->` and `value()` only where it holds a value, `error()` only where it holds none.
/// It cannot be dropped without a warning. As thread-safe as T.
template <class T>
class [[nodiscard]] Result {
    static_assert(!std::is_reference_v<T> && !std::is_same_v<std::remove_cv_t<T>, Error>);

public:
    /// T.
    using value_type = T;

    /// A result that holds a value, made from whatever T can be made from.
    template <class U = T>
    requires(std::is_constructible_v<T, U> && !std::is_same_v<std::remove_cvref_t<U>, Result> &&
             !std::is_same_v<std::remove_cvref_t<U>, Error>) Result(U&& value)
        : held_(std::in_place_index<0>, std::forward<U>(value)) {}
    /// A result that holds an error.
    Result(Error error) noexcept : held_(std::in_place_index<1>, std::move(error)) {}

    /// Whether it holds a value.
    ///@{
    [[nodiscard]] bool has_value() const noexcept { return held_.index() == 0; }
    explicit operator bool() const noexcept { return has_value(); }
    ///@}

    /// The value. Requires: has_value().
    ///@{
    T& operator*() & noexcept { return *get(); }
    const T& operator*() const& noexcept { return *get(); }
    T&& operator*() && noexcept { return std::move(*get()); }
    T* operator->() noexcept { return get(); }
    const T* operator->() const noexcept { return get(); }
    T& value() & noexcept { return *get(); }
    const T& value() const& noexcept { return *get(); }
    T&& value() && noexcept { return std::move(*get()); }
    ///@}

    /// The error. Requires: !has_value().
    ///@{
    const Error& error() const& noexcept { return *get_error(); }
    Error&& error() && noexcept { return std::move(*std::get_if<1>(&held_)); }
    ///@}

private:
    T* get() noexcept {
        assert(has_value());
        return std::get_if<0>(&held_);
    }
    const T* get() const noexcept {
        assert(has_value());
        return std::get_if<0>(&held_);
    }
    const Error* get_error() const noexcept {
        assert(!has_value());
        return std::get_if<1>(&held_);
    }

    std::variant<T, Error> held_;
};

/// Success, or an Error.
template <>
class [[nodiscard]] Result<void> {
public:
    /// Nothing.
    using value_type = void;

    /// Success.
    Result() noexcept = default;
    /// A failure.
    Result(Error error) noexcept : held_(std::move(error)) {}

    /// Whether it is a success.
    ///@{
    [[nodiscard]] bool has_value() const noexcept { return held_.index() == 0; }
    explicit operator bool() const noexcept { return has_value(); }
    ///@}
    /// The error. Requires: !has_value().
    ///@{
    const Error& error() const& noexcept {
        assert(!has_value());
        return *std::get_if<Error>(&held_);
    }
    Error&& error() && noexcept { return std::move(*std::get_if<Error>(&held_)); }
    ///@}

private:
    std::variant<std::monostate, Error> held_;
};

}  // namespace milepost

#pragma once

#include <functional>
#include <type_traits>
#include <utility>
#include <variant>

#include <milepost/error.hpp>
#include <milepost/export.hpp>

namespace milepost {

template <class T>
class Result;

/// @cond
namespace detail {

/// Prints what was accessed and the error, if there is one, to stderr, and ends the program.
[[noreturn]] MILEPOST_API void end_program(const char* access, const Error* error) noexcept;

template <class T>
inline constexpr bool kIsResult = false;
template <class T>
inline constexpr bool kIsResult<Result<T>> = true;

/// Types whose members return pointers into the object.
template <class T>
concept LendsItself = requires {
    typename T::LendsItself;
};

/// What a Result<T> is made from: whatever converts to T without a loss of type.
template <class U, class T>
concept MakesResult = std::is_convertible_v<U, T> && !kIsResult<std::remove_cvref_t<U>> &&
                      !std::is_same_v<std::remove_cvref_t<U>, Error> &&
                      (!std::is_same_v<T, bool> || std::is_same_v<std::remove_cvref_t<U>, bool>);

template <class F, class... Arguments>
using ResultOf = std::remove_cvref_t<std::invoke_result_t<F, Arguments...>>;

}  // namespace detail
/// @endcond

/// Leaves the function with the error of an expression, which is a Result; on success, does nothing. The
/// value, if there is one, is dropped. The function returns a Result of any type.
///
///     MILEPOST_TRY(milepost::save(path, checkpoint));
#define MILEPOST_TRY(...) MILEPOST_DETAIL_TRY_1(__COUNTER__, __VA_ARGS__)

/// Leaves the function with the error of an expression, or assigns its value to what is declared.
///
///     MILEPOST_TRY_ASSIGN(const auto file, milepost::Reader::open(path));
///     MILEPOST_TRY_ASSIGN(epoch, file.get<std::int64_t>("epoch"));
#define MILEPOST_TRY_ASSIGN(declaration, ...) \
    MILEPOST_DETAIL_TRY_ASSIGN_1(__COUNTER__, declaration, __VA_ARGS__)
/// @cond
#define MILEPOST_DETAIL_TRY_1(number, ...) MILEPOST_DETAIL_TRY_2(number, __VA_ARGS__)
#define MILEPOST_DETAIL_TRY_2(number, ...)                                          \
    do {                                                                            \
        if (auto milepost_tried_##number = (__VA_ARGS__); !milepost_tried_##number) \
            return std::move(milepost_tried_##number).error();                      \
    } while (false)
#define MILEPOST_DETAIL_TRY_ASSIGN_1(number, declaration, ...) \
    MILEPOST_DETAIL_TRY_ASSIGN_2(number, declaration, __VA_ARGS__)
#define MILEPOST_DETAIL_TRY_ASSIGN_2(number, declaration, ...)                       \
    auto milepost_tried_##number = (__VA_ARGS__);                                    \
    if (!milepost_tried_##number) return std::move(milepost_tried_##number).error(); \
    declaration = *std::move(milepost_tried_##number)
/// @endcond

/// A value or an Error, modelled on std::expected (which C++20 has not).
///
///     milepost::Result<milepost::Reader> file = milepost::Reader::open(path);
///     if (!file) return file.error();
///     use(*file);
///
/// Access to what is not there (`*`, `->` and `value()` of an error, `error()` of a value) ends the program,
/// in every build, with the text of the error on stderr. A Result cannot be dropped without a warning. What a
/// temporary Result gives is a value of its own, so that it does not dangle. As thread-safe as T.
template <class T>
class [[nodiscard]] Result {
    static_assert(!std::is_reference_v<T> && !std::is_same_v<std::remove_cv_t<T>, Error>);

public:
    /// T.
    using value_type = T;

    /// A result that holds a value, made from whatever converts to T. Only a bool makes a Result<bool>.
    template <class U = T>
    requires detail::MakesResult<U, T> Result(U&& value)
        : held_(std::in_place_index<0>, std::forward<U>(value)) {}
    /// A result that holds an error.
    Result(Error error) noexcept : held_(std::in_place_index<1>, std::move(error)) {}

    /// Whether it holds a value.
    ///@{
    [[nodiscard]] bool has_value() const noexcept { return held_.index() == 0; }
    explicit operator bool() const noexcept { return has_value(); }
    ///@}

    /// The value; if there is none, the program ends. A temporary returns it by value, and has no `->` if T
    /// lends pointers into itself (Tensor): `auto tensor = view.load();` first.
    ///@{
    T& operator*() & noexcept { return get("operator*"); }
    const T& operator*() const& noexcept { return get("operator*"); }
    T operator*() && { return std::move(get("operator*")); }
    T* operator->() & noexcept { return &get("operator->"); }
    const T* operator->() const& noexcept { return &get("operator->"); }
    T* operator->() && noexcept requires(!detail::LendsItself<T>) { return &get("operator->"); }
    T* operator->() && noexcept requires detail::LendsItself<T>
    = delete;
    T& value() & noexcept { return get("value()"); }
    const T& value() const& noexcept { return get("value()"); }
    T value() && { return std::move(get("value()")); }
    const T& operator*() const&& = delete;
    const T& value() const&& = delete;
    ///@}

    /// The value, or `other` where there is none.
    ///@{
    template <class U = T>
    [[nodiscard]] T value_or(U&& other) const& {
        return has_value() ? get("") : static_cast<T>(std::forward<U>(other));
    }
    template <class U = T>
    [[nodiscard]] T value_or(U&& other) && {
        return has_value() ? std::move(get("")) : static_cast<T>(std::forward<U>(other));
    }
    ///@}

    /// `next(value)`, which returns a Result, or the error.
    ///
    ///     Result<double> lr = file->value("lr").and_then([](const Value& lr) { return lr.as_number(); });
    ///@{
    template <class F>
    [[nodiscard]] auto and_then(F&& next) const& -> detail::ResultOf<F, const T&> {
        static_assert(detail::kIsResult<detail::ResultOf<F, const T&>>, "and_then: `next` returns a Result");
        if (!has_value()) return error();
        return std::invoke(std::forward<F>(next), get(""));
    }
    template <class F>
    [[nodiscard]] auto and_then(F&& next) && -> detail::ResultOf<F, T> {
        static_assert(detail::kIsResult<detail::ResultOf<F, T>>, "and_then: `next` returns a Result");
        if (!has_value()) return std::move(*this).error();
        return std::invoke(std::forward<F>(next), std::move(get("")));
    }
    ///@}
    /// A Result of `change(value)`, or the error.
    ///@{
    template <class F>
    [[nodiscard]] auto transform(F&& change) const& -> Result<detail::ResultOf<F, const T&>> {
        if (!has_value()) return error();
        return std::invoke(std::forward<F>(change), get(""));
    }
    template <class F>
    [[nodiscard]] auto transform(F&& change) && -> Result<detail::ResultOf<F, T>> {
        if (!has_value()) return std::move(*this).error();
        return std::invoke(std::forward<F>(change), std::move(get("")));
    }
    ///@}

    /// The error; if there is none, the program ends. A temporary returns it by value.
    ///@{
    const Error& error() const& noexcept { return *get_error(); }
    Error error() && noexcept { return std::move(const_cast<Error&>(*get_error())); }
    ///@}

private:
    T* get_if() noexcept { return std::get_if<0>(&held_); }
    const T* get_if() const noexcept { return std::get_if<0>(&held_); }
    T& get(const char* access) noexcept {
        if (!has_value()) detail::end_program(access, std::get_if<1>(&held_));
        return *get_if();
    }
    const T& get(const char* access) const noexcept {
        if (!has_value()) detail::end_program(access, std::get_if<1>(&held_));
        return *get_if();
    }
    const Error* get_error() const noexcept {
        if (has_value()) detail::end_program("error()", nullptr);
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
    /// Does nothing; if it is a failure, the program ends.
    void value() const noexcept {
        if (!has_value()) detail::end_program("value()", std::get_if<Error>(&held_));
    }
    /// `next()`, which returns a Result, or the error.
    template <class F>
    [[nodiscard]] auto and_then(F&& next) const -> detail::ResultOf<F> {
        if (!has_value()) return error();
        return std::invoke(std::forward<F>(next));
    }
    /// The error; if it is a success, the program ends. A temporary returns it by value.
    ///@{
    const Error& error() const& noexcept { return *get_error(); }
    Error error() && noexcept { return std::move(const_cast<Error&>(*get_error())); }
    ///@}

private:
    const Error* get_error() const noexcept {
        if (has_value()) detail::end_program("error()", nullptr);
        return std::get_if<Error>(&held_);
    }

    std::variant<std::monostate, Error> held_;
};

}  // namespace milepost

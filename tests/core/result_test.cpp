#include <doctest/doctest.h>

#include <memory>
#include <string>
#include <type_traits>
#include <utility>

#include <milepost/error.hpp>
#include <milepost/result.hpp>
#include <milepost/tensor.hpp>
#include <milepost/value.hpp>

#include "support/ends_program.hpp"

using milepost::Condition;
using milepost::Error;
using milepost::Result;
using milepost::Tensor;
using milepost::testing::stderr_of_end;

namespace {

Result<int> three() {
    return 3;
}
Result<int> no_number() {
    return Error(Condition::value, "there is no value 'epoch'");
}
Result<void> fails() {
    return Error(Condition::write, "disk");
}

// A temporary gives values, never references into itself.
static_assert(std::is_same_v<decltype(*three()), int> && std::is_same_v<decltype(three().value()), int>);
static_assert(std::is_same_v<decltype(no_number().error()), Error>);

template <class R>
concept HasArrow = requires(R&& result) {
    std::forward<R>(result).operator->();
};
static_assert(HasArrow<Result<Tensor>&> && !HasArrow<Result<Tensor>>, "the elements of a temporary dangle");
static_assert(HasArrow<Result<std::string>>);

// Only a bool makes a bool.
static_assert(!std::is_convertible_v<const char*, Result<bool>> && !std::is_convertible_v<int, Result<bool>>);
static_assert(std::is_convertible_v<bool, Result<bool>>);

Result<int> plus_one_by_try() {
    MILEPOST_TRY_ASSIGN(const int number, three());
    MILEPOST_TRY(three());
    return number + 1;
}
Result<std::string> fails_by_try(bool assign) {
    if (assign) {
        MILEPOST_TRY_ASSIGN(const int number, no_number());
        return std::to_string(number);
    }
    if (!assign)
        MILEPOST_TRY(fails());
    else
        return std::string("not reached");
    return std::string();
}

}  // namespace

TEST_CASE("result: access to what is not there ends the program with the error's text") {
    const auto text = "not_found/value: there is no value 'epoch'";
    CHECK(stderr_of_end([] { (void)*no_number(); }).find(text) != std::string::npos);
    CHECK(stderr_of_end([] { (void)no_number().value(); }).find(text) != std::string::npos);
    CHECK(stderr_of_end([] {
              const Result<std::string> none = Error(Condition::value, "there is no value 'epoch'");
              (void)none->size();
          }).find(text) != std::string::npos);
    CHECK(stderr_of_end([] { fails().value(); }).find("io_error/write: disk") != std::string::npos);
    CHECK(stderr_of_end([] { (void)three().error(); }).find("success") != std::string::npos);
    CHECK(stderr_of_end([] { (void)Result<void>().error(); }).find("success") != std::string::npos);
    CHECK(stderr_of_end([] { (void)*three(); }) == "did not end");
}

TEST_CASE("result: value_or, and_then, transform") {
    CHECK(three().value_or(4) == 3);
    CHECK(no_number().value_or(4) == 4);
    const auto half = [](int number) -> Result<double> { return number / 2.0; };
    CHECK(*three().and_then(half) == 1.5);
    CHECK(no_number().and_then(half).error().condition() == Condition::value);
    const auto named = three();
    CHECK(*named.transform([](int number) { return std::to_string(number); }) == "3");
    CHECK(no_number().transform([](int number) { return number; }).error().condition() == Condition::value);
    CHECK(*Result<void>().and_then(three) == 3);
    CHECK(fails().and_then(three).error().condition() == Condition::write);
    Result<std::unique_ptr<int>> owner = std::make_unique<int>(5);
    CHECK(*std::move(owner).and_then([](std::unique_ptr<int> number) -> Result<int> { return *number; }) ==
          5);
}

TEST_CASE("result: the error of an expression is passed on in one line") {
    CHECK(*plus_one_by_try() == 4);
    CHECK(fails_by_try(true).error().condition() == Condition::value);
    CHECK(fails_by_try(false).error().condition() == Condition::write);
}

#include <doctest/doctest.h>

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <initializer_list>
#include <stdexcept>
#include <string>
#include <vector>

#include <milepost/error.hpp>
#include <milepost/result.hpp>

#include "base/parallel.hpp"

using namespace milepost::base;

TEST_CASE("parallel: the number of threads asked for; of 0, between 1 and 8") {
    CHECK(thread_count(1) == 1);
    CHECK(thread_count(100) == 100);
    CHECK(thread_count(0) >= 1);
    CHECK(thread_count(0) <= 8);
}

TEST_CASE("parallel: each number once, with any number of threads") {
    for (const unsigned threads : {1U, 2U, 4U, 16U}) {
        for (const std::size_t count : {std::size_t{0}, std::size_t{1}, std::size_t{3}, std::size_t{1000}}) {
            std::vector<std::atomic<int>> calls(count);
            std::atomic<unsigned> workers{0};
            parallel_for(
                count, threads, [&] { return ++workers; }, [&](unsigned, std::size_t i) { ++calls[i]; });
            CHECK(std::all_of(calls.begin(), calls.end(), [](const auto& each) { return each == 1; }));
            CHECK(workers >= 1);
            CHECK(workers <= std::max<std::size_t>(1, std::min<std::size_t>(threads, count)));
        }
    }
}

TEST_CASE("parallel: what a worker throws is thrown again, and the others stop") {
    for (const unsigned threads : {1U, 4U}) {
        std::atomic<std::size_t> calls{0};
        std::string what;
        try {
            parallel_for(
                1'000'000, threads, [] { return 0; },
                [&](int, std::size_t i) {
                    ++calls;
                    if (i == 10) throw std::runtime_error("ten");
                });
        } catch (const std::runtime_error& error) {
            what = error.what();
        }
        CHECK(what == "ten");
        CHECK(calls < 1'000'000);
    }
}

TEST_CASE("parallel: what make_state throws is thrown again") {
    CHECK_THROWS_AS(parallel_for(
                        5, 2, []() -> int { throw std::runtime_error("no state"); }, [](int, std::size_t) {}),
                    std::runtime_error);
}

TEST_CASE("parallel: the error of the lowest number is returned, after all were worked on") {
    for (const unsigned threads : {1U, 4U}) {
        std::atomic<int> calls{0};
        const auto done = try_parallel_for(
            100, threads, [] { return 0; },
            [&](int, std::size_t i) -> milepost::Result<void> {
                ++calls;
                if (i != 41 && i != 17 && i != 99) return {};
                return milepost::Error(milepost::Condition::read, std::to_string(i));
            });
        REQUIRE_FALSE(done);
        CHECK(done.error().message() == "17");
        CHECK(calls == 100);
    }
    CHECK(try_parallel_for(
        3, 2, [] { return 0; }, [](int, std::size_t) -> milepost::Result<void> { return {}; }));
}

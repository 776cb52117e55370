// How long a save in the background stops the caller: against one copy of the same tensors.

#include <cstddef>
#include <memory>
#include <string>

#include <milepost/async_saver.hpp>

#include "case.hpp"
#include "cases.hpp"
#include "failure.hpp"
#include "fixture.hpp"
#include "units.hpp"

namespace bench {

namespace {

constexpr unsigned kThreads = 2;

/// Before each turn the save of the turn before has ended: it would take memory bandwidth from both sides.
Case stall(Fixture& fixture, std::size_t copy_threads, const char* copy, Form form, Goal goal) {
    const auto saver =
        std::make_shared<milepost::AsyncSaver>(milepost::AsyncOptions{.copy_threads = kThreads});
    const std::string path = fixture.folder().file("async.milepost");
    const auto ended = [saver, path, &fixture] {
        must(saver->wait());
        fixture.remove_and_settle(path);
    };
    return Case{
        .goal = goal,
        .form = form,
        .nbytes = fixture.model().nbytes(),
        .turns = fixture.settings().pick(1, 5, 11),
        .subject = {"save_async until it returns, with a snapshot by 2 threads into memory that it has",
                    [=, checkpoint = fixture.model().checkpoint()] {
                        (void)must(saver->save_async(path, checkpoint));
                    },
                    ended},
        .reference = {copy,
                      [&fixture, copy_threads] {
                          copy_memory(fixture.destination(), fixture.model().bytes(), copy_threads);
                      },
                      ended}};
}

}  // namespace

void add_async_cases(Fixture& fixture) {
    add_case("stall/copy", [&fixture] {
        return stall(fixture, kThreads, "M2: one copy of the tensors by 2 threads", Form::cost,
                     at_most(1.05));
    });
    add_case("stall/memcpy", [&fixture] {
        return stall(fixture, 1, "M1: memcpy, 1 thread, touched huge pages", Form::speed, at_least(1.8));
    });
}

}  // namespace bench

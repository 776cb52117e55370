#include "case.hpp"

#include <benchmark/benchmark.h>
#include <time.h>

#include <chrono>
#include <exception>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "pinned.hpp"
#include "spread.hpp"

namespace bench {

namespace {

std::map<std::string, Row>& known_rows() {
    static std::map<std::string, Row> known;
    return known;
}

double wall_seconds() {
    return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

double cpu_seconds() {
    timespec time{};
    ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) * 1e-9;
}

double seconds_of(const Side& side, double (*now)()) {
    if (side.prepare) side.prepare();
    const double begin = now();
    side.run();
    return now() - begin;
}

void finish(benchmark::State& state, Row row) {
    state.counters["ratio"] = row.outcome.ratio;
    if (row.goal) state.counters["goal"] = row.goal->value;
    std::string name = row.name;
    known_rows().insert_or_assign(std::move(name), std::move(row));
}

void run_case(benchmark::State& state, const std::string& name, const Case& measured) {
    Outcome outcome;
    for (auto _ : state) {
        outcome = measure_by_turns(measured.subject, measured.reference, measured.turns, measured.form,
                                   measured.one_core);
        state.SetIterationTime(outcome.subject.median);
    }
    finish(state, {name, measured.goal, Unit::seconds, measured.nbytes, measured.subject.what,
                   measured.reference.what, outcome});
}

void run_special(benchmark::State& state, const SpecialCase& special) {
    Outcome outcome;
    for (auto _ : state) {
        outcome = special.measure();
        state.SetIterationTime(special.unit == Unit::seconds ? outcome.subject.median : 1);
    }
    finish(state, {special.name, special.goal, special.unit, 0, special.subject, special.reference, outcome});
}

void add(const std::string& name, std::function<void(benchmark::State&)> run) {
    benchmark::RegisterBenchmark(name.c_str(),
                                 [run = std::move(run)](benchmark::State& state) {
                                     try {
                                         run(state);
                                     } catch (const std::exception& failure) {
                                         state.SkipWithError(failure.what());
                                     }
                                 })
        ->UseManualTime()
        ->Iterations(1);
}

}  // namespace

Outcome measure_by_turns(const Side& subject, const Side& reference, int turns, Form form, bool one_core) {
    std::optional<PinnedToOneCore> pinned;
    if (one_core) pinned.emplace();
    double (*const now)() = one_core ? cpu_seconds : wall_seconds;
    seconds_of(subject, now);
    seconds_of(reference, now);
    std::vector<double> subjects, references;
    for (int turn = 0; turn < turns; ++turn) {
        subjects.push_back(seconds_of(subject, now));
        references.push_back(seconds_of(reference, now));
    }
    Outcome outcome{0, spread_of(std::move(subjects)), spread_of(std::move(references))};
    const double cost = outcome.subject.median / outcome.reference.median;
    outcome.ratio = form == Form::cost ? cost : 1 / cost;
    return outcome;
}

void add_case(const std::string& name, std::function<Case()> make) {
    add(name, [name, make = std::move(make)](benchmark::State& state) { run_case(state, name, make()); });
}

void add_special_case(SpecialCase special) {
    const std::string name = special.name;
    add(name, [special = std::move(special)](benchmark::State& state) { run_special(state, special); });
}

const std::map<std::string, Row>& rows() {
    return known_rows();
}

}  // namespace bench

// The memory that a save and a load take beyond the tensors, each in a process of its own.

#include <malloc.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <exception>
#include <fstream>
#include <functional>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <milepost/checkpoint.hpp>
#include <milepost/options.hpp>
#include <milepost/reader.hpp>
#include <milepost/writer.hpp>

#include "case.hpp"
#include "cases.hpp"
#include "failure.hpp"
#include "files.hpp"
#include "fixture.hpp"
#include "loads.hpp"
#include "spread.hpp"

namespace bench {

namespace {

/// Memory of this process that is not pages of files, in bytes: a mapped file is page cache, which the system
/// takes back when it needs it.
double anonymous_nbytes() {
    std::ifstream status("/proc/self/status");
    std::string word;
    while (status >> word) {
        if (word == "RssAnon:") {
            double kibibytes = 0;
            status >> kibibytes;
            return kibibytes * 1024;
        }
    }
    throw std::runtime_error("/proc/self/status has no RssAnon");
}

/// The most memory that the process had while `work` ran, above what it had before; looked at each
/// millisecond.
double peak_nbytes(const std::function<void()>& work) {
    const double before = anonymous_nbytes();
    double peak = before;
    std::atomic<bool> done = false;
    std::thread watch([&] {
        while (!done) {
            peak = std::max(peak, anonymous_nbytes());
            std::this_thread::sleep_for(std::chrono::milliseconds(1));
        }
    });
    work();
    peak = std::max(peak, anonymous_nbytes());
    done = true;
    watch.join();
    return peak - before;
}

/// Calls `measure` in a child process and returns its result: what the parent has allocated and freed does
/// not count.
double in_child(const std::function<double()>& measure) {
    int ends[2];
    must_succeed(::pipe(ends) == 0, "pipe");
    const pid_t child = ::fork();
    must_succeed(child >= 0, "fork");
    if (child == 0) {
        double result = -1;
        try {
            ::malloc_trim(0);
            result = measure();
        } catch (const std::exception&) {
            result = -1;
        }
        const bool written = ::write(ends[1], &result, sizeof result) == sizeof result;
        ::_exit(written ? 0 : 1);
    }
    ::close(ends[1]);
    double result = -1;
    const bool read = ::read(ends[0], &result, sizeof result) == sizeof result;
    ::close(ends[0]);
    int status = 0;
    ::waitpid(child, &status, 0);
    if (!read || result < 0) throw std::runtime_error("the measuring process failed");
    return result;
}

Outcome outcome_of(Fixture& fixture, const std::function<double()>& measure) {
    std::vector<double> mebibytes;
    for (int turn = 0; turn < fixture.settings().pick(1, 3, 5); ++turn)
        mebibytes.push_back(in_child(measure) / (1024.0 * 1024.0));
    Outcome outcome;
    outcome.subject = spread_of(std::move(mebibytes));
    outcome.ratio = outcome.subject.median;
    return outcome;
}

Outcome save_outcome(Fixture& fixture, milepost::Codec codec) {
    const std::string path = fixture.folder().file("memory.milepost");
    const milepost::Checkpoint checkpoint = fixture.model().checkpoint();
    return outcome_of(fixture, [&] {
        return peak_nbytes(
            [&] { must(milepost::save(path, checkpoint, {.codec = codec, .durable = false})); });
    });
}

/// The loaded tensors are taken off: all of them are in memory at the end.
Outcome load_outcome(Fixture& fixture, const std::string& path) {
    const auto tensors_nbytes = static_cast<double>(fixture.model().nbytes());
    return outcome_of(fixture, [&, path] {
        const double peak = peak_nbytes([&] { load_fresh(must(milepost::Reader::open(path))); });
        return std::max(0.0, peak - tensors_nbytes);
    });
}

void add_memory(const char* name, const char* what, std::function<Outcome()> measure) {
    add_special_case({.name = name,
                      .goal = at_most(64),
                      .unit = Unit::mebibytes,
                      .subject = what,
                      .reference = "1 MiB",
                      .measure = std::move(measure)});
}

}  // namespace

void add_memory_cases(Fixture& fixture) {
    add_memory("memory/save-raw", "peak memory of a raw save beyond the tensors",
               [&fixture] { return save_outcome(fixture, milepost::Codec::raw); });
    add_memory("memory/save-packed", "peak memory of a compressed save beyond the tensors",
               [&fixture] { return save_outcome(fixture, milepost::Codec::planes); });
    add_memory("memory/load-raw", "peak memory of a load of all tensors beyond the tensors",
               [&fixture] { return load_outcome(fixture, fixture.raw_file()); });
    add_memory("memory/load-packed", "peak memory of a load of the compressed file beyond the tensors",
               [&fixture] { return load_outcome(fixture, fixture.packed_file()); });
}

}  // namespace bench

// Loading and verifying a file that is in the page cache.

#include <fcntl.h>

#include <optional>
#include <stdexcept>
#include <string>

#include <milepost/reader.hpp>
#include <milepost/verify.hpp>

#include "case.hpp"
#include "cases.hpp"
#include "failure.hpp"
#include "files.hpp"
#include "fixture.hpp"
#include "loads.hpp"
#include "units.hpp"

namespace bench {

namespace {

Side memcpy_side(Fixture& fixture) {
    return {"M1: memcpy, 1 thread, touched huge pages",
            [&fixture] { copy_memory(fixture.destination(), fixture.model().bytes(), 1); }};
}

/// Each turn opens the file, as a program does that loads once.
Side fresh_side(const std::string& path) {
    return {"warm verified load into fresh memory, which is released",
            [=] { load_fresh(open_mapped(path)); }};
}

Side reused_side(Fixture& fixture, const std::string& path, const char* what) {
    return {what, [&fixture, path] { load_into_memory(open_mapped(path), fixture.destination()); }};
}

Case verify_case(Fixture& fixture) {
    const std::string path = fixture.raw_file();
    warm(path);
    return Case{.goal = at_least(0.8),
                .nbytes = fixture.model().nbytes(),
                .turns = fixture.settings().pick(1, 7, 15),
                .subject = {"verification of all chunks of the mapped file, 2 threads",
                            [=] {
                                if (!must(milepost::verify(open_mapped(path), {.threads = 2})).ok())
                                    throw std::runtime_error("the file is damaged");
                            }},
                .reference = {"X2: XXH3-128 of each MiB in memory, 2 threads",
                              [&fixture] { hash_memory(fixture.model().bytes(), 2); }}};
}

/// A load that is compared with M1 or another side; the file is warmed first.
void add_load(Fixture& fixture, const char* name, std::optional<Goal> goal,
              const std::string& (Fixture::*file)(), Side (*subject)(Fixture&, const std::string&),
              Side (*reference)(Fixture&)) {
    add_case(name, [=, &fixture] {
        const std::string path = (fixture.*file)();
        warm(path);
        return Case{.goal = goal,
                    .nbytes = fixture.model().nbytes(),
                    .turns = fixture.settings().pick(1, 5, 11),
                    .subject = subject(fixture, path),
                    .reference = reference(fixture)};
    });
}

}  // namespace

void add_load_cases(Fixture& fixture) {
    const auto fresh = [](Fixture&, const std::string& path) { return fresh_side(path); };
    const auto reused = [](Fixture& all, const std::string& path) {
        return reused_side(all, path, "warm verified load into touched memory");
    };
    const auto naive = [](Fixture& all) {
        return Side{"NAIVE: pread of the cached file into fresh memory of malloc",
                    [&all] { read_naively(all.raw_file()); }};
    };
    add_load(fixture, "load-fresh/naive", at_least(6), &Fixture::raw_file, fresh, naive);
    add_load(fixture, "load-fresh/memcpy", at_least(0.85, 0.75), &Fixture::raw_file, fresh, memcpy_side);
    add_load(fixture, "load-reused", at_least(1.5), &Fixture::raw_file, reused, memcpy_side);
    add_load(fixture, "load-packed/fresh", {}, &Fixture::packed_file, fresh, memcpy_side);
    add_load(fixture, "load-packed/reused", {}, &Fixture::packed_file, reused, memcpy_side);
    add_case("verify", [&fixture] { return verify_case(fixture); });
}

}  // namespace bench

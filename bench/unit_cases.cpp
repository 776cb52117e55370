// What the machine can do without the library, each unit against M1: the table to read the other ratios with.

#include <functional>
#include <string>
#include <utility>

#include "case.hpp"
#include "cases.hpp"
#include "files.hpp"
#include "fixture.hpp"
#include "units.hpp"

namespace bench {

namespace {

void add_unit(
    Fixture& fixture, const char* name, const char* what, int turns, std::function<void(Fixture&)> run,
    std::function<void(Fixture&)> prepare = [](Fixture&) {}) {
    add_case(name, [=, &fixture, run = std::move(run), prepare = std::move(prepare)] {
        return Case{
            .nbytes = fixture.model().nbytes(),
            .turns = turns,
            .subject = {what, [&fixture, run] { run(fixture); }, [&fixture, prepare] { prepare(fixture); }},
            .reference = {"M1: memcpy, 1 thread, touched huge pages",
                          [&fixture] { copy_memory(fixture.destination(), fixture.model().bytes(), 1); }}};
    });
}

std::string plain_file(Fixture& fixture) {
    return fixture.folder().file("plain");
}

}  // namespace

void add_unit_cases(Fixture& fixture) {
    const int memory_turns = fixture.settings().pick(1, 5, 7);
    const int disk_turns = fixture.settings().pick(1, 3, 5);
    const auto removed = [](Fixture& all) { all.remove_and_settle(plain_file(all)); };
    add_unit(fixture, "unit/M2", "memcpy, 2 threads", memory_turns,
             [](Fixture& all) { copy_memory(all.destination(), all.model().bytes(), 2); });
    add_unit(fixture, "unit/X1", "XXH3-128 of each MiB, 1 thread", memory_turns,
             [](Fixture& all) { hash_memory(all.model().bytes(), 1); });
    add_unit(fixture, "unit/X2", "XXH3-128 of each MiB, 2 threads", memory_turns,
             [](Fixture& all) { hash_memory(all.model().bytes(), 2); });
    add_unit(
        fixture, "unit/NAIVE", "pread of a cached file into fresh memory of malloc", disk_turns,
        [](Fixture& all) { read_naively(all.raw_file()); }, [](Fixture& all) { warm(all.raw_file()); });
    add_unit(
        fixture, "unit/buffered", "buffered write of a new file, without fsync", disk_turns,
        [](Fixture& all) { write_buffered(plain_file(all), all.model().bytes(), false); }, removed);
    add_unit(
        fixture, "unit/BF", "buffered write of a new file + fsync", disk_turns,
        [](Fixture& all) { write_buffered(plain_file(all), all.model().bytes(), true); }, removed);
    add_unit(
        fixture, "unit/OW", "O_DIRECT write of a new file, 4 x 4 MiB in flight, + fsync", disk_turns,
        [](Fixture& all) { write_direct(plain_file(all), all.model().bytes()); }, removed);
    add_unit(
        fixture, "unit/OR", "O_DIRECT read of a file that is not cached, 8 x 4 MiB in flight", disk_turns,
        [](Fixture& all) { read_direct(all.raw_file(), all.destination()); },
        [](Fixture& all) { evict(all.raw_file()); });
}

}  // namespace bench

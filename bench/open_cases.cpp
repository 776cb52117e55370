// What a checked open costs: against the least that any checked open must do, and against a parsed JSON
// header.

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include "settings.hpp"

#include <benchmark/benchmark.h>
#ifdef MILEPOST_XXHASH_DISPATCH
#include <xxh_x86dispatch.h>  // makes XXH3_128bits the fastest one of the machine, as the library uses it
#endif
#include <xxhash.h>

#include <milepost/reader.hpp>

#include "case.hpp"
#include "cases.hpp"
#include "failure.hpp"
#include "files.hpp"
#include "fixture.hpp"
#include "json_header.hpp"
#include "loads.hpp"
#include "small_files.hpp"
#include "spread.hpp"

namespace bench {

namespace {

constexpr std::size_t kFooterNbytes = 64;  // also the size of the header

/// The least that any checked open must do: the system calls of a mapped open, the index read into memory,
/// and one XXH3 pass over it (docs/format.md, sections 3, 5 and 7). System calls cost three times as much on
/// one machine as on another, memory and hashing do not; a floor with all three makes ratios of different
/// machines comparable.
void open_floor(const std::string& path) {
    const File file(path, O_RDONLY);
    const std::size_t nbytes = file.size();
    std::byte header[kFooterNbytes], footer[kFooterNbytes];
    file.read(0, header);
    file.read(nbytes - kFooterNbytes, footer);
    std::uint64_t index_offset = 0;
    std::uint32_t index_nbytes = 0;
    std::memcpy(&index_offset, footer + 16, sizeof index_offset);
    std::memcpy(&index_nbytes, footer + 24, sizeof index_nbytes);
    const auto index = std::make_unique_for_overwrite<std::byte[]>(index_nbytes);
    file.read(index_offset, {index.get(), index_nbytes});
    const XXH128_hash_t hash = XXH3_128bits(index.get(), index_nbytes);
    benchmark::DoNotOptimize(hash);
    void* mapped = ::mmap(nullptr, nbytes, PROT_READ, MAP_SHARED, file.descriptor(), 0);
    benchmark::DoNotOptimize(mapped);
    ::munmap(mapped, nbytes);
}

void open_once(const std::string& path) {
    const milepost::Reader file = open_mapped(path);
    benchmark::DoNotOptimize(file);
}

/// As many tensors as a case names, or a few of them on the scale that only shows that it works.
std::size_t scaled(const Settings& settings, std::size_t tensors) {
    return settings.scale == Scale::tiny ? std::min<std::size_t>(tensors, 2'000) : tensors;
}

/// Turns that take about half a second, or less on a smaller scale.
int turns_for(const Settings& settings, std::size_t tensors) {
    return settings.pick(3, static_cast<int>(500'000 / tensors) + 5,
                         static_cast<int>(2'000'000 / tensors) + 7);
}

std::string small_file(Fixture& fixture, std::size_t tensors, std::size_t elements) {
    std::string path = fixture.folder().file(std::to_string(tensors) + ".milepost");
    write_checkpoint(path, tensors, elements);
    return path;
}

void add_open_floor(Fixture& fixture, std::size_t named, std::optional<Goal> goal = {}) {
    add_case("open-floor/" + std::to_string(named), [=, &fixture] {
        const std::size_t tensors = scaled(fixture.settings(), named);
        const std::string path = small_file(fixture, tensors, named < 1'000'000 ? 1024 : 64);
        return Case{.goal = goal,
                    .form = Form::cost,
                    .turns = turns_for(fixture.settings(), tensors),
                    .subject = {"checked warm open of " + std::to_string(tensors) + " tensors",
                                [=] { open_once(path); }},
                    .reference = {"its system calls, one read of the index, one XXH3 pass over it",
                                  [=] { open_floor(path); }}};
    });
}

/// Each side is called once more before it is measured: the map of the other side takes the caches, and its
/// memory goes back to the system, which no longer is a warm open.
void add_open_json(Fixture& fixture, std::size_t named, Goal goal) {
    add_case("open-json/" + std::to_string(named), [=, &fixture] {
        const std::size_t tensors = scaled(fixture.settings(), named);
        const std::string path = small_file(fixture, tensors, 1024);
        const std::string json = fixture.folder().file(std::to_string(tensors) + ".safetensors");
        write_safetensors(json, tensors, 1024);
        const auto ours = [=] { open_once(path); };
        const auto theirs = [=] {
            if (open_safetensors(json) != tensors) throw std::runtime_error("tensors are missing");
        };
        return Case{
            .goal = goal,
            .turns = turns_for(fixture.settings(), 4 * tensors),
            .subject = {"checked warm open of " + std::to_string(tensors) + " tensors", ours, ours},
            .reference = {"the same names as a safetensors header: simdjson into a map", theirs, theirs}};
    });
}

Outcome measure_open_million(Fixture& fixture) {
    const std::size_t tensors = scaled(fixture.settings(), 1'000'000);
    const std::string path = small_file(fixture, tensors, 64);
    const Side open = {"", [&] { open_once(path); }};
    Outcome outcome = measure_by_turns(open, {"", [] {}}, fixture.settings().pick(2, 15, 31));
    outcome.reference = {};
    outcome.ratio = outcome.subject.median * 1e3;
    return outcome;
}

Outcome measure_first_tensor(Fixture& fixture) {
    const std::string path = small_file(fixture, scaled(fixture.settings(), 10'000), 1024);
    const std::string name = tensor_name(1234);
    const auto open_and_read = [&] {
        const milepost::Reader file = open_mapped(path);
        const auto bytes = must(must(file.tensor("model", name)).bytes());
        benchmark::DoNotOptimize(bytes[0]);
    };
    Outcome outcome = measure_by_turns({"", open_and_read}, {"", [&] { open_once(path); }},
                                       turns_for(fixture.settings(), 10'000), Form::cost);
    constexpr double kMicrosecond = 1e-6;
    outcome.ratio = outcome.subject.median / (outcome.reference.median + kMicrosecond);
    return outcome;
}

}  // namespace

void add_open_cases(Fixture& fixture) {
    add_open_floor(fixture, 1'000, at_most(1.5));
    add_open_floor(fixture, 10'000, at_most(1.5));
    add_open_floor(fixture, 100'000);
    add_open_floor(fixture, 1'000'000);
    add_open_json(fixture, 1'000, at_least(10));
    add_open_json(fixture, 10'000, at_least(40, 30));
    add_open_json(fixture, 100'000, at_least(150));
    add_special_case({.name = "open-million",
                      .goal = at_most(12),
                      .subject = "checked warm open of 1,000,000 tensors",
                      .reference = "1 ms",
                      .measure = [&fixture] { return measure_open_million(fixture); }});
    add_special_case({.name = "first-tensor",
                      .goal = at_most(1),
                      .subject = "open of 10,000 tensors, find one by name, its first byte, checked",
                      .reference = "open, and 1 microsecond",
                      .measure = [&fixture] { return measure_first_tensor(fixture); }});
}

}  // namespace bench

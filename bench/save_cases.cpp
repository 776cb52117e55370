// Saving: against the plainest program that writes the same bytes.

#include <functional>
#include <optional>
#include <string>

#include <milepost/options.hpp>
#include <milepost/writer.hpp>

#include "case.hpp"
#include "cases.hpp"
#include "failure.hpp"
#include "files.hpp"
#include "fixture.hpp"
#include "units.hpp"

namespace bench {

namespace {

/// Saves the model of the fixture to a new file.
Side save_side(Fixture& fixture, const char* what, milepost::SaveOptions options) {
    const std::string path = fixture.folder().file("saved.milepost");
    return {
        what,
        [=, checkpoint = fixture.model().checkpoint()] { must(milepost::save(path, checkpoint, options)); },
        [=, &fixture] { fixture.remove_and_settle(path); }};
}

Side write_side(Fixture& fixture, bool durable) {
    const std::string path = fixture.folder().file("plain");
    return {durable ? "BF: buffered write of the same bytes + fsync"
                    : "buffered write of the same bytes, without fsync",
            [=, &fixture] { write_buffered(path, fixture.model().bytes(), durable); },
            [=, &fixture] { fixture.remove_and_settle(path); }};
}

void add_save(Fixture& fixture, const char* name, Goal goal, std::function<Side(Fixture&)> subject,
              std::function<Side(Fixture&)> reference) {
    add_case(name, [=, &fixture] {
        return Case{.goal = goal,
                    .nbytes = fixture.model().nbytes(),
                    .turns = fixture.settings().pick(1, 5, 9),
                    .subject = subject(fixture),
                    .reference = reference(fixture)};
    });
}

Side durable_raw(Fixture& fixture) {
    return save_side(fixture, "durable save, raw", {});
}

Side durable_packed(Fixture& fixture) {
    return save_side(fixture, "durable save of bf16, Codec::planes", {.codec = milepost::Codec::planes});
}

Side buffered_raw(Fixture& fixture) {
    return save_side(fixture, "save that is not durable, raw", {.durable = false});
}

}  // namespace

void add_save_cases(Fixture& fixture) {
    const auto durable_write = [](Fixture& all) { return write_side(all, true); };
    add_save(fixture, "save-raw", at_least(1.8, 1.7), durable_raw, durable_write);
    add_save(fixture, "save-buffered", at_least(1), buffered_raw,
             [](Fixture& all) { return write_side(all, false); });
    add_save(fixture, "save-packed", at_least(2.3, 2.2), durable_packed, durable_write);
    add_save(fixture, "packed-over-raw", at_least(1), durable_packed, durable_raw);
}

}  // namespace bench

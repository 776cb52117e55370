#include "run.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include <nanobind/nanobind.h>
#include <nanobind/stl/optional.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/tuple.h>
#include <nanobind/stl/unique_ptr.h>
#include <nanobind/stl/vector.h>

#include <milepost/milepost.hpp>

#include "error.hpp"
#include "interruptible.hpp"
#include "open_file.hpp"
#include "options.hpp"
#include "types.hpp"

namespace nb = nanobind;

namespace milepost::python {
namespace {

/// The name of a value, whether the largest is the best, and how many are kept.
using GivenBest = std::tuple<std::string, bool, unsigned>;

Run open(const nb::bytes& folder, unsigned keep, const std::optional<GivenBest>& best) {
    RunOptions options{.keep = keep};
    if (best) options.keep_best = KeepBest{std::get<0>(*best), std::get<1>(*best), std::get<2>(*best)};
    const auto opened = [&, name = path_of(folder)] {
        const nb::gil_scoped_release released;
        return Run::open(name, options);
    }();
    return or_raise(opened);
}

/// The path as bytes, the number, the step, and whether it is a folder.
using Described = nb::typed<nb::tuple, nb::bytes, int, int, bool>;

Described describe(const RunCheckpoint& checkpoint) {
    const nb::bytes path(checkpoint.path.data(), checkpoint.path.size());
    return nb::make_tuple(path, checkpoint.number, checkpoint.step, checkpoint.is_folder);
}

nb::tuple condition_and_message(const Error& error) {
    return nb::make_tuple(std::string(name(error.condition())), error.message());
}

ListOf<Described> checkpoints(const Run& run) {
    nb::list made;
    for (const RunCheckpoint& each : or_raise(run.checkpoints()))
        made.append(describe(each));
    return made;
}

/// What could not be done, or was found damaged.
std::vector<std::string> prune(const Run& run) {
    const auto warnings = or_raise([&] {
        const nb::gil_scoped_release released;
        return run.prune();
    }());
    std::vector<std::string> made;
    made.reserve(warnings.size());
    for (const Error& warning : warnings)
        made.push_back(warning.to_string());
    return made;
}

/// The checkpoint, the open file, and those that were skipped, each with the condition and the message.
AnyTuple restore(const Run& run, const AnyDict& given) {
    const OpenOptions options = open_options(given);
    const RestoredCheckpoint found =
        interruptible(nb::none(), [&](const ProgressCallback&) { return run.restore(options); });
    nb::list skipped;
    for (const SkippedCheckpoint& each : found.skipped)
        skipped.append(nb::make_tuple(describe(each.checkpoint), condition_and_message(each.error)));
    return nb::make_tuple(describe(found.checkpoint), nb::cast(file_of(found.reader)), skipped);
}

}  // namespace

void bind_run(nb::module_& module) {
    nb::class_<Run>(module, "Run", "The checkpoints of a training run in one folder.")
        .def_static("open", &open, nb::arg("folder"), nb::arg("keep"), nb::arg("keep_best").none())
        .def(
            "next", [](const Run& self, std::uint64_t step) { return describe(or_raise(self.next(step))); },
            nb::arg("step"))
        .def("checkpoints", &checkpoints)
        .def("prune", &prune)
        .def("restore", &restore, nb::arg("options"));
}

}  // namespace milepost::python

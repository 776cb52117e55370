#include "convert.hpp"

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <nanobind/nanobind.h>
#include <nanobind/stl/optional.h>
#include <nanobind/stl/pair.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

#include <milepost/convert.hpp>
#include <milepost/milepost.hpp>
#include <milepost/select.hpp>

#include "error.hpp"
#include "interruptible.hpp"
#include "open_file.hpp"
#include "options.hpp"
#include "types.hpp"

namespace nb = nanobind;

namespace milepost::python {
namespace {

std::optional<std::string> extension_format(const nb::bytes& path) {
    const auto format = format_of_extension(path_of(path));
    return format ? std::optional(std::string(name(*format))) : std::nullopt;
}

using Patterns = std::vector<std::string>;

/// What the patterns match of a file; all of it if there are none. Errors: those of reading and
/// check_matches().
Result<std::shared_ptr<const Checkpoint>> selected(const OpenFile& file, const Patterns& only) {
    auto all = file.checkpoint();
    if (!all || only.empty()) return all;
    MILEPOST_TRY(check_matches(**all, only));
    return std::make_shared<const Checkpoint>(keep(**all, only));
}

/// The path of each part that the format cannot hold, and why.
std::vector<std::pair<std::string, std::string>> losses(const OpenFile& file, const std::string& format,
                                                        const Patterns& only) {
    const FileFormat wanted = format_of_word(format);
    std::vector<std::pair<std::string, std::string>> made;
    const auto checkpoint = [&] {
        const nb::gil_scoped_release released;
        auto part = selected(file, only);
        if (part) {
            for (Loss& loss : find_losses(**part, wanted))
                made.emplace_back(std::move(loss.path), std::move(loss.reason));
        }
        return part;
    }();
    or_raise(checkpoint);
    return made;
}

/// Writes what the patterns match of a file to another one. Returns the path of the file that opens it.
/// Errors: those of export_file().
nb::bytes export_to(const OpenFile& file, const nb::bytes& path, const AnyDict& given, const Patterns& only,
                    const ProgressFunction& progress) {
    const std::string target = path_of(path);
    ExportOptions options = export_options(given);
    const std::string written =
        interruptible(progress, [&](const ProgressCallback& callback) -> Result<std::string> {
            options.save.progress = callback;
            MILEPOST_TRY_ASSIGN(const auto checkpoint, selected(file, only));
            return export_file(target, *checkpoint, options);
        });
    return nb::bytes(written.data(), written.size());
}

}  // namespace

void bind_convert(nb::module_& module) {
    module.def("format_of_extension", &extension_format, nb::arg("path"));
    module.def("find_losses", &losses, nb::arg("file"), nb::arg("format"), nb::arg("only"));
    module.def("export", &export_to, nb::arg("file"), nb::arg("path"), nb::arg("options"), nb::arg("only"),
               nb::arg("progress").none());
}

}  // namespace milepost::python

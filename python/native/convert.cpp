#include "convert.hpp"

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

/// The path of each part that the format cannot hold, and why.
std::vector<std::pair<std::string, std::string>> losses(const OpenFile& file, const std::string& format) {
    const FileFormat wanted = format_of_word(format);
    std::vector<std::pair<std::string, std::string>> made;
    const auto checkpoint = [&] {
        const nb::gil_scoped_release released;
        auto all = file.checkpoint();
        if (all) {
            for (Loss& loss : find_losses(**all, wanted))
                made.emplace_back(std::move(loss.path), std::move(loss.reason));
        }
        return all;
    }();
    or_raise(checkpoint);
    return made;
}

/// Writes all that is in a file to another one. Errors: those of export_file().
void export_to(const OpenFile& file, const nb::bytes& path, const AnyDict& given,
               const ProgressFunction& progress) {
    const std::string target = path_of(path);
    ExportOptions options = export_options(given);
    interruptible(progress, [&](const ProgressCallback& callback) -> Result<void> {
        options.save.progress = callback;
        MILEPOST_TRY_ASSIGN(const auto checkpoint, file.checkpoint());
        return export_file(target, *checkpoint, options);
    });
}

}  // namespace

void bind_convert(nb::module_& module) {
    module.def("format_of_extension", &extension_format, nb::arg("path"));
    module.def("find_losses", &losses, nb::arg("file"), nb::arg("format"));
    module.def("export", &export_to, nb::arg("file"), nb::arg("path"), nb::arg("options"),
               nb::arg("progress").none());
}

}  // namespace milepost::python

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <milepost/checkpoint.hpp>
#include <milepost/error.hpp>
#include <milepost/reader.hpp>
#include <milepost/text.hpp>
#include <milepost/value.hpp>

#include <milepost/convert.hpp>
#include "any_file.hpp"
#include "commands.hpp"
#include "json_document.hpp"
#include "json_value.hpp"
#include "output.hpp"
#include "summary.hpp"
#include "terminal.hpp"
#include "text.hpp"

namespace milepost::cli {
namespace {

constexpr std::size_t kMaxListed = 8;  // of one kind, so that the answer stays one screen
constexpr std::size_t kMaxWidth = 60;  // of one text from the file

/// A scalar as a line of text shows it; nothing for other kinds.
std::optional<std::string> scalar_text(const Value& value) {
    if (const auto* truth = value.get_if<bool>()) return *truth ? "true" : "false";
    if (const auto* integer = value.get_if<Integer>()) return to_string(*integer, kMaxWidth);
    if (const auto* number = value.get_if<double>()) return to_string(*number);
    if (const auto* string = value.get_if<String>()) return escape(string->text, kMaxWidth);
    return std::nullopt;
}

/// The same for JSON.
std::optional<Json> scalar_json(const Value& value) {
    if (const auto* truth = value.get_if<bool>()) return Json(*truth);
    if (const auto* integer = value.get_if<Integer>()) return number_json(*integer);
    if (const auto* number = value.get_if<double>()) return number_json(*number);
    if (const auto* string = value.get_if<String>()) return Json(string->text);
    return std::nullopt;
}

/// "a, b, ... 3 more"
std::string joined(const std::vector<std::string>& parts) {
    if (parts.size() <= kMaxListed) return fmt::format("{}", fmt::join(parts, ", "));
    const auto end = parts.begin() + static_cast<std::ptrdiff_t>(kMaxListed);
    return fmt::format("{}, ... {} more", fmt::join(parts.begin(), end, ", "), parts.size() - kMaxListed);
}

/// "lr 0.001, momentum 0.9": the scalars among the entries.
std::string scalars_text(const Entries& entries) {
    std::vector<std::string> parts;
    for (const auto& [name, value] : entries) {
        if (auto text = scalar_text(value)) parts.push_back(escape(name, kMaxWidth) + ' ' + *text);
    }
    return joined(parts);
}

// Text

std::string line(std::string_view label, std::string_view text) {
    return fmt::format("{:<12}{}\n", label, text);
}

std::string model_text(const std::string& name, const StateDict& model) {
    const std::string_view noun = model.size() == 1 ? "entry" : "entries";
    return fmt::format("{}: {} {}", escape(name, kMaxWidth), grouped(model.size()), noun);
}

std::string optimizer_text(const std::string& name, const OptimizerState& optimizer) {
    const std::string algorithm =
        optimizer.algorithm.empty() ? "algorithm unknown" : escape(optimizer.algorithm, kMaxWidth);
    std::string text = fmt::format("{}: {}, {}, state of {}", escape(name, kMaxWidth), algorithm,
                                   counted(optimizer.param_groups.size(), "param group"),
                                   counted(optimizer.state.size(), "parameter"));
    if (!optimizer.param_keys.empty()) text += ", keyed by names";
    if (optimizer.param_groups.empty()) return text;
    const std::string first = scalars_text(optimizer.param_groups.front().hyperparameters);
    return first.empty() ? text : text + "; " + first;
}

std::string tensors_text(const Summary& summary) {
    const std::uint64_t others = summary.tensors - summary.model_tensors - summary.optimizer_tensors;
    std::vector<std::string> owners;
    if (summary.model_tensors != 0) owners.push_back(grouped(summary.model_tensors) + " model");
    if (summary.optimizer_tensors != 0) owners.push_back(grouped(summary.optimizer_tensors) + " optimizer");
    if (others != 0) owners.push_back(grouped(others) + " other");
    std::vector<std::string> dtypes;
    dtypes.reserve(summary.dtypes.size());
    for (const auto& [code, use] : summary.dtypes) {
        dtypes.push_back(fmt::format("{} {}", escape(use.name, kMaxWidth), grouped(use.tensors)));
    }
    std::string text = grouped(summary.tensors);
    if (!owners.empty()) text += fmt::format(" ({})", fmt::join(owners, ", "));
    text += fmt::format("   parameters {}", grouped(summary.parameters));
    return dtypes.empty() ? text : text + "   dtypes " + joined(dtypes);
}

std::string nbytes_text(const Summary& summary) {
    std::string text =
        fmt::format("{} raw ({}), {} stored ({})", grouped(summary.nbytes), iec(summary.nbytes),
                    grouped(summary.stored_nbytes), iec(summary.stored_nbytes));
    std::vector<std::string> codecs;
    codecs.reserve(summary.codecs.size());
    for (const auto& [codec, storages] : summary.codecs) {
        codecs.push_back(fmt::format("{} {}", milepost::name(codec), grouped(storages)));
    }
    return codecs.empty() ? text : text + "   codecs " + joined(codecs);
}

/// One line for each part, at most kMaxListed.
template <class Parts, class ToText>
std::string part_lines(std::string_view label, const Parts& parts, ToText to_text) {
    std::string text;
    std::size_t listed = 0;
    for (const auto& [name, part] : parts) {
        if (listed++ == kMaxListed) {
            return text + line("", fmt::format("... {} more", parts.size() - kMaxListed));
        }
        text += line(label, to_text(name, part));
        label = "";
    }
    return text;
}

std::string warning_lines(const Reader& reader, const Palette& palette) {
    std::string text;
    if (reader.unknown_optional_flags() != 0) {
        text +=
            line("flags", fmt::format("{:#x}: optional features that this version does not know and ignores",
                                      reader.unknown_optional_flags()));
    }
    for (const Error& warning : reader.warnings()) {
        text += palette.paint(Colour::yellow, "warning") + "     " + warning.to_string() + '\n';
    }
    return text;
}

std::string format_text(const AnyFile& file) {
    if (file.reader() == nullptr) return std::string(name(file.format()));
    return fmt::format("format {}", file.reader()->format_version());
}

std::string info_text(const InfoCommand& command, const AnyFile& file, const Checkpoint& checkpoint) {
    const Summary summary = summarize(file, checkpoint);
    std::string text =
        fmt::format("{}  {}  {}\n", escape(command.file), format_text(file), iec(file.file_size()));
    text += part_lines("models", checkpoint.models(), model_text);
    text += part_lines("optimizers", checkpoint.optimizers(), optimizer_text);
    text += line("tensors", tensors_text(summary));
    text += line("nbytes", nbytes_text(summary));
    const std::string training = scalars_text(checkpoint.values());
    if (!training.empty()) text += line("training", training);
    if (file.reader() == nullptr) return text;
    text += line("checksums", "header, index, footer checked; data not yet (milepost verify)");
    return text + warning_lines(*file.reader(), Palette(Stream::out, command.no_color));
}

// JSON

Json dtypes_json(const Summary& summary) {
    Json dtypes = Json::object();
    for (const auto& [code, use] : summary.dtypes) {
        dtypes[use.name] = Json{{"tensors", number_json(use.tensors)}, {"nbytes", number_json(use.nbytes)}};
    }
    return dtypes;
}

Json codecs_json(const Summary& summary) {
    Json codecs = Json::object();
    for (const auto& [codec, storages] : summary.codecs) {
        codecs[std::string(milepost::name(codec))] = number_json(storages);
    }
    return codecs;
}

Json training_json(const Entries& values) {
    Json::object_t training;
    for (const auto& [name, value] : values) {
        // Names are unique; operator[] would search all of them each time.
        if (auto scalar = scalar_json(value)) training.Container::emplace_back(name, std::move(*scalar));
    }
    return training;
}

Json warnings_json(const Reader& reader) {
    Json warnings = Json::array();
    for (const Error& warning : reader.warnings())
        warnings.push_back(warning.to_string());
    return warnings;
}

void print_json(const InfoCommand& command, const AnyFile& file, const Checkpoint& checkpoint) {
    const Summary summary = summarize(file, checkpoint);
    const Reader* reader = file.reader();
    JsonDocument document("milepost.info/1");
    document.field("file", command.file);
    document.field("format", name(file.format()));
    document.field("format_version", reader == nullptr ? Json() : Json(reader->format_version()));
    document.field("file_size", number_json(file.file_size()));
    document.field("alignment", reader == nullptr ? Json() : Json(reader->alignment()));
    document.field("models", number_json(checkpoint.models().size()));
    document.field("optimizers", number_json(checkpoint.optimizers().size()));
    document.field("values", number_json(checkpoint.values().size()));
    document.field("tensors", number_json(summary.tensors));
    document.field("parameters", number_json(summary.parameters));
    document.field("storages", number_json(summary.storages));
    document.field("nbytes", number_json(summary.nbytes));
    document.field("stored_nbytes", number_json(summary.stored_nbytes));
    document.field("dtypes", dtypes_json(summary));
    document.field("codecs", codecs_json(summary));
    document.field("training", training_json(checkpoint.values()));
    document.field("optional_flags",
                   reader == nullptr ? Json() : number_json(reader->unknown_optional_flags()));
    document.field("warnings", reader == nullptr ? Json::array() : warnings_json(*reader));
    document.end();
}

}  // namespace

Exit run(const InfoCommand& command) {
    const auto file = AnyFile::open(command.file);
    if (!file) return fail(command.file, file.error(), command.no_color);
    const auto checkpoint = file->checkpoint();
    if (!checkpoint) return fail(command.file, checkpoint.error(), command.no_color);
    if (command.json) {
        print_json(command, *file, *checkpoint);
    } else {
        print(info_text(command, *file, *checkpoint));
    }
    return Exit::ok;
}

}  // namespace milepost::cli

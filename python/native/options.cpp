#include "options.hpp"

#include <array>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <nanobind/nanobind.h>
#include <nanobind/stl/pair.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

#include <milepost/convert.hpp>
#include <milepost/milepost.hpp>

#include "error.hpp"
#include "open_file.hpp"

namespace nb = nanobind;

namespace milepost::python {
namespace {

/// One name of a dict, and what sets the field.
struct Field {
    std::string_view name;
    std::function<void(nb::handle value)> set;
};

template <class Enum>
using Words = std::span<const std::pair<std::string_view, Enum>>;

template <class Enum>
Field word_field(std::string_view name, Enum& field, Words<Enum> words) {
    return {name, [name, &field, words](nb::handle value) {
                const auto given = nb::cast<std::string>(value);
                std::string known;
                for (const auto& [word, number] : words) {
                    if (word == given) {
                        field = number;
                        return;
                    }
                    known += (known.empty() ? "'" : ", '") + std::string(word) + "'";
                }
                raise(Condition::option,
                      std::string(name) + " is '" + escape(given, 40) + "', not one of " + known);
            }};
}

template <class Number>
Field field(std::string_view name, Number& number) {
    return {name, [&number](nb::handle value) {
                // True is a number to Python; an option that is a number does not take it.
                if (!std::same_as<Number, bool> && PyBool_Check(value.ptr())) throw nb::cast_error();
                number = nb::cast<Number>(value);
            }};
}

void set_fields(std::span<const Field> fields, const nb::dict& given) {
    for (const auto& [key, value] : given) {
        const auto name = nb::cast<std::string>(key);
        bool found = false;
        for (const Field& each : fields) {
            if (each.name != name) continue;
            found = true;
            try {
                each.set(value);
            } catch (const nb::cast_error&) {
                raise(Condition::wrong_type, name + " cannot be " + nb::repr(value).c_str());
            }
        }
        if (!found) raise(Condition::option, "there is no option '" + escape(name, 40) + "'");
    }
}

Field limits_field(Limits& limits) {
    return {"limits", [&limits](nb::handle value) {
                const std::array fields = {
                    field("max_index_bytes", limits.max_index_bytes),
                    field("max_tables", limits.max_tables),
                    field("max_records", limits.max_records),
                    field("max_rank", limits.max_rank),
                    field("max_name_bytes", limits.max_name_bytes),
                    field("max_depth", limits.max_depth),
                    field("max_total_bytes", limits.max_total_bytes),
                    field("max_decoded_bytes", limits.max_decoded_bytes),
                };
                set_fields(fields, nb::cast<nb::dict>(value));
            }};
}

constexpr std::array kCodecs = {
    std::pair<std::string_view, Codec>{"raw", Codec::raw},
    std::pair<std::string_view, Codec>{"zstd", Codec::zstd},
    std::pair<std::string_view, Codec>{"planes", Codec::planes},
    std::pair<std::string_view, Codec>{"smallest", Codec::smallest},
    std::pair<std::string_view, Codec>{"automatic", Codec::automatic},
};
constexpr std::array kAccess = {
    std::pair<std::string_view, Access>{"automatic", Access::automatic},
    std::pair<std::string_view, Access>{"mapped", Access::mapped},
    std::pair<std::string_view, Access>{"read", Access::read},
};
constexpr std::array kChecks = {
    std::pair<std::string_view, Check>{"first_access", Check::first_access},
    std::pair<std::string_view, Check>{"at_open", Check::at_open},
    std::pair<std::string_view, Check>{"never", Check::never},
};
constexpr std::array kModes = {
    std::pair<std::string_view, LoadMode>{"checked", LoadMode::checked},
    std::pair<std::string_view, LoadMode>{"staged", LoadMode::staged},
    std::pair<std::string_view, LoadMode>{"direct", LoadMode::direct},
};

}  // namespace

std::string path_of(const nb::bytes& path) {
    return {path.c_str(), path.size()};
}

FileFormat format_of_word(const std::string& word) {
    const auto format = find_file_format(word);
    if (!format) raise(Condition::option, "there is no format '" + escape(word, 40) + "'");
    return *format;
}

SaveOptions save_options(const nb::dict& given) {
    SaveOptions options;
    const std::array fields = {
        word_field("codec", options.codec, Words<Codec>(kCodecs)),
        field("zstd_level", options.zstd_level),
        field("threads", options.threads),
        field("alignment", options.alignment),
        field("compact", options.compact),
        field("durable", options.durable),
        field("keep_cached", options.keep_cached),
        field("keep_previous", options.keep_previous),
        field("create_only", options.create_only),
        limits_field(options.limits),
    };
    set_fields(fields, given);
    return options;
}

LoadOptions load_options(const nb::dict& given) {
    LoadOptions options;
    const std::array fields = {
        field("strict", options.strict),
        field("strip_prefixes", options.strip_prefixes),
        field("only", options.only),
        field("cast", options.cast),
        field("threads", options.threads),
        word_field("mode", options.mode, Words<LoadMode>(kModes)),
        Field{"rename",
              [&options](nb::handle value) {
                  for (auto& [from, to] : nb::cast<std::vector<std::pair<std::string, std::string>>>(value))
                      options.rename.push_back({std::move(from), std::move(to)});
              }},
    };
    set_fields(fields, given);
    return options;
}

namespace {

std::vector<Field> open_fields(OpenOptions& options) {
    return {
        word_field("access", options.access, Words<Access>(kAccess)),
        word_field("check", options.check, Words<Check>(kChecks)),
        field("threads", options.threads),
        field("keep_cached", options.keep_cached),
        Field{"digest",
              [&options](nb::handle value) {
                  if (!value.is_none())
                      options.expected_digest = or_raise(Digest::parse(nb::cast<std::string>(value)));
              }},
        limits_field(options.limits),
    };
}

}  // namespace

OpenOptions open_options(const nb::dict& given) {
    OpenOptions options;
    set_fields(open_fields(options), given);
    return options;
}

AnyOpenOptions any_open_options(const nb::dict& given) {
    AnyOpenOptions options;
    std::vector<Field> fields = open_fields(options.open);
    fields.push_back(field("models", options.import.models));
    fields.push_back({"format", [&options](nb::handle value) {
                          if (!value.is_none())
                              options.import.format = format_of_word(nb::cast<std::string>(value));
                      }});
    set_fields(fields, given);
    options.import.limits = options.open.limits;
    return options;
}

ExportOptions export_options(const nb::dict& given) {
    ExportOptions options;
    const std::array fields = {
        field("lossy", options.lossy),
        field("verify", options.verify),
        field("max_shard_nbytes", options.max_shard_nbytes),
        Field{
            "format",
            [&options](nb::handle value) { options.format = format_of_word(nb::cast<std::string>(value)); }},
        Field{"save",
              [&options](nb::handle value) { options.save = save_options(nb::cast<nb::dict>(value)); }},
    };
    set_fields(fields, given);
    return options;
}

}  // namespace milepost::python

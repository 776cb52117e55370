#include "report.hpp"

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include <benchmark/benchmark.h>

#include "case.hpp"
#include "machine.hpp"
#include "settings.hpp"
#include "spread.hpp"

namespace bench {

namespace {

template <class... Values>
std::string formatted(const char* format, Values... values) {
    char text[256];
    std::snprintf(text, sizeof text, format, values...);
    return text;
}

std::string bound(const Goal& goal, double value) {
    return (goal.sense == Sense::at_least ? ">= " : "<= ") + formatted("%g", value);
}

/// "yes", "no", or "least": not the goal, but what is required.
std::string met(const Goal& goal, double ratio) {
    if (goal.met_by(ratio)) return "yes";
    return goal.required && goal.required_met_by(ratio) ? "required" : "no";
}

std::string seconds(double value) {
    if (value < 1e-3) return formatted("%.2f us", value * 1e6);
    return value < 1 ? formatted("%.2f ms", value * 1e3) : formatted("%.3f s", value);
}

std::string measured(const Row& row, double value) {
    if (row.unit == Unit::mebibytes) return formatted("%.1f MiB", value);
    return row.nbytes != 0 ? formatted("%.2f GB/s", static_cast<double>(row.nbytes) / value * 1e-9)
                           : seconds(value);
}

std::string side(const Row& row, const Spread& spread) {
    return measured(row, spread.median) + " (" + measured(row, spread.best) + " to " +
           measured(row, spread.worst) + ")";
}

void print_row(const Row& row) {
    const std::string goal = row.goal ? bound(*row.goal, row.goal->value) : "-";
    const std::string verdict = row.goal ? met(*row.goal, row.outcome.ratio) : "-";
    std::printf("%-24s %9.3f  %-8s %-9s %s: %s\n", row.name.c_str(), row.outcome.ratio, goal.c_str(),
                verdict.c_str(), row.subject.c_str(), side(row, row.outcome.subject).c_str());
    std::printf("%54s %s", "against", row.reference.c_str());
    if (row.outcome.reference.worst > 0) std::printf(": %s", side(row, row.outcome.reference).c_str());
    std::printf("\n");
}

/// Requires: text without control characters. Names and descriptions of cases are ours.
std::string quoted(const std::string& text) {
    std::string result = "\"";
    for (const char character : text) {
        if (character == '"' || character == '\\') result += '\\';
        result += character;
    }
    return result + "\"";
}

std::string json_spread(const Spread& spread) {
    return formatted("[%.9g, %.9g, %.9g]", spread.median, spread.best, spread.worst);
}

std::string json_goal(const Row& row) {
    if (!row.goal)
        return R"("sense": null, "goal": null, "met": null, "required": null, "required_met": null)";
    const Goal& goal = *row.goal;
    const double required = goal.required.value_or(goal.value);
    const auto boolean = [](bool value) { return value ? "true" : "false"; };
    return formatted(R"("sense": "%s", "goal": %g, "met": %s, "required": %g, "required_met": %s)",
                     goal.sense == Sense::at_least ? "at least" : "at most", goal.value,
                     boolean(goal.met_by(row.outcome.ratio)), required,
                     boolean(goal.required_met_by(row.outcome.ratio)));
}

std::string json_of(const Row& row) {
    return "{\"ratio\": " + formatted("%.6g", row.outcome.ratio) + ", " + json_goal(row) +
           ", \"unit\": " + (row.unit == Unit::seconds ? "\"s\"" : "\"MiB\"") +
           ", \"nbytes\": " + std::to_string(row.nbytes) + ", \"subject\": " + quoted(row.subject) +
           ", \"reference\": " + quoted(row.reference) +
           ", \"subject_median_best_worst\": " + json_spread(row.outcome.subject) +
           ", \"reference_median_best_worst\": " + json_spread(row.outcome.reference) + "}";
}

const char* name_of(Scale scale) {
    switch (scale) {
        case Scale::tiny:
            return "tiny (the figures mean nothing)";
        case Scale::quick:
            return "quick";
        case Scale::full:
            return "full";
    }
    return "";
}

using Facts = std::vector<std::pair<std::string, std::string>>;

/// The machine, and on what scale it was measured: found out once.
const Facts& facts(const Settings& settings) {
    static const Facts kFacts = [&] {
        Facts all = describe_machine(settings.folder);
        all.emplace_back("scale", name_of(settings.scale) +
                                      (", " + std::to_string(settings.nbytes() >> 20U) + " MiB of weights"));
        return all;
    }();
    return kFacts;
}

}  // namespace

bool TableReporter::ReportContext(const Context&) {
    for (const auto& [name, value] : facts(settings_))
        std::printf("%-13s %s\n", name.c_str(), value.c_str());
    std::printf("\n");
    std::printf("%-24s %9s  %-8s %-9s %s\n", "case", "ratio", "goal", "met",
                "measured: median (best to worst)");
    std::fflush(stdout);
    return true;
}

void TableReporter::ReportRuns(const std::vector<Run>& runs) {
    for (const Run& run : runs) {
        const std::string name = run.run_name.function_name;
        const auto row = rows().find(name);
        if (run.error_occurred) {
            ++failed_;
            std::printf("%-24s %9s  %s\n", name.c_str(), "failed", run.error_message.c_str());
        } else if (row != rows().end()) {
            print_row(row->second);
        }
    }
    std::fflush(stdout);
}

void write_json(const std::filesystem::path& path, const Settings& settings) {
    std::ofstream file(path);
    const char* separator = "{\"machine\": {";
    for (const auto& [name, value] : facts(settings)) {
        file << separator << quoted(name) << ": " << quoted(value);
        separator = ", ";
    }
    separator = "},\n\"cases\": {\n";
    for (const auto& [name, row] : rows()) {
        file << separator << "  " << quoted(name) << ": " << json_of(row);
        separator = ",\n";
    }
    file << (rows().empty() ? "},\n\"cases\": {}}\n" : "\n}}\n");
    if (!file.flush()) throw std::runtime_error("cannot write " + path.string());
}

}  // namespace bench

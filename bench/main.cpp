// Measures the library against what the machine can do: docs/performance.md tells how to read what it prints.
//
//     milepost-bench [--scale tiny|quick|full] [--folder FOLDER] [--json FILE] [--benchmark_filter=REGEX]

#include <benchmark/benchmark.h>

#include <cstdio>
#include <cstdlib>
#include <exception>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "cases.hpp"
#include "fixture.hpp"
#include "report.hpp"
#include "settings.hpp"

namespace {

struct Arguments {
    bench::Settings settings = {.scale = bench::Scale::full,
                                .folder = std::filesystem::temp_directory_path()};
    std::string json;
};

/// Takes our options out of the arguments and leaves those of Google Benchmark; nothing if one is wrong.
std::optional<Arguments> parse(std::vector<char*>& words) {
    Arguments arguments;
    std::vector<char*> others = {words[0]};
    for (std::size_t i = 1; i < words.size(); ++i) {
        const std::string word = words[i];
        if (word != "--scale" && word != "--folder" && word != "--json") {
            others.push_back(words[i]);
            continue;
        }
        if (++i == words.size()) return std::nullopt;
        const std::string value = words[i];
        if (word == "--json") {
            arguments.json = value;
        } else if (word == "--folder") {
            arguments.settings.folder = value;
        } else if (value == "tiny" || value == "quick" || value == "full") {
            arguments.settings.scale = value == "tiny"    ? bench::Scale::tiny
                                       : value == "quick" ? bench::Scale::quick
                                                          : bench::Scale::full;
        } else {
            return std::nullopt;
        }
    }
    words = others;
    return arguments;
}

int run(const Arguments& arguments) {
    bench::Fixture fixture(arguments.settings);
    bench::add_unit_cases(fixture);
    bench::add_open_cases(fixture);
    bench::add_load_cases(fixture);
    bench::add_cold_cases(fixture);
    bench::add_save_cases(fixture);
    bench::add_async_cases(fixture);
    bench::add_codec_cases(fixture);
    bench::add_memory_cases(fixture);
    bench::TableReporter reporter(arguments.settings);
    const std::size_t ran = benchmark::RunSpecifiedBenchmarks(&reporter);
    benchmark::ClearRegisteredBenchmarks();  // they refer to the fixture
    if (!arguments.json.empty()) bench::write_json(arguments.json, arguments.settings);
    return ran > 0 && reporter.failed() == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

}  // namespace

int main(int argc, char** argv) {
    std::vector<char*> words(argv, argv + argc);
    const std::optional<Arguments> arguments = parse(words);
    int count = static_cast<int>(words.size());
    benchmark::Initialize(&count, words.data());
    words.resize(static_cast<std::size_t>(count));
    if (!arguments || benchmark::ReportUnrecognizedArguments(count, words.data())) {
        std::fputs(
            "usage: milepost-bench [--scale tiny|quick|full] [--folder FOLDER] [--json FILE] "
            "[--benchmark_filter=REGEX]\n",
            stderr);
        return 2;
    }
    try {
        return run(*arguments);
    } catch (const std::exception& failure) {
        std::fprintf(stderr, "milepost-bench: %s\n", failure.what());
        return EXIT_FAILURE;
    }
}

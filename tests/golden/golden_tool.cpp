#include <charconv>
#include <cstdint>
#include <cstdio>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "golden/rows.hpp"
#include "support/samples.hpp"
#include "support/verdict.hpp"

// What cross_check.py asks the library:
//   golden_tool verdict FILE [LIMITS]   one line, in the words of README.md
//   golden_tool damage FILE...          a line for each file: its verdict, with the range of each damage
//   golden_tool digests FILE...         a line for each file: its digest, then those of its tensors
//   golden_tool bytes FILE N            the content of tensor N, contiguous
//   golden_tool large FILE              writes a checkpoint that is too large to be kept in the tree: a raw
//   storage of two chunks
namespace {

using namespace milepost;
using namespace milepost::golden;

int fail(const Error& error) {
    std::fprintf(stderr, "golden_tool: %s\n", error.to_string().c_str());
    return 1;
}

int print_verdict(const std::string& path, std::string_view limits) {
    OpenOptions options;
    options.limits = limits_of(limits);
    std::printf("%s\n", verdict_of(Reader::open(path, options), 2).c_str());
    return 0;
}

std::string number_or_dash(const std::optional<std::uint64_t>& number) {
    return number ? std::to_string(*number) : "-";
}

/// "corrupt/padding 100 120 - -": code, condition, begin, end, storage, chunk.
std::string words_of(const Damage& damage) {
    return std::string(name(damage.error.code())) + "/" + std::string(name(damage.error.condition())) + " " +
           std::to_string(damage.begin) + " " + std::to_string(damage.end) + " " +
           number_or_dash(damage.storage) + " " + number_or_dash(damage.chunk);
}

/// "ok", or what opening refuses; else the damage, ", " between two.
std::string damage_of(const std::string& path) {
    const auto file = Reader::open(path);
    const auto report = file ? verify(*file, {.threads = 1}) : Result<VerifyReport>(file.error());
    if (!report) return verdict_of(Result<Reader>(report.error()), 1);
    if (report->ok()) return "ok";
    std::string text = "verify";
    for (std::size_t i = 0; i < report->damage.size(); ++i)
        text += (i == 0 ? " " : ", ") + words_of(report->damage[i]);
    return text;
}

/// "xxh3-128:... xxh3-128:...", or what opening refuses.
std::string digests_of(const std::string& path) {
    const auto file = Reader::open(path);
    if (!file) return verdict_of(file, 1);
    std::string text = file->digest().to_string();
    for (std::uint32_t i = 0; i < file->tensor_count(); ++i)
        text += " " + file->tensor_digest(i)->to_string();
    return text;
}

int print_bytes(const std::string& path, std::string_view number) {
    const auto file = Reader::open(path);
    if (!file) return fail(file.error());
    std::size_t wanted = 0;
    std::from_chars(number.data(), number.data() + number.size(), wanted);
    const auto tensors = file->tensors();
    if (wanted >= tensors.size()) return 2;
    const auto tensor = tensors[wanted].load(std::uint64_t{1} << 30U);
    if (!tensor) return fail(tensor.error());
    const auto bytes = tensor->bytes();
    return std::fwrite(bytes.data(), 1, bytes.size(), stdout) == bytes.size() ? 0 : 1;
}

int save_large(const std::string& path) {
    const auto saved = save(path, two_chunks());
    return saved ? 0 : fail(saved.error());
}

}  // namespace

int main(int argc, char** argv) {
    const std::vector<std::string_view> arguments(argv + 1, argv + argc);
    const std::string_view command = arguments.empty() ? std::string_view() : arguments.front();
    if (command == "verdict" && arguments.size() >= 2) {
        return print_verdict(argv[2], arguments.size() > 2 ? arguments[2] : std::string_view());
    }
    if (command == "damage") {
        for (int i = 2; i < argc; ++i)
            std::printf("%s\n", damage_of(argv[i]).c_str());
        return 0;
    }
    if (command == "digests") {
        for (int i = 2; i < argc; ++i)
            std::printf("%s\n", digests_of(argv[i]).c_str());
        return 0;
    }
    if (command == "bytes" && arguments.size() == 3) return print_bytes(argv[2], arguments[2]);
    if (command == "large" && arguments.size() == 2) return save_large(argv[2]);
    std::fprintf(
        stderr,
        "usage: golden_tool verdict FILE [LIMITS] | damage FILE... | digests FILE... | bytes FILE N | large FILE\n");
    return 2;
}

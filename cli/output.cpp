#include "output.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

#include <fmt/format.h>

#include <milepost/checkpoint.hpp>
#include <milepost/convert.hpp>
#include <milepost/error.hpp>
#include <milepost/options.hpp>
#include <milepost/progress.hpp>
#include <milepost/result.hpp>
#include <milepost/text.hpp>

#include "commands.hpp"
#include "progress.hpp"
#include "terminal.hpp"

namespace milepost::cli {
namespace {

constexpr std::array kCodecs = {Codec::raw, Codec::zstd, Codec::planes, Codec::automatic, Codec::smallest};

struct Unit {
    std::string_view word;
    std::uint64_t factor;
};
constexpr std::array kUnits = {
    Unit{"", 1},          Unit{"B", 1},         Unit{"KB", 1'000},    Unit{"MB", 1'000'000},
    Unit{"KIB", 1 << 10}, Unit{"MIB", 1 << 20}, Unit{"GIB", 1 << 30}, Unit{"GB", 1'000'000'000}};

}  // namespace

Result<SaveOptions> save_options(const OutputOptions& options) {
    SaveOptions save;
    save.create_only = !options.force;
    save.durable = !options.no_durable;
    save.threads = options.threads;
    if (options.level != 0) save.zstd_level = options.level;
    if (options.codec.empty()) return save;
    const auto* codec = std::find_if(kCodecs.begin(), kCodecs.end(),
                                     [&options](Codec each) { return name(each) == options.codec; });
    if (codec == kCodecs.end())
        return Error(Condition::option, fmt::format("there is no codec '{}'", escape(options.codec)));
    save.codec = *codec;
    return save;
}

Result<std::string> write_output(const std::string& path, const Checkpoint& checkpoint,
                                 ExportOptions options) {
    ProgressLine line(path);
    options.save.progress = [&line](const Progress& progress) {
        line.show(progress);
        return true;
    };
    return export_file(path, checkpoint, options);
}

Result<std::pair<std::string, std::string>> split_assignment(const std::string& text) {
    std::string left;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] == '=') {
            if (left.empty()) break;
            return std::pair(left, text.substr(i + 1));
        }
        if (text[i] == '\\' && i + 1 < text.size() && text[i + 1] == '=') ++i;
        left += text[i];
    }
    return Error(Condition::option, fmt::format("'{}' is not of the form NAME=VALUE", escape(text)));
}

Result<std::uint64_t> parse_size(const std::string& text) {
    const Error refused(Condition::option,
                        fmt::format("'{}' is not a size such as 5GB or 200MiB", escape(text)));
    std::uint64_t number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc()) return refused;
    std::string unit(end, text.data() + text.size());
    for (char& letter : unit)
        letter = static_cast<char>(std::toupper(static_cast<unsigned char>(letter)));
    for (const Unit& known : kUnits) {
        if (known.word != unit) continue;
        if (number == 0 || number > std::numeric_limits<std::uint64_t>::max() / known.factor) return refused;
        return number * known.factor;
    }
    return refused;
}

Exit fail(const std::string& file, const Error& error, bool no_color) {
    print_message(error_text(file, error, Palette(Stream::err, no_color)));
    return Exit::failed;
}

}  // namespace milepost::cli

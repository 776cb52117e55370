#include "terminal.hpp"

#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include <fmt/format.h>

#include <milepost/error.hpp>
#include <milepost/text.hpp>

namespace milepost::cli {
namespace {

std::string_view environment(const char* name) noexcept {
    const char* value = std::getenv(name);
    return value == nullptr ? std::string_view() : std::string_view(value);
}

}  // namespace

bool takes_control_sequences(Stream stream) noexcept {
    return is_terminal(stream) && environment("TERM") != "dumb";
}

Palette::Palette(Stream stream, bool no_color) noexcept
    : on_(!no_color && environment("NO_COLOR").empty() && takes_control_sequences(stream)) {}

std::string Palette::paint(Colour colour, std::string_view text) const {
    if (!on_) return std::string(text);
    return fmt::format("\x1b[{}m{}\x1b[0m", static_cast<int>(colour), text);
}

// A failed write is remembered by the stream and found by flush_results.
void print(std::string_view text) {
    std::fwrite(text.data(), 1, text.size(), stdout);
}

void print_message(std::string_view text) {
    const std::string line = fmt::format("milepost: {}\n", text);
    std::fflush(stdout);  // results so far first, where both go to one terminal
    std::fwrite(line.data(), 1, line.size(), stderr);
}

std::string message_about(std::string_view file, const Error& error) {
    const std::string lead = escape(file) + ": ";
    const std::string& message = error.message();
    return message.starts_with(lead) ? message.substr(lead.size()) : message;
}

std::string error_text(std::string_view file, const Error& error, const Palette& palette) {
    const std::string condition = fmt::format("{}/{}", name(error.code()), name(error.condition()));
    return fmt::format("{}: {}: {}", escape(file), palette.paint(Colour::red, condition),
                       message_about(file, error));
}

void print_warnings(std::string_view file, const std::vector<Error>& warnings, bool no_color) {
    const Palette palette(Stream::err, no_color);
    for (const Error& warning : warnings) {
        print_message(fmt::format("{}: {}: {}", escape(file), palette.paint(Colour::yellow, "warning"),
                                  warning.to_string()));
    }
}

bool flush_results() {
    return std::fflush(stdout) == 0 && std::ferror(stdout) == 0;
}

}  // namespace milepost::cli

#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include <milepost/error.hpp>

namespace milepost::cli {

enum class Stream : std::uint8_t { out, err };

/// Whether the stream goes to a terminal. The only part that differs between platforms: terminal_posix.cpp.
[[nodiscard]] bool is_terminal(Stream stream) noexcept;

/// Whether control sequences may be sent: to a terminal that is not `TERM=dumb`.
[[nodiscard]] bool takes_control_sequences(Stream stream) noexcept;

enum class Colour : std::uint8_t { red = 31, green = 32, yellow = 33 };

/// Colours texts for one stream, or leaves them alone: no terminal, NO_COLOR, --no-color.
class Palette {
public:
    Palette(Stream stream, bool no_color) noexcept;
    [[nodiscard]] std::string paint(Colour colour, std::string_view text) const;

private:
    bool on_;
};

/// Results: to stdout, as they are.
void print(std::string_view text);
/// One message to stderr, led by "milepost: "; escapes nothing.
void print_message(std::string_view text);

/// The error's message without the file's name that the library puts in front of it: our own lines begin with
/// that.
[[nodiscard]] std::string message_about(std::string_view file, const Error& error);
/// "FILE: code/condition: message", the middle coloured.
[[nodiscard]] std::string error_text(std::string_view file, const Error& error, const Palette& palette);

/// Whether all of stdout could be written.
[[nodiscard]] bool flush_results();

}  // namespace milepost::cli

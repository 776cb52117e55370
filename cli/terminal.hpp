#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <milepost/error.hpp>

namespace milepost::cli {

enum class Stream : std::uint8_t { out, err };

/// Whether the stream is a terminal. Only this function differs between platforms (terminal_posix.cpp).
[[nodiscard]] bool is_terminal(Stream stream) noexcept;

/// Whether control sequences may be sent: to a terminal that is not `TERM=dumb`.
[[nodiscard]] bool takes_control_sequences(Stream stream) noexcept;

enum class Colour : std::uint8_t { red = 31, green = 32, yellow = 33 };

/// Colours texts for one stream; leaves them unchanged without a terminal, with NO_COLOR and with --no-color.
class Palette {
public:
    Palette(Stream stream, bool no_color) noexcept;
    [[nodiscard]] std::string paint(Colour colour, std::string_view text) const;

private:
    bool on_;
};

/// Writes a result to stdout, unchanged.
void print(std::string_view text);
/// Writes one message to stderr after "milepost: ". Does not escape anything.
void print_message(std::string_view text);

/// The error's message without the file's name, with which the library begins the message: the lines of this
/// program begin with it already.
[[nodiscard]] std::string message_about(std::string_view file, const Error& error);
/// "FILE: code/condition: message", the middle coloured.
[[nodiscard]] std::string error_text(std::string_view file, const Error& error, const Palette& palette);

/// Prints a message for each warning of an open file.
void print_warnings(std::string_view file, const std::vector<Error>& warnings, bool no_color);

/// Whether all of stdout could be written.
[[nodiscard]] bool flush_results();

}  // namespace milepost::cli

#include "run/checkpoint_name.hpp"

#include <charconv>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>

namespace milepost::run {
namespace {

constexpr std::size_t kMinDigits = 6;
constexpr std::string_view kStep = ".step-";
constexpr std::string_view kSuffix = ".milepost";

/// Takes a number from the beginning of the text: as many digits as there are, `min_digits` at least, more
/// only without leading zeros.
std::optional<std::uint64_t> take_number(std::string_view& text, std::size_t min_digits) noexcept {
    std::uint64_t number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc()) return std::nullopt;
    const auto digits = static_cast<std::size_t>(end - text.data());
    if (digits < min_digits || (digits > min_digits && text.front() == '0')) return std::nullopt;
    text.remove_prefix(digits);
    return number;
}

}  // namespace

std::string to_text(const CheckpointName& name) {
    const std::string number = std::to_string(name.number);
    std::string text(number.size() < kMinDigits ? kMinDigits - number.size() : 0, '0');
    text.append(number).append(kStep).append(std::to_string(name.step));
    if (!name.is_folder) text.append(kSuffix);
    return text;
}

std::optional<CheckpointName> parse_name(std::string_view text) noexcept {
    const auto number = take_number(text, kMinDigits);
    if (!number || !text.starts_with(kStep)) return std::nullopt;
    text.remove_prefix(kStep.size());
    const auto step = take_number(text, 1);
    if (!step || (!text.empty() && text != kSuffix)) return std::nullopt;
    return CheckpointName{*number, *step, text.empty()};
}

}  // namespace milepost::run

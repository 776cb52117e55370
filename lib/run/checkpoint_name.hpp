#pragma once

#include <compare>  // IWYU pragma: keep
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace milepost::run {

/// What the name of a checkpoint in a run's folder tells. Ordered from the oldest to the newest: a number
/// that two processes have taken at once occurs twice, and then the step decides.
struct CheckpointName {
    std::uint64_t number;
    std::uint64_t step;
    bool is_folder;

    friend auto operator<=>(const CheckpointName&, const CheckpointName&) = default;
};

/// "000042.step-1500.milepost", and without the suffix for a folder. Throws std::bad_alloc.
[[nodiscard]] std::string to_text(const CheckpointName& name);

/// Reads such a name; nothing for any other one, and for numbers that to_text writes in another way.
[[nodiscard]] std::optional<CheckpointName> parse_name(std::string_view text) noexcept;

}  // namespace milepost::run

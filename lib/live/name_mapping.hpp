#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <milepost/load_into.hpp>

#include "live/load_report.hpp"

namespace milepost::live {

/// Names of the file as live names, and which of these are selected; and which options did anything.
class NameMapping {
public:
    /// `options` must outlive this. Throws std::bad_alloc.
    explicit NameMapping(const LoadOptions& options);

    /// The live name of a name in the file: prefixes off, then renamed. Throws std::bad_alloc.
    [[nodiscard]] std::string live_name(std::string_view name);

    /// Whether LoadOptions::only leaves the live name in.
    [[nodiscard]] bool is_selected(std::string_view name);

    /// Adds the options that never applied to the report: a prefix that was never taken off, a Rename that
    /// was not the first to fit any name, a pattern of `only` that fits no name of either side.
    void report_unused(ReportBuilder& report) const;

private:
    std::string_view without_prefixes(std::string_view name);

    const LoadOptions& options_;
    std::vector<bool> prefix_applied_, rename_applied_, only_applied_;
};

}  // namespace milepost::live

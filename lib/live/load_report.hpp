#pragma once

#include <cstddef>
#include <string>
#include <utility>

#include <milepost/load_into.hpp>
#include <milepost/result.hpp>

namespace milepost::live {

/// The memory that an item of a report takes.
///@{
[[nodiscard]] std::size_t nbytes_of(const std::string& text) noexcept;
[[nodiscard]] std::size_t nbytes_of(const ReportItem& item) noexcept;
[[nodiscard]] std::size_t nbytes_of(const ShapeMismatch& item) noexcept;
[[nodiscard]] std::size_t nbytes_of(const DtypeMismatch& item) noexcept;
[[nodiscard]] std::size_t nbytes_of(const GroupMismatch& item) noexcept;
///@}

/// A LoadReport while a load fills it. Each of its lists is bounded: a file of 1 MB with long names has
/// findings of several hundred.
class ReportBuilder {
public:
    explicit ReportBuilder(const LoadOptions& options) : max_nbytes_(options.max_report_nbytes) {}

    /// Adds an item to a list of the report: `make` returns it, and is called only if there may be room.
    /// Throws std::bad_alloc.
    template <class Item, class Make>
    void add(ReportList<Item> LoadReport::*list, Make make) {
        ReportList<Item>& to = report_.*list;
        std::size_t& used = used_nbytes(list);
        ++to.count;
        if (used >= max_nbytes_) return;
        Item item = make();
        used += nbytes_of(item);
        if (used <= max_nbytes_) to.items.push_back(std::move(item));
        used = used < max_nbytes_ ? used : max_nbytes_;
    }

    void set_matched_by(MatchedBy matched_by) noexcept { report_.matched_by = matched_by; }

    /// Success unless options.strict is set and the report is not complete. Errors: one mismatch error that
    /// lists all findings after `whose` ("model 'net'").
    [[nodiscard]] Result<void> check_strict(const LoadOptions& options, const std::string& whose) const;

    [[nodiscard]] LoadReport take() noexcept { return std::move(report_); }

private:
    std::size_t& used_nbytes(ReportList<ReportItem> LoadReport::*list) noexcept {
        if (list == &LoadReport::loaded) return loaded_;
        return list == &LoadReport::missing ? missing_ : unexpected_;
    }
    std::size_t& used_nbytes(ReportList<ShapeMismatch> LoadReport::*) noexcept { return shapes_; }
    std::size_t& used_nbytes(ReportList<DtypeMismatch> LoadReport::*) noexcept { return dtypes_; }
    std::size_t& used_nbytes(ReportList<GroupMismatch> LoadReport::*) noexcept { return groups_; }
    std::size_t& used_nbytes(ReportList<std::string> LoadReport::*) noexcept { return unused_; }

    LoadReport report_;
    std::size_t max_nbytes_;
    std::size_t loaded_ = 0, missing_ = 0, unexpected_ = 0, shapes_ = 0, dtypes_ = 0, groups_ = 0,
                unused_ = 0;
};

}  // namespace milepost::live

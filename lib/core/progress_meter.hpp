#pragma once

#include <cstdint>
#include <mutex>
#include <optional>
#include <string_view>

#include <milepost/error.hpp>
#include <milepost/progress.hpp>
#include <milepost/result.hpp>

namespace milepost::core {

/// Tells the caller of a long call how far it has come, and learns whether to go on. Any thread.
class ProgressMeter {
public:
    /// `callback` may be empty, and must outlive this. `who`: the name of the option, for messages.
    ProgressMeter(const ProgressCallback& callback, std::string_view who, std::uint64_t total_nbytes,
                  std::uint64_t done_nbytes = 0) noexcept
        : callback_(callback), who_(who), progress_{done_nbytes, total_nbytes} {}

    /// From here on the total is known. Requires: it is at least what was done.
    void set_total(std::uint64_t total_nbytes) noexcept;
    /// Counts bytes that were done, and calls the callback after each kStep of them and at the end. Errors:
    /// cancelled/by_caller; invalid_argument/callback; io_error/out_of_memory. The first one is final.
    [[nodiscard]] Result<void> add(std::uint64_t nbytes) noexcept;

private:
    static constexpr std::uint64_t kStep = std::uint64_t{1} << 20U;

    [[nodiscard]] bool is_due() const noexcept;
    Result<void> tell() noexcept;

    const ProgressCallback& callback_;
    std::string_view who_;
    std::mutex mutex_;
    Progress progress_;
    std::uint64_t told_nbytes_ = 0;
    std::optional<Error> ended_;
};

}  // namespace milepost::core

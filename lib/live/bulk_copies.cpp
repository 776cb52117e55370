#include "live/bulk_copies.hpp"

#include <cstddef>
#include <cstdint>
#include <iterator>
#include <optional>
#include <span>
#include <utility>

#include <milepost/error.hpp>
#include <milepost/progress.hpp>
#include <milepost/read_plan.hpp>
#include <milepost/result.hpp>
#include <milepost/tensor.hpp>

namespace milepost::live {

bool BulkCopies::add(const TensorView& from, std::span<std::byte> to) {
    const bool is_in_file = from.storage().index().has_value();
    const auto next = memory_.lower_bound(to.data());
    const bool is_free = to.empty() || ((next == memory_.end() || to.data() + to.size() <= next->first) &&
                                        (next == memory_.begin() || std::prev(next)->second <= to.data()));
    if (is_in_file && is_free && plan_.add(from, to)) {
        if (!to.empty()) memory_.emplace_hint(next, to.data(), to.data() + to.size());
        return true;
    }
    add_other(from);
    return false;
}

void BulkCopies::settle() {
    if (options_.progress) meter_.set_total(passes_ * (plan_.stored_nbytes() + other_nbytes_));
}

Result<void> BulkCopies::run(Result<void> (ReadPlan::*call)(const ReadOptions&) const) {
    std::uint64_t done = 0;
    std::optional<Error> ended;  // by the caller's function: its error has the name of the caller's option
    ReadOptions options{.threads = options_.threads, .progress = {}};
    if (options_.progress) {
        options.progress = [&](const Progress& progress) {
            auto told = meter_.add(progress.done_nbytes - std::exchange(done, progress.done_nbytes));
            if (!told) ended = std::move(told).error();
            return !ended;
        };
    }
    auto finished = (plan_.*call)(options);
    if (ended) return *std::move(ended);
    return finished;
}

}  // namespace milepost::live

#include "live/load_transaction.hpp"

#include <algorithm>
#include <cstddef>
#include <set>
#include <span>
#include <string>
#include <utility>

#include <milepost/checkpoint.hpp>
#include <milepost/dtype.hpp>
#include <milepost/error.hpp>
#include <milepost/load_into.hpp>
#include <milepost/result.hpp>
#include <milepost/tensor.hpp>

#include "core/callback.hpp"
#include "core/cast.hpp"
#include "core/text.hpp"
#include "live/load_report.hpp"

namespace milepost::live {
namespace {

/// As in PyTorch, a tensor of shape [1] may fill one of shape [].
bool same_shape(const Shape& file, const Shape& live) noexcept {
    return file == live || (live.empty() && file.size() == 1 && file[0] == 1);
}

bool are_truths(std::span<const std::byte> bytes) noexcept {
    return std::all_of(bytes.begin(), bytes.end(), [](std::byte byte) { return byte <= std::byte{1}; });
}

}  // namespace

void LoadTransaction::add(std::string path, TensorView from, const Target& to, const LoadOptions& options,
                          LoadReport& report, const std::string& parameter) {
    const DtypeInfo& live = to.tensor.dtype();
    const bool can_cast = options.cast && !to.adopt && core::can_cast(from.dtype().code, live.code);
    const bool same_dtype = from.dtype() == live;
    if (!same_shape(from.shape(), to.tensor.shape())) {
        report.shape_mismatches.push_back({path, from.shape(), to.tensor.shape(), parameter});
    } else if (!same_dtype && !can_cast) {
        report.dtype_mismatches.push_back({path, std::string(from.dtype().name), std::string(live.name)});
    } else {
        report.loaded.push_back(path);
        copies_.push_back({std::move(path), std::move(from), &to, {}, {}});
    }
}

Result<LoadReport> LoadTransaction::finish(LoadReport report, const LoadOptions& options,
                                           const std::string& whose) {
    if (auto fine = check_strict(report, options, whose); !fine) return std::move(fine).error();
    if (auto staged = stage(); !staged) return std::move(staged).error();
    if (auto handed = hand_over(); !handed) return std::move(handed).error();
    commit();
    return report;
}

Result<void> LoadTransaction::stage() {
    std::set<const Entries*> seen;
    for (const Replacement& replacement : entries_) {
        if (!seen.insert(replacement.live).second)
            return Error(Condition::option, "one Entries is given as the target of two things");
    }
    // All targets first: an error of the calling code should be found before a file is read.
    for (const PendingCopy& copy : copies_) {
        if (copy.to->adopt) continue;
        if (auto fits = copy.to->tensor.check_layout(); !fits) {
            return fits.error().within(core::printable(copy.path));
        }
    }
    for (PendingCopy& copy : copies_) {
        if (copy.to->adopt) continue;
        if (auto staged = stage(copy); !staged) return staged.error().within(core::printable(copy.path));
    }
    return {};
}

Result<void> LoadTransaction::stage(PendingCopy& copy) const {
    if (copy.from.is_contiguous() && copy.from.is_mapped()) {
        auto bytes = copy.from.bytes();
        if (!bytes) return std::move(bytes).error();
        copy.bytes = *bytes;
    } else {
        auto loaded = copy.from.load();
        if (!loaded) return std::move(loaded).error();
        copy.bytes = loaded->bytes();
        copy.staged.push_back(*std::move(loaded));
    }
    const DtypeInfo& live = copy.to->tensor.dtype();
    if (live.code == Dtype::boolean && !are_truths(copy.bytes)) {
        return Error(Condition::wrong_type, "a bool of the file is neither 0 nor 1");
    }
    if (live == copy.from.dtype()) return {};
    auto cast = Tensor::zeros(live, copy.from.shape());
    if (!cast) return std::move(cast).error();
    core::cast(copy.from.dtype().code, copy.bytes, live.code, cast->bytes());
    copy.bytes = cast->bytes();
    copy.staged.clear();
    copy.staged.push_back(*std::move(cast));
    return {};
}

Result<void> LoadTransaction::hand_over() const {
    for (const PendingCopy& copy : copies_) {
        if (!copy.to->adopt) continue;
        auto handed = core::call_guarded(Condition::callback, "Target::adopt", [&]() -> Result<void> {
            copy.to->adopt(copy.from);
            return {};
        });
        if (!handed) return handed.error().within(core::printable(copy.path));
    }
    return {};
}

void LoadTransaction::commit() noexcept {
    for (const PendingCopy& copy : copies_) {
        if (!copy.to->adopt)
            (void)copy.to->tensor.copy_from(copy.bytes);  // stage() has checked all that can be wrong
    }
    for (Replacement& replacement : entries_)
        std::swap(*replacement.live, replacement.entries);
}

}  // namespace milepost::live

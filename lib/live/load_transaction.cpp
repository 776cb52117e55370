#include "live/load_transaction.hpp"

#include <algorithm>
#include <set>
#include <utility>

#include "base/message.hpp"
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
        moves_.push_back({std::move(path), std::move(from), &to, {}, {}});
    }
}

Result<LoadReport> LoadTransaction::finish(LoadReport report, const LoadOptions& options,
                                           const std::string& whose) {
    if (auto fine = check_strict(report, options, whose); !fine) return std::move(fine).error();
    if (auto staged = stage(); !staged) return std::move(staged).error();
    commit();
    return report;
}

Result<void> LoadTransaction::stage() {
    std::set<const Entries*> seen;
    for (const Replacement& replacement : entries_) {
        if (!seen.insert(replacement.live).second)
            return Error(Condition::option, "one Entries is given as the target of two things");
    }
    // All targets first: a mistake of the program should not cost the reading of a file.
    for (const PendingCopy& move : moves_) {
        if (move.to->adopt) continue;
        if (auto fits = move.to->tensor.check_layout(); !fits) {
            return fits.error().within(core::printable(move.path));
        }
    }
    for (PendingCopy& move : moves_) {
        if (move.to->adopt) continue;
        if (auto staged = stage(move); !staged) return staged.error().within(core::printable(move.path));
    }
    return {};
}

Result<void> LoadTransaction::stage(PendingCopy& move) {
    // Chunks that are mapped and stored raw are checked where they are; a copy of them is not needed.
    if (move.from.is_contiguous() && move.from.is_mapped()) {
        auto bytes = move.from.bytes();
        if (!bytes) return std::move(bytes).error();
        move.bytes = *bytes;
    } else {
        auto copy = move.from.load();
        if (!copy) return std::move(copy).error();
        move.bytes = copy->bytes();
        move.staged.push_back(*std::move(copy));
    }
    const DtypeInfo& live = move.to->tensor.dtype();
    if (live.code == Dtype::boolean && !are_truths(move.bytes)) {
        return Error(Condition::wrong_type, "a bool of the file is neither 0 nor 1");
    }
    if (live == move.from.dtype()) return {};
    auto cast = Tensor::zeros(live, move.from.shape());
    if (!cast) return std::move(cast).error();
    core::cast(move.from.dtype().code, move.bytes, live.code, cast->bytes());
    move.bytes = cast->bytes();
    move.staged.clear();
    move.staged.push_back(*std::move(cast));
    return {};
}

void LoadTransaction::commit() noexcept {
    for (PendingCopy& move : moves_) {
        if (move.to->adopt) {
            move.to->adopt(move.from);
        } else {
            (void)move.to->tensor.copy_from(move.bytes);  // stage() has checked all that can be wrong
        }
    }
    for (Replacement& replacement : entries_)
        std::swap(*replacement.live, replacement.entries);
}

}  // namespace milepost::live

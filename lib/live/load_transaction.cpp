#include "live/load_transaction.hpp"

#include <algorithm>
#include <cstddef>
#include <new>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <milepost/checkpoint.hpp>
#include <milepost/dtype.hpp>
#include <milepost/error.hpp>
#include <milepost/load_into.hpp>
#include <milepost/result.hpp>
#include <milepost/tensor.hpp>
#include <milepost/value.hpp>

#include "base/message.hpp"
#include "base/out_of_memory.hpp"
#include "core/callback.hpp"
#include "core/cast.hpp"
#include "core/text.hpp"
#include "live/live_memory.hpp"
#include "live/load_report.hpp"
#include "live/number.hpp"
#include "live/tensor_copy.hpp"

namespace milepost::live {
namespace {

using base::message;
using core::printable;

/// As in PyTorch, a tensor of shape [1] may fill one of shape [].
bool same_shape(const Shape& file, const Shape& live) noexcept {
    return file == live || (live.empty() && file.size() == 1 && file[0] == 1);
}

}  // namespace

std::string Place::path() const {
    return message(prefix, middle, middle.empty() ? "" : "/", name);
}

void LoadTransaction::add(const Place& place, const Value& from, const Target& to) {
    if (const auto* tensor = from.get_if<TensorView>()) {
        add_tensor(place, *tensor, to);
        return;
    }
    const DtypeInfo& live = to.tensor.dtype();
    const bool is_one = to.tensor.view().element_count() == 1 && is_numeric(live.code);
    const auto number = options_.cast && !to.adopt && is_one ? number_of(from) : std::nullopt;
    const auto element = number ? encode_number(*number, live.code) : std::nullopt;
    if (!element) {
        add_dtype_mismatch(place, milepost::name(from.kind()), to);
        return;
    }
    numbers_.push_back(*element);
    const auto bytes = std::span<const std::byte>(numbers_.back()).first(live.bits / 8U);
    add_tensor(place, number_views_.emplace_back(live, to.tensor.shape(), StorageView(bytes)), to);
}

void LoadTransaction::add_tensor(const Place& place, const TensorView& from, const Target& to) {
    if (!same_shape(from.shape(), to.tensor.shape())) {
        report_.add(&LoadReport::shape_mismatches, [&] {
            return ShapeMismatch{place.path(), from.shape(), to.tensor.shape(), std::string(place.parameter)};
        });
    } else if (from.dtype() != to.tensor.dtype() && !is_convertible(from, to)) {
        add_dtype_mismatch(place, from.dtype().name, to);
    } else {
        report_.add(&LoadReport::loaded, [&] { return place.item(); });
        copies_.push_back({place, &from, &to, {}});
    }
}

void LoadTransaction::add_dtype_mismatch(const Place& place, std::string_view in_file, const Target& to) {
    report_.add(&LoadReport::dtype_mismatches, [&] {
        return DtypeMismatch{place.path(), std::string(in_file), std::string(to.tensor.dtype().name),
                             std::string(place.parameter)};
    });
}

bool LoadTransaction::is_convertible(const TensorView& from, const Target& to) const noexcept {
    if (!options_.cast || to.adopt) return false;
    const Dtype in_file = from.dtype().code, live = to.tensor.dtype().code;
    return core::can_cast(in_file, live) ||
           (from.element_count() == 1 && is_numeric(in_file) && is_numeric(live));
}

std::vector<TensorPair> LoadTransaction::pairs() const {
    std::vector<TensorPair> pairs;
    pairs.reserve(copies_.size());
    for (const PendingCopy& copy : copies_)
        pairs.push_back({copy.from, &copy.to->tensor});
    return pairs;
}

void LoadTransaction::settle_unpaired() {
    if (unpaired_.empty()) return;
    const LoadedTensors loaded(pairs());
    for (const auto& [place, from, to] : unpaired_) {
        const auto make = [&where = place] { return where.item(); };
        if (to != nullptr) {
            if (to->adopt || !loaded.has_memory(to->tensor)) report_.add(&LoadReport::missing, make);
        } else {
            report_.add(loaded.has_twin(*from) ? &LoadReport::loaded : &LoadReport::unexpected, make);
        }
    }
}

Result<void> LoadTransaction::finish(const std::string& whose) {
    settle_unpaired();
    MILEPOST_TRY(report_.check_strict(options_, whose));
    MILEPOST_TRY(check_targets());
    MILEPOST_TRY(check_sharing());
    if (options_.mode == LoadMode::checked) {
        MILEPOST_TRY(check_bytes());
    } else if (options_.mode == LoadMode::staged) {
        MILEPOST_TRY(stage());
    }
    MILEPOST_TRY(hand_over());
    MILEPOST_TRY(copy_all());
    for (Replacement& replacement : entries_)
        std::swap(*replacement.live, replacement.entries);
    return {};
}

/// An error of the calling code should be found before a file is read.
Result<void> LoadTransaction::check_targets() const {
    std::set<const Entries*> seen;
    for (const Replacement& replacement : entries_) {
        if (!seen.insert(replacement.live).second)
            return Error(Condition::option, "one Entries is given as the target of two things");
    }
    for (const PendingCopy& copy : copies_) {
        if (copy.to->adopt) continue;
        if (auto fits = copy.to->tensor.check_layout(); !fits)
            return fits.error().within(printable(copy.place.path()));
    }
    return {};
}

Result<void> LoadTransaction::check_sharing() const {
    std::size_t failed = 0;
    std::vector<TensorPair> written;
    std::vector<const PendingCopy*> copies;
    for (const PendingCopy& copy : copies_) {
        if (copy.to->adopt) continue;
        written.push_back({copy.from, &copy.to->tensor});
        copies.push_back(&copy);
    }
    auto checked = check_shared_memory(written, failed);
    if (!checked) return checked.error().within(printable(copies[failed]->place.path()));
    return {};
}

Result<void> LoadTransaction::check_bytes() const {
    for (const PendingCopy& copy : copies_) {
        if (copy.to->adopt) continue;
        if (auto checked = check_tensor(*copy.from, copy.to->tensor); !checked)
            return checked.error().within(printable(copy.place.path()));
    }
    return {};
}

/// Gets all bytes ready, in the live dtypes: copying them allocates nothing and cannot fail.
Result<void> LoadTransaction::stage() {
    for (PendingCopy& copy : copies_) {
        if (copy.to->adopt) continue;
        if (auto staged = stage(copy); !staged) return staged.error().within(printable(copy.place.path()));
    }
    return {};
}

Result<void> LoadTransaction::stage(PendingCopy& copy) {
    const TensorSpan& live = copy.to->tensor;
    if (copy.from->is_contiguous() && copy.from->is_mapped() && copy.from->dtype() == live.dtype()) {
        MILEPOST_TRY(check_tensor(*copy.from, live));
        MILEPOST_TRY_ASSIGN(copy.staged, copy.from->bytes());
        return {};
    }
    MILEPOST_TRY_ASSIGN(auto memory, Tensor::zeros(live.dtype(), live.shape()));
    MILEPOST_TRY(copy_tensor(*copy.from, TensorSpan::of(memory)));
    copy.staged = memory.bytes();
    staged_.push_back(std::move(memory));
    return {};
}

Result<void> LoadTransaction::hand_over() const {
    for (const PendingCopy& copy : copies_) {
        if (!copy.to->adopt) continue;
        auto handed = core::call_guarded(Condition::callback, "Target::adopt", [&]() -> Result<void> {
            copy.to->adopt(*copy.from);
            return {};
        });
        if (!handed) return handed.error().within(printable(copy.place.path()));
    }
    return {};
}

Result<void> LoadTransaction::copy_all() const {
    std::size_t done = 0;
    for (const PendingCopy& copy : copies_) {
        if (copy.to->adopt) continue;
        if (auto copied = copy_one(copy); !copied) {
            const Error& error = copied.error();
            return Error(error.condition(),
                         message(printable(copy.place.path()), ": ", error.message(), "; ", done,
                                 " live tensors have been written before it, and it perhaps in part"));
        }
        ++done;
    }
    return {};
}

Result<void> LoadTransaction::copy_one(const PendingCopy& copy) const try {
    if (options_.mode == LoadMode::staged) return copy.to->tensor.copy_from(copy.staged);
    return copy_tensor(*copy.from, copy.to->tensor);
} catch (const std::bad_alloc&) {
    return base::out_of_memory();
}

}  // namespace milepost::live

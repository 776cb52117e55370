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
    return can_cast(in_file, live) || (from.element_count() == 1 && is_numeric(in_file) && is_numeric(live));
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
    if (options_.mode == LoadMode::staged) {
        MILEPOST_TRY(stage());
    } else {
        plan_copies();
        if (options_.mode == LoadMode::checked) MILEPOST_TRY(check_bytes());
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

/// What can be read at once is; the rest one by one.
void LoadTransaction::plan_copies() {
    for (PendingCopy& copy : copies_) {
        if (copy.to->adopt) continue;
        const auto target = plain_target(*copy.from, copy.to->tensor);
        if (target) {
            copy.is_bulk = bulk_.add(*copy.from, *target);
        } else {
            bulk_.add_other(*copy.from);
        }
    }
    bulk_.settle();
}

Result<void> LoadTransaction::check_bytes() {
    MILEPOST_TRY(bulk_.check());
    for (const PendingCopy& copy : copies_) {
        if (copy.to->adopt || copy.is_bulk) continue;
        if (auto checked = check_tensor(*copy.from, copy.to->tensor); !checked)
            return checked.error().within(printable(copy.place.path()));
        MILEPOST_TRY(bulk_.note_other(*copy.from));
    }
    return {};
}

/// Gets all bytes ready, in the live dtypes: copying them allocates nothing and cannot fail.
Result<void> LoadTransaction::stage() {
    staged_.reserve(copies_.size());
    for (PendingCopy& copy : copies_) {
        if (copy.to->adopt || is_used_in_place(copy)) continue;
        auto memory = Tensor::zeros(copy.to->tensor.dtype(), copy.to->tensor.shape());
        if (!memory) return memory.error().within(printable(copy.place.path()));
        const Tensor& staged = staged_.emplace_back(*std::move(memory));
        copy.staged = staged.bytes();
    }
    return fill_stage();
}

/// Whether the bytes can be copied from the mapped file.
bool LoadTransaction::is_used_in_place(const PendingCopy& copy) {
    const DtypeInfo& live = copy.to->tensor.dtype();
    return copy.from->is_contiguous() && copy.from->is_mapped() && copy.from->dtype() == live;
}

Result<void> LoadTransaction::fill_stage() {
    auto memory = staged_.begin();
    std::vector<std::pair<PendingCopy*, Tensor*>> others;
    for (PendingCopy& copy : copies_) {
        if (copy.to->adopt) continue;
        Tensor* const target = is_used_in_place(copy) ? nullptr : &*memory++;
        const auto plain =
            target != nullptr ? plain_target(*copy.from, TensorSpan::of(*target)) : std::nullopt;
        if (plain && bulk_.add(*copy.from, *plain)) continue;
        if (!plain) bulk_.add_other(*copy.from);
        others.emplace_back(&copy, target);
    }
    bulk_.settle();
    MILEPOST_TRY(bulk_.read());
    for (const auto& [copy, target] : others) {
        if (auto staged = stage(*copy, target); !staged)
            return staged.error().within(printable(copy->place.path()));
        MILEPOST_TRY(bulk_.note_other(*copy->from));
    }
    return {};
}

/// `target` is null for bytes that are used in place.
Result<void> LoadTransaction::stage(PendingCopy& copy, Tensor* target) {
    if (target != nullptr) return copy_tensor(*copy.from, TensorSpan::of(*target));
    MILEPOST_TRY(check_tensor(*copy.from, copy.to->tensor));
    MILEPOST_TRY_ASSIGN(copy.staged, copy.from->bytes());
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

Result<void> LoadTransaction::copy_all() {
    const auto failed = [](const Error& error) {
        return Error(
            error.condition(),
            message(error.message(), "; live tensors may have been written before it, and this one in part"));
    };
    if (options_.mode != LoadMode::staged) {
        if (auto read = bulk_.read(); !read) return failed(read.error());
    }
    for (const PendingCopy& copy : copies_) {
        if (copy.to->adopt || copy.is_bulk) continue;
        if (auto copied = copy_one(copy); !copied)
            return failed(copied.error().within(printable(copy.place.path())));
        if (options_.mode == LoadMode::staged) continue;
        if (auto told = bulk_.note_other(*copy.from); !told) return failed(told.error());
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

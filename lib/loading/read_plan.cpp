#include <milepost/read_plan.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <new>
#include <span>
#include <vector>

#include <milepost/error.hpp>
#include <milepost/reader.hpp>
#include <milepost/result.hpp>
#include <milepost/tensor.hpp>

#include "base/checked.hpp"
#include "base/message.hpp"
#include "base/out_of_memory.hpp"
#include "core/gather.hpp"
#include "core/progress_meter.hpp"
#include "core/storage_provider.hpp"
#include "core/text.hpp"
#include "loading/read_request.hpp"
#include "loading/reader_impl.hpp"  // IWYU pragma: keep
#include "loading/segment_walk.hpp"

namespace milepost {
namespace {

using base::message;

/// The bytes of a tensor of the file. Requires: it has elements, and its layout was checked.
loading::ReadRequest request_of(const TensorView& tensor, std::span<std::byte> to) {
    const StorageView& storage = tensor.storage();
    loading::ReadRequest request;
    request.storage = *storage.index();
    request.begin = detail::ViewAccess::begin(storage) + tensor.offset();
    request.end = request.begin + tensor.nbytes();
    request.to = to.data();
    request.memory = loading::target_memory(to);
    if (!tensor.is_contiguous()) {
        request.strided = {request.begin, tensor.shape(), tensor.strides(), tensor.dtype().bits / 8U};
        request.end = loading::end_of(request.strided);
    }
    return request;
}

bool is_nested(const loading::ReadRequest& request) {
    if (!request.is_strided()) return true;
    const detail::StridedLayout& layout = request.strided;
    return core::ContiguousRuns(layout.shape, layout.strides, layout.element_nbytes).is_nested();
}

}  // namespace

/// What the plan asks of a bulk read; and the tensors that are read one by one, since their strides
/// interleave.
struct ReadPlan::Prepared {
    std::vector<loading::ReadRequest> requests;
    std::vector<const Request*> one_by_one;
};

ReadPlan::ReadPlan(const Reader& reader) noexcept : impl_(reader.impl_) {}

Result<void> ReadPlan::add(const TensorView& tensor, std::span<std::byte> to) try {
    if (detail::ViewAccess::provider(tensor.storage()) != &*impl_->storages) {
        return Error(Condition::option, message("tensor ", core::printable(tensor.name()),
                                                ": is not a view of the file of this plan"));
    }
    MILEPOST_TRY(tensor.check_layout());
    if (to.size() != tensor.nbytes()) {
        return Error(Condition::layout, message("tensor ", core::printable(tensor.name()), ": it has ",
                                                tensor.nbytes(), " bytes, the target ", to.size()));
    }
    std::uint64_t nbytes = 0;
    if (!base::checked_add(nbytes_, to.size(), nbytes))
        return Error(Condition::layout, message("the plan has more than ", nbytes_, " bytes"));
    requests_.push_back({tensor, to});
    nbytes_ = nbytes;
    return {};
} catch (const std::bad_alloc&) {
    return base::out_of_memory();
}

ReadPlan::Prepared ReadPlan::prepare() const {
    Prepared prepared;
    prepared.requests.reserve(requests_.size());
    for (const Request& request : requests_) {
        if (request.to.empty()) continue;
        const loading::ReadRequest needed = request_of(request.tensor, request.to);
        if (is_nested(needed)) {
            prepared.requests.push_back(needed);
        } else {
            prepared.one_by_one.push_back(&request);
        }
    }
    loading::sort_requests(prepared.requests);
    return prepared;
}

std::uint64_t ReadPlan::stored_nbytes() const {
    return loading::count_reads(impl_->opened, prepare().requests).stored_nbytes;
}

std::uint64_t ReadPlan::read_count() const {
    return loading::count_reads(impl_->opened, prepare().requests).segments;
}

/// Two threads must not write to one byte.
Result<void> ReadPlan::check_memory() const {
    std::vector<const Request*> sorted;
    sorted.reserve(requests_.size());
    for (const Request& request : requests_) {
        if (!request.to.empty()) sorted.push_back(&request);
    }
    std::sort(sorted.begin(), sorted.end(),
              [](const Request* a, const Request* b) { return std::less<>()(a->to.data(), b->to.data()); });
    for (std::size_t i = 1; i < sorted.size(); ++i) {
        const Request& before = *sorted[i - 1];
        if (static_cast<std::size_t>(sorted[i]->to.data() - before.to.data()) >= before.to.size()) continue;
        const auto path = [&](const Request& request) {
            return core::printable(impl_->opened.paths().of_tensor(*request.tensor.index()));
        };
        return Error(Condition::layout,
                     message(path(*sorted[i]), ": its memory overlaps that of ", path(before)));
    }
    return {};
}

Result<void> ReadPlan::run(const ReadOptions& options, bool only_check) const {
    if (!only_check) MILEPOST_TRY(check_memory());
    const Prepared prepared = prepare();
    const std::uint64_t total =
        options.progress ? loading::count_reads(impl_->opened, prepared.requests).stored_nbytes : 0;
    core::ProgressMeter progress(options.progress, "ReadOptions::progress", total);
    MILEPOST_TRY(impl_->storages->read_all(prepared.requests, {.threads = options.threads,
                                                               .only_check = only_check,
                                                               .keep_cached = only_check,
                                                               .progress = &progress}));
    for (const Request* request : prepared.one_by_one)
        MILEPOST_TRY(only_check ? request->tensor.check() : request->tensor.copy_to(request->to));
    return {};
}

Result<void> ReadPlan::read(const ReadOptions& options) const try {
    return run(options, false);
} catch (const std::bad_alloc&) {
    return base::out_of_memory();
}

Result<void> ReadPlan::check(const ReadOptions& options) const try {
    return run(options, true);
} catch (const std::bad_alloc&) {
    return base::out_of_memory();
}

}  // namespace milepost

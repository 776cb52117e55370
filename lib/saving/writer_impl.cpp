#include "saving/writer_impl.hpp"

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <milepost/checkpoint.hpp>
#include <milepost/dtype.hpp>
#include <milepost/error.hpp>
#include <milepost/options.hpp>
#include <milepost/result.hpp>
#include <milepost/tensor.hpp>
#include <milepost/writer.hpp>

#include "base/message.hpp"
#include "core/layout.hpp"
#include "core/storage_provider.hpp"
#include "core/text.hpp"
#include "saving/check_tensor.hpp"
#include "saving/choose_codec.hpp"
#include "saving/index_writer.hpp"
#include "saving/new_storage.hpp"
#include "saving/plan.hpp"
#include "saving/storage_compactor.hpp"
#include "saving/streamed_tensor.hpp"

namespace milepost {

using base::message;
using detail::ViewAccess;

/// The header is written with the first bytes, not before: creating a writer writes nothing.
Result<void> Writer::Impl::begin() {
    if (committed) return Error(Condition::option, "the writer has committed");
    if (streamed) return Error(Condition::option, "a tensor was begun and not ended");
    return storages.begin();
}

Result<WrittenTensor> Writer::Impl::add(const TensorView& tensor) {
    MILEPOST_TRY(saving::check_tensor(tensor, options.limits));
    MILEPOST_TRY(begin());
    if (ViewAccess::provider(tensor.storage()) == written.get()) return ViewAccess::written(tensor);
    MILEPOST_TRY(check_room());
    MILEPOST_TRY_ASSIGN(auto dtype, written->dtypes.keep(tensor.dtype()));
    saving::StorageCompactor compactor({&tensor}, [&](const StorageView&) { return options.compact; });
    MILEPOST_TRY_ASSIGN(auto placed, compactor.place(tensor));
    MILEPOST_TRY(storages.write({{placed.storage(), dtype.code}}));
    return placeholder_for(placed, dtype);
}

/// Another storage is within the limit on records.
Result<void> Writer::Impl::check_room() const {
    if (numbers.size() < options.limits.max_records) return {};
    return Error(Condition::records, message(numbers.size(), " storages were written, the limit is ",
                                             options.limits.max_records));
}

/// For a tensor whose storage was just written. Its storage is known by this view alone: the caller may use
/// the same memory for the next tensor.
WrittenTensor Writer::Impl::placeholder_for(const TensorView& tensor, const DtypeInfo& dtype) {
    descriptions.push_back(message(core::printable(dtype.name), " ", core::dims_text(tensor.shape())));
    const StorageView storage =
        ViewAccess::storage(written, static_cast<std::uint32_t>(numbers.size()), tensor.storage().nbytes());
    (void)numbers.number_of(storage);
    const TensorView placeholder(dtype, tensor.shape(), storage, tensor.offset(), tensor.strides());
    return ViewAccess::written(placeholder.with_role(tensor.role(), tensor.requires_grad()));
}

Result<void> Writer::Impl::begin_tensor(DtypeInfo dtype, Shape shape) {
    MILEPOST_TRY(begin());
    MILEPOST_TRY(saving::check_dtype(dtype, options.limits));
    MILEPOST_TRY(check_room());
    MILEPOST_TRY_ASSIGN(auto kept, written->dtypes.keep(dtype));
    MILEPOST_TRY_ASSIGN(streamed, saving::StreamedTensor::make(kept, std::move(shape), options.limits));
    return {};
}

Result<void> Writer::Impl::append(std::span<const std::byte> piece) {
    if (!streamed) return Error(Condition::option, "append without begin_tensor");
    return streamed->append(
        piece, [&](const StorageView& run, std::uint64_t chunk) { return write_run(run, chunk); });
}

Result<void> Writer::Impl::write_run(const StorageView& run, std::uint64_t first_chunk) {
    if (first_chunk == 0) {
        MILEPOST_TRY_ASSIGN(streamed->codec,
                            saving::choose_codec({run, streamed->tensor().dtype().code}, options));
    }
    return storages.write_run(run, streamed->codec, first_chunk, streamed->nbytes());
}

Result<WrittenTensor> Writer::Impl::end_tensor() {
    if (!streamed) return Error(Condition::option, "end_tensor without begin_tensor");
    MILEPOST_TRY(streamed->check_complete());
    if (streamed->nbytes() == 0) {
        MILEPOST_TRY(write_run(StorageView(), 0));
    }
    const TensorView tensor = streamed->tensor();
    streamed.reset();
    return placeholder_for(tensor, tensor.dtype());
}

Result<void> Writer::Impl::commit(const Checkpoint& checkpoint) {
    if (streamed) return Error(Condition::option, "a tensor was begun and not ended");
    MILEPOST_TRY_ASSIGN(auto plan, prepare(checkpoint));
    return finish(plan);
}

Result<saving::Plan> Writer::Impl::prepare(const Checkpoint& checkpoint) {
    MILEPOST_TRY_ASSIGN(auto plan, saving::Plan::make(checkpoint, numbers, options));
    MILEPOST_TRY(check_before_writing(plan));
    return plan;
}

Result<void> Writer::Impl::finish(const saving::Plan& plan) {
    MILEPOST_TRY(expect(plan.new_storages()));
    MILEPOST_TRY(begin());
    auto stored = storages.write(plan.new_storages(),
                                 [&](std::size_t number) { return plan.path_of_new_storage(number); });
    if (!stored) return stored;
    auto indexed = saving::write_index(plan.index(storages.columns()), storages.header(), options, queue);
    if (!indexed) return indexed;
    committed = true;
    return output->commit(queue.position());
}

/// All that can be wrong with the checkpoint and is known before the rest of its bytes is written.
Result<void> Writer::Impl::check_before_writing(const saving::Plan& plan) {
    MILEPOST_TRY(plan.check(storages.columns()));
    if (const auto unviewed = plan.find_unviewed_storage()) {
        return Error(
            Condition::layout,
            message("tensor ", *unviewed, " of those that the writer was given (", descriptions[*unviewed],
                    ") is not in the checkpoint; storage ", *unviewed, " is viewed by no tensor"));
    }
    return {};
}

/// Tells how much will be written, and reserves the size without the index. Compressed storages would reserve
/// far too much.
Result<void> Writer::Impl::expect(const std::vector<saving::NewStorage>& new_storages) {
    std::uint64_t nbytes = 0;
    for (const saving::NewStorage& storage : new_storages)
        nbytes += storage.view.nbytes();
    storages.expect(nbytes);
    if (options.codec != Codec::raw) return {};
    return output->reserve(queue.position() + nbytes);
}

}  // namespace milepost

#include <milepost/writer.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <new>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <milepost/checkpoint.hpp>
#include <milepost/dtype.hpp>
#include <milepost/error.hpp>
#include <milepost/io.hpp>
#include <milepost/options.hpp>
#include <milepost/result.hpp>
#include <milepost/tensor.hpp>

#include "base/message.hpp"
#include "base/out_of_memory.hpp"
#include "core/layout.hpp"
#include "core/storage_provider.hpp"
#include "core/text.hpp"
#include "platform/process.hpp"
#include "platform/replace.hpp"
#include "saving/check_options.hpp"
#include "saving/check_tensor.hpp"
#include "saving/choose_codec.hpp"
#include "saving/index_writer.hpp"
#include "saving/new_storage.hpp"
#include "saving/output.hpp"
#include "saving/output_queue.hpp"
#include "saving/plan.hpp"
#include "saving/storage_compactor.hpp"
#include "saving/storage_writer.hpp"
#include "saving/streamed_tensor.hpp"
#include "saving/written_storages.hpp"

namespace milepost {

using base::message;
using base::out_of_memory;
using detail::ViewAccess;

/// The parts of one save: streams tensors and storages through a StorageWriter, and plans and writes the
/// index at commit.
struct Writer::Impl {
    Impl(std::unique_ptr<saving::Output> to, bool to_file, const SaveOptions& save_options)
        : options(save_options),
          writes_file(to_file),
          output(std::move(to)),
          queue(*output),
          storages(options, queue) {}

    static Error of_other_process() {
        return Error(Condition::option,
                     "the writer belongs to the parent process: a child process can only destroy it");
    }

    Result<void> begin();
    Result<WrittenTensor> add(const TensorView& tensor);
    Result<void> begin_tensor(DtypeInfo dtype, Shape shape);
    Result<void> append(std::span<const std::byte> piece);
    Result<void> write_run(const StorageView& run, std::uint64_t first_chunk);
    Result<WrittenTensor> end_tensor();
    WrittenTensor placeholder_for(const TensorView& tensor, const DtypeInfo& dtype);
    Result<void> check_room() const;
    Result<void> check_before_writing(const saving::Plan& plan);
    Result<void> commit(const Checkpoint& checkpoint);
    Result<void> expect(const std::vector<saving::NewStorage>& new_storages);

    /// Runs one call of a Writer; `impl` is null if that was moved from. Its error ends the writer.
    template <class Call>
    static auto guarded(Impl* impl, Call call) noexcept -> decltype(call(*impl)) {
        try {
            if (impl == nullptr) return Error(Condition::option, "the writer was moved from");
            const CallMark mark(impl->in_call);
            if (impl->writes_file && !impl->owner.is_current()) return of_other_process();
            if (impl->error) return *impl->error;
            auto result = call(*impl);
            if (!result) impl->error = result.error();
            return result;
        } catch (...) {
            // Nothing of the caller is called without a guard: this is a lack of memory.
            if (impl != nullptr) impl->error = out_of_memory();
            return out_of_memory();
        }
    }

    /// True during a call.
    class CallMark {
    public:
        explicit CallMark(bool& in_call) noexcept : in_call_(in_call) { in_call_ = true; }
        CallMark(const CallMark&) = delete;
        CallMark& operator=(const CallMark&) = delete;
        ~CallMark() { in_call_ = false; }

    private:
        bool& in_call_;
    };

    /// For the copy that a child process has if another thread was in a call when the process forked: that
    /// thread, and those that it started, do not exist in the child, and destroying what they use would wait
    /// for them. The file is closed; the memory stays.
    static void abandon(std::unique_ptr<Impl> impl) noexcept {
        impl->output.reset();
        [[maybe_unused]] Impl* const left = impl.release();
    }

    SaveOptions options;
    platform::OwnerProcess owner;
    bool in_call = false;
    bool writes_file;
    std::unique_ptr<saving::Output> output;
    saving::OutputQueue queue;
    saving::StorageWriter storages;
    saving::StorageNumbers numbers;
    std::shared_ptr<saving::WrittenStorages> written = std::make_shared<saving::WrittenStorages>();
    std::vector<std::string> descriptions;           ///< for each storage, what its tensor is, for messages
    std::optional<saving::StreamedTensor> streamed;  ///< the tensor that was begun
    std::optional<Error> error;
    bool committed = false;
};

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
    MILEPOST_TRY_ASSIGN(auto plan, saving::Plan::make(checkpoint, numbers, options));
    MILEPOST_TRY(check_before_writing(plan));
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

Writer::Writer(std::unique_ptr<Impl> impl) noexcept : impl_(std::move(impl)) {}
Writer::Writer(Writer&&) noexcept = default;
Writer& Writer::operator=(Writer&& other) noexcept {
    Writer taken(std::move(other));
    std::swap(impl_, taken.impl_);
    return *this;
}
Writer::~Writer() {
    if (impl_ && impl_->in_call) Impl::abandon(std::move(impl_));
}

Result<Writer> Writer::create(const std::string& path, const SaveOptions& options) try {
    MILEPOST_TRY(saving::check_options(options));
    MILEPOST_TRY_ASSIGN(auto file,
                        platform::ReplacingFile::create(path, {options.durable, options.keep_previous,
                                                               options.create_only, options.keep_cached}));
    return Writer(
        std::make_unique<Impl>(std::make_unique<saving::FileOutput>(std::move(file)), true, options));
} catch (const std::bad_alloc&) {
    return out_of_memory();
}

Result<Writer> Writer::create(Sink& sink, const SaveOptions& options) try {
    MILEPOST_TRY(saving::check_options(options));
    return Writer(std::make_unique<Impl>(std::make_unique<saving::SinkOutput>(sink), false, options));
} catch (const std::bad_alloc&) {
    return out_of_memory();
}

Result<WrittenTensor> Writer::add(const TensorView& tensor) {
    return Impl::guarded(impl_.get(), [&](Impl& impl) { return impl.add(tensor); });
}

Result<void> Writer::begin_tensor(DtypeInfo dtype, Shape shape) {
    return Impl::guarded(impl_.get(), [&](Impl& impl) { return impl.begin_tensor(dtype, std::move(shape)); });
}

Result<void> Writer::begin_tensor(Dtype dtype, Shape shape) {
    return Impl::guarded(impl_.get(), [&](Impl& impl) -> Result<void> {
        const auto known = find_dtype(dtype);
        if (!known) return Error(Condition::dtype, "begin_tensor: this library does not know the dtype");
        return impl.begin_tensor(*known, std::move(shape));
    });
}

Result<void> Writer::append(std::span<const std::byte> piece) {
    return Impl::guarded(impl_.get(), [&](Impl& impl) { return impl.append(piece); });
}

Result<WrittenTensor> Writer::end_tensor() {
    return Impl::guarded(impl_.get(), [&](Impl& impl) { return impl.end_tensor(); });
}

Result<void> Writer::commit(const Checkpoint& checkpoint) {
    return Impl::guarded(impl_.get(), [&](Impl& impl) { return impl.commit(checkpoint); });
}

}  // namespace milepost

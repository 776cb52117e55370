#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
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

#include "base/out_of_memory.hpp"
#include "platform/process.hpp"
#include "saving/new_storage.hpp"
#include "saving/output.hpp"
#include "saving/output_queue.hpp"
#include "saving/plan.hpp"
#include "saving/storage_writer.hpp"
#include "saving/streamed_tensor.hpp"
#include "saving/written_storages.hpp"

namespace milepost {

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
    /// The two halves of commit(). The first one writes nothing. The second one reads no memory of the
    /// checkpoint but its names and the storages of the plan.
    ///@{
    Result<saving::Plan> prepare(const Checkpoint& checkpoint);
    Result<void> finish(const saving::Plan& plan);
    ///@}
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
            if (impl != nullptr) impl->error = base::out_of_memory();
            return base::out_of_memory();
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

}  // namespace milepost

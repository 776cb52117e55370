#include <milepost/async_saver.hpp>

#include <cstdint>
#include <exception>
#include <memory>
#include <mutex>
#include <new>
#include <optional>
#include <string>
#include <thread>
#include <utility>

#include <milepost/checkpoint.hpp>
#include <milepost/error.hpp>
#include <milepost/options.hpp>
#include <milepost/progress.hpp>
#include <milepost/result.hpp>
#include <milepost/writer.hpp>

#include "base/out_of_memory.hpp"
#include "base/parallel.hpp"
#include "platform/process.hpp"
#include "saving/pending_save.hpp"
#include "saving/plan.hpp"
#include "saving/snapshot.hpp"
#include "saving/writer_impl.hpp"

namespace milepost {

Result<void> PendingSave::wait() const {
    return state_ == nullptr ? Result<void>() : state_->wait();
}

bool PendingSave::is_done() const noexcept {
    return state_ == nullptr || state_->is_done();
}

Progress PendingSave::progress() const noexcept {
    if (state_ == nullptr) return {};
    const std::lock_guard lock(state_->mutex);
    return state_->progress;
}

void PendingSave::cancel() const noexcept {
    if (state_ == nullptr) return;
    const std::lock_guard lock(state_->mutex);
    state_->cancelled = true;
}

struct AsyncSaver::Impl {
    /// One save. The plan borrows from the copy of the checkpoint, and its storages from the snapshot.
    struct Job {
        Job(const Checkpoint& saved, std::shared_ptr<PendingSave::State> shared)
            : checkpoint(saved), state(std::move(shared)) {}

        Result<void> prepare(const std::string& path, const SaveOptions& save_options);
        void run() noexcept;

        Checkpoint checkpoint;
        std::shared_ptr<PendingSave::State> state;
        std::optional<Writer> writer;
        std::optional<saving::Plan> plan;
    };

    explicit Impl(const AsyncOptions& saver_options) : options(saver_options) {}

    Result<PendingSave> begin(const std::string& path, const Checkpoint& checkpoint,
                              SaveOptions save_options);
    void join();

    AsyncOptions options;
    platform::OwnerProcess owner;
    saving::Snapshot snapshot;
    std::unique_ptr<Job> job;
    std::thread thread;
    PendingSave last;
};

Result<void> AsyncSaver::Impl::Job::prepare(const std::string& path, const SaveOptions& save_options) {
    MILEPOST_TRY_ASSIGN(writer, Writer::create(path, save_options));
    MILEPOST_TRY_ASSIGN(plan, Writer::Impl::guarded(writer->impl_.get(), [&](Writer::Impl& impl) {
                            return impl.prepare(checkpoint);
                        }));
    return {};
}

/// All of it ends before the result is told: then nothing of a save that failed is left, and no file that
/// the checkpoint views is open.
void AsyncSaver::Impl::Job::run() noexcept {
    auto saved =
        Writer::Impl::guarded(writer->impl_.get(), [&](Writer::Impl& impl) { return impl.finish(*plan); });
    writer.reset();
    plan.reset();
    checkpoint = {};
    state->end(std::move(saved));
}

Result<PendingSave> AsyncSaver::Impl::begin(const std::string& path, const Checkpoint& checkpoint,
                                            SaveOptions save_options) {
    if (!owner.is_current()) return Error(Condition::option, "the saver belongs to the parent process");
    if (options.when_busy == AsyncOptions::WhenBusy::refuse && !last.is_done())
        return Error(Condition::in_use, "the saver is saving another checkpoint");
    join();
    auto state = std::make_shared<PendingSave::State>();
    save_options.progress = [state, next = std::move(save_options.progress)](const Progress& progress) {
        return state->note(progress) && (!next || next(progress));
    };
    auto prepared = std::make_unique<Job>(checkpoint, state);
    MILEPOST_TRY(prepared->prepare(path, save_options));
    snapshot.take(prepared->plan->new_storages(), base::thread_count(options.copy_threads));
    job = std::move(prepared);
    last = PendingSave(std::move(state));
    try {
        thread = std::thread([saved = job.get()] { saved->run(); });
    } catch (const std::exception&) {
        job->run();  // the machine provides no thread: it only takes longer
    }
    return last;
}

void AsyncSaver::Impl::join() {
    if (thread.joinable()) thread.join();
    job.reset();
}

AsyncSaver::AsyncSaver(const AsyncOptions& options) : impl_(std::make_unique<Impl>(options)) {}
AsyncSaver::AsyncSaver(AsyncSaver&&) noexcept = default;
AsyncSaver& AsyncSaver::operator=(AsyncSaver&& other) noexcept {
    AsyncSaver taken(std::move(other));
    std::swap(impl_, taken.impl_);
    return *this;
}

AsyncSaver::~AsyncSaver() {
    if (impl_ == nullptr) return;
    if (impl_->owner.is_current()) {
        impl_->join();
    } else {
        // A child process does not have the thread that saves, and must not wait for it.
        [[maybe_unused]] Impl* const left = impl_.release();
    }
}

Result<PendingSave> AsyncSaver::save_async(const std::string& path, const Checkpoint& checkpoint,
                                           const SaveOptions& options) try {
    if (impl_ == nullptr) return Error(Condition::option, "the saver was moved from");
    return impl_->begin(path, checkpoint, options);
} catch (const std::bad_alloc&) {
    return base::out_of_memory();
}

Result<void> AsyncSaver::wait() const {
    return impl_ == nullptr ? Result<void>() : impl_->last.wait();
}

std::uint64_t AsyncSaver::memory_nbytes() const noexcept {
    return impl_ == nullptr ? 0 : impl_->snapshot.nbytes();
}

void AsyncSaver::release_memory() {
    if (impl_ == nullptr || !impl_->owner.is_current()) return;
    impl_->join();
    impl_->snapshot.release();
}

}  // namespace milepost

#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <utility>

#include <milepost/checkpoint.hpp>
#include <milepost/export.hpp>
#include <milepost/options.hpp>
#include <milepost/progress.hpp>
#include <milepost/result.hpp>

namespace milepost {

/// A save that runs in the background. A handle: its copies are of the same save, which does not need them.
/// Any thread. A default-constructed one is of no save, which is done and has succeeded.
class MILEPOST_API PendingSave {
public:
    PendingSave() noexcept = default;

    /// Waits until the save has ended. Errors: those of save(); cancelled/by_caller. Each call returns the
    /// same.
    [[nodiscard]] Result<void> wait() const;
    /// Whether it has ended.
    [[nodiscard]] bool is_done() const noexcept;
    /// Raw bytes that were handed over to be written, and all of them.
    [[nodiscard]] Progress progress() const noexcept;
    /// Asks the save to end: soon, wait() returns cancelled/by_caller and the path is as it was before. One
    /// that has written all its bytes succeeds.
    void cancel() const noexcept;

    /// Opaque.
    struct State;

private:
    friend class AsyncSaver;
    explicit PendingSave(std::shared_ptr<State> state) noexcept : state_(std::move(state)) {}
    std::shared_ptr<State> state_;
};

/// How an AsyncSaver works.
struct AsyncOptions {
    /// Waits for the end of an earlier save, or fails with io_error/in_use.
    enum class WhenBusy : std::uint8_t { wait, refuse };
    /// What save_async does while an earlier save is running.
    WhenBusy when_busy = WhenBusy::wait;
    /// Threads that copy the tensors; 0: as many as the machine has, at most 8.
    unsigned copy_threads = 0;
};

/// Saves in the background, one checkpoint at a time. The caller is stopped only for a copy of its tensors
/// (the snapshot), and may then change them.
///
///     milepost::AsyncSaver saver;                                  // for the whole run
///     milepost::PendingSave pending;
///     for (...) {
///         train();
///         check(pending.wait());                                   // for the save before
///         auto begun = saver.save_async("run.milepost", checkpoint);
///         if (!begun) return fail(begun.error());
///         pending = *begun;
///     }
///     check(saver.wait());
///
/// Memory: as much as all storages that are saved, kept for the next snapshot until release_memory() or the
/// end of the AsyncSaver; and that of a Writer while a save runs. Storages of an open file are not copied:
/// they do not change. Threads: one thread at a time; the save runs on threads of its own. After fork() the
/// save remains the parent's.
class MILEPOST_API AsyncSaver {
public:
    /// Takes no memory for snapshots yet.
    explicit AsyncSaver(const AsyncOptions& options = {});
    /// One that was moved from fails with invalid_argument/option.
    ///@{
    AsyncSaver(AsyncSaver&&) noexcept;
    AsyncSaver& operator=(AsyncSaver&&) noexcept;
    ///@}
    /// Waits for the save that is running. Its error is lost unless somebody has a handle of it.
    ~AsyncSaver();

    /// Copies the tensors and begins to save them. What can be wrong with the path, the options or the
    /// checkpoint is found before that. Errors: those of Writer::create and, before the first byte is
    /// written, Writer::commit; io_error/in_use; io_error/out_of_memory for the snapshot. Errors of the save
    /// itself are those of PendingSave::wait() alone.
    [[nodiscard]] Result<PendingSave> save_async(const std::string& path, const Checkpoint& checkpoint,
                                                 const SaveOptions& options = {});
    /// Waits for the last save; success if there was none. Errors: those of PendingSave::wait.
    [[nodiscard]] Result<void> wait() const;
    /// The size of the memory that is kept for snapshots, in bytes; gives it back, after the save that is
    /// running.
    ///@{
    [[nodiscard]] std::uint64_t memory_nbytes() const noexcept;
    void release_memory();
    ///@}

private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace milepost

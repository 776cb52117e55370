#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <milepost/async_saver.hpp>
#include <milepost/checkpoint.hpp>
#include <milepost/error.hpp>
#include <milepost/export.hpp>
#include <milepost/options.hpp>
#include <milepost/reader.hpp>
#include <milepost/result.hpp>

namespace milepost {

/// Which checkpoints are the best of a run.
struct KeepBest {
    /// The name of a top-level value of each checkpoint, an int or a float: "loss". A checkpoint that does
    /// not have it, or has something else or NaN there, is not among the best.
    std::string value;
    /// Whether the largest value is the best, as for an accuracy. Otherwise the smallest is.
    bool largest = false;
    /// How many are kept; 1 at least. Of equal values the newer checkpoint is the better one.
    unsigned count = 1;
};

/// What a Run keeps.
struct RunOptions {
    /// How many of the newest checkpoints are kept; 1 at least. More than one, because only reading all of a
    /// file shows that a disk has damaged it since it was saved.
    unsigned keep = 3;
    /// The best checkpoints are kept too, however old they are.
    std::optional<KeepBest> keep_best = {};
};

/// A checkpoint in a run's folder, as its name tells.
struct RunCheckpoint {
    std::string path;        ///< the folder of the run, and the name of the checkpoint
    std::uint64_t number;    ///< counted up by each save in the folder
    std::uint64_t step;      ///< as it was given to the save
    bool is_folder = false;  ///< a distributed checkpoint, which is a folder of files
};

/// A checkpoint that Run::restore could not use, and why.
struct SkippedCheckpoint {
    RunCheckpoint checkpoint;  ///< newer than the restored one
    Error error;               ///< with the path
};

/// What Run::save did.
struct SavedCheckpoint {
    RunCheckpoint checkpoint;  ///< the new one
    /// What Run::prune could not do, or found damaged, after the save. The save has succeeded.
    std::vector<Error> warnings = {};
};

/// A checkpoint that is saved in the background.
struct PendingCheckpoint {
    RunCheckpoint checkpoint;  ///< exists after the save has succeeded
    PendingSave save;          ///< the handle of the save
};

/// A checkpoint that a run can continue from.
struct RestoredCheckpoint {
    RunCheckpoint checkpoint;  ///< the one that is open
    Reader reader;             ///< all its checksums hold
    /// Newer checkpoints that could not be used, the newest first. A program should tell its user of them.
    std::vector<SkippedCheckpoint> skipped = {};
};

/// The checkpoints of one training run in one folder. Each save makes a new file; a run that was killed
/// continues from the newest one that is whole; old ones are removed.
///
///     auto run = milepost::Run::open("runs/lenet", {.keep = 3, .keep_best = {{.value = "loss"}}});
///     if (!run) return fail(run.error());
///     auto restored = run->restore();
///     if (restored) load(restored->reader);
///     else if (restored.error().code() != milepost::Code::not_found) return fail(restored.error());
///     for (; step < steps; ++step) {
///         train();
///         if (step % 100 == 0) check(run->save(step, checkpoint));
///     }
///
/// Names: a checkpoint is the file `000042.step-1500.milepost`. Its number has six digits at least, and is
/// one more than the largest number in the folder. The newest checkpoint is the one with the largest number,
/// never the largest step: a run that goes back to an earlier step and continues has newer checkpoints with
/// smaller steps. If two processes have saved at once and got the same number, the one with the larger step
/// counts as newer. Files with other names are never touched, and numbers written in another way (`42`,
/// `0000042`, above 64 bits) are other names. There is no file of state beside the checkpoints.
///
/// Folders `000042.step-1500` are distributed checkpoints, which the Python package writes and reads. One is
/// complete when it holds the file `checkpoint.milepost`, which is written last. One that is not complete
/// only counts for the next number: it is not listed, not restored, not counted and not removed.
///
/// A process that is killed, and a machine that loses power, at any moment leave a folder that restores the
/// last checkpoint whose save has returned, or a newer one.
///
/// A plain value: the path of the folder and the options. Any thread, and any number of processes with equal
/// options: a save never replaces a file.
class MILEPOST_API Run {
public:
    /// Makes the folder, and those above it, where they do not exist, and puts their names on the disk. A
    /// relative path is relative to the current folder at each call. Errors: invalid_argument/option if an
    /// option is out of its range; io_error/open, /no_space, /quota if there is not, and cannot be, a folder
    /// at the path; not_durable/directory_sync, after which it exists.
    [[nodiscard]] static Result<Run> open(std::string folder, RunOptions options = {});

    /// The folder, as it was given but for slashes at its end.
    [[nodiscard]] const std::string& folder() const noexcept { return folder_; }

    /// Saves a checkpoint as a new file. Then prunes, if options.durable is on; otherwise nothing is removed,
    /// because a power cut may lose the new file. options.create_only is always on, and keep_previous off.
    /// Two processes that save at once get two files.
    /// Errors: those of milepost::save, and then the folder is as before, but for not_durable/directory_sync,
    /// after which the new file is in place and nothing has been pruned; those of next(). What pruning could
    /// not do is among the warnings.
    [[nodiscard]] Result<SavedCheckpoint> save(std::uint64_t step, const Checkpoint& checkpoint,
                                               const SaveOptions& options = {}) const;

    /// Saves a checkpoint as a new file in the background; the caller waits for a copy of its tensors only.
    /// Does not prune: call prune() after PendingSave::wait() has succeeded.
    ///
    ///     auto pending = run.save_async(saver, step, checkpoint);
    ///     if (!pending) return pending.error();
    ///     train();                                               // the tensors may change from here on
    ///     if (auto saved = pending->save.wait(); !saved) return saved.error();
    ///     auto warnings = run.prune();
    ///
    /// First waits for an earlier save of `saver`, whatever AsyncOptions::when_busy is, because that takes
    /// its number when it ends; its error is that of its own handle. Errors: those of
    /// AsyncSaver::save_async and of next(). Those of the save itself come from PendingSave::wait();
    /// invalid_argument/target there means that another process took the name meanwhile: save again.
    [[nodiscard]] Result<PendingCheckpoint> save_async(AsyncSaver& saver, std::uint64_t step,
                                                       const Checkpoint& checkpoint,
                                                       const SaveOptions& options = {}) const;

    /// The checkpoint that the next save makes: for one that writes its file by other means (a Writer, with
    /// SaveOptions::create_only). The number is taken when the file has its name, so save one after the
    /// other. Errors: io_error/open, /read if the folder cannot be listed; invalid_argument/target if all
    /// numbers are used up.
    [[nodiscard]] Result<RunCheckpoint> next(std::uint64_t step) const;

    /// The complete checkpoints by their names alone, the newest first: no file is opened. Errors:
    /// io_error/open, /read if the folder, or a folder in it, cannot be looked at.
    [[nodiscard]] Result<std::vector<RunCheckpoint>> checkpoints() const;

    /// Removes the checkpoints that the options do not keep, and the temporary files of saves that were
    /// killed, if there are any: only file systems without nameless files have them. They are recognized by
    /// their names, and must not be locked, and be older than ten minutes. Requires: the newest checkpoint is
    /// on the disk, that is, its save was durable.
    ///
    /// Each checkpoint is opened, with `limits`, so that only those whose index is whole count among the
    /// newest `keep`: one more is kept for each that is damaged. A damaged one (corrupt, truncated,
    /// not_a_checkpoint) is removed when `keep` newer ones are whole, with a warning that tells the damage,
    /// because a run must not fill the disk. One that cannot be opened for another reason does not count
    /// either; it has a warning, and with keep_best it is not removed, because it may be the best. Bytes of
    /// tensors are not read. The newest checkpoint is never removed, nor any before one is whole.
    ///
    /// A distributed checkpoint loses its `checkpoint.milepost` first and then its other files. One that
    /// holds anything but regular files is left as it is, with a warning. Links are not followed.
    ///
    /// Removing large files takes some time; any thread may do it. What is removed may come back after a
    /// power cut, and is removed again. Returns: warnings, also for what could not be removed. Errors: as
    /// checkpoints().
    [[nodiscard]] Result<std::vector<Error>> prune(const Limits& limits = {}) const;

    /// Opens the newest checkpoint whose checksums all hold, after reading all of it. What is read is not
    /// mapped, so a bad sector is an error and not a signal. Options.check applies to later accesses.
    ///
    /// Skipped, and listed with their errors, are newer checkpoints that can never be restored from: corrupt,
    /// truncated and not_a_checkpoint; those that the disk cannot read (io_error/read); and distributed ones,
    /// as not_a_checkpoint/not_regular, which the Python package reads. One that another process has removed
    /// meanwhile is not listed.
    ///
    /// Errors: not_found/file only if there is no complete checkpoint, so that a program may then begin a new
    /// run; the error of the newest one if all were skipped. Any other error of a checkpoint (unsupported,
    /// limit_exceeded, io_error/open, /changed, /out_of_memory) ends the call too, because a newer library,
    /// another limit or another attempt restores it, and continuing from an older one would lose work.
    /// Also those of checkpoints().
    [[nodiscard]] Result<RestoredCheckpoint> restore(const OpenOptions& options = {}) const;

private:
    Run(std::string folder, RunOptions options) noexcept
        : folder_(std::move(folder)), options_(std::move(options)) {}

    std::string folder_;
    RunOptions options_;
};

}  // namespace milepost

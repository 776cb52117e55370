#include <algorithm>
#include <new>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <milepost/error.hpp>
#include <milepost/options.hpp>
#include <milepost/reader.hpp>
#include <milepost/result.hpp>
#include <milepost/run.hpp>
#include <milepost/verify.hpp>

#include "base/message.hpp"
#include "base/out_of_memory.hpp"
#include "core/text.hpp"
#include "run/listing.hpp"

namespace milepost {
namespace {

using base::message;

/// Whether the checkpoint can never be restored from, so that an older one is the best there is. Any other
/// error has a remedy, after which nothing is lost.
bool is_skipped(const Error& error) noexcept {
    return run::is_damage(error) || error.condition() == Condition::read;
}

/// Reads all chunks. Other damage (a copy of the index, padding) does not change what is loaded.
Result<void> check_chunks(const Reader& reader, const std::string& path, unsigned threads) {
    MILEPOST_TRY_ASSIGN(const auto report, verify(reader, {.threads = threads}));
    if (report.damaged_tensors == 0) return {};
    const auto damage = std::find_if(report.damage.begin(), report.damage.end(),
                                     [](const Damage& range) { return range.chunk.has_value(); });
    const Damage& first = damage == report.damage.end() ? report.damage.front() : *damage;
    return first.error.within(core::printable(path));
}

/// Checks a checkpoint as a whole, then opens it as it was asked for. The check reads and does not map: a bad
/// sector in a mapping would end the process.
Result<Reader> open_whole(const RunCheckpoint& checkpoint, const OpenOptions& options) {
    const std::string& path = checkpoint.path;
    if (checkpoint.is_folder) {
        return Error(Condition::not_regular,
                     message(core::printable(path),
                             ": is a distributed checkpoint, a folder, which the Python package reads"));
    }
    OpenOptions to_check = options;
    to_check.access = Access::read;
    to_check.check = Check::first_access;
    MILEPOST_TRY_ASSIGN(const auto checked, Reader::open(path, to_check));
    MILEPOST_TRY(check_chunks(checked, path, options.threads));
    return Reader::open(path, options);
}

/// Where there is a name, a missing file is not a missing checkpoint, after which a program would begin a new
/// run: it is a link to nowhere.
Error of_existing_name(const Error& error) {
    return error.condition() == Condition::file ? Error(Condition::open, error.message()) : error;
}

/// Goes through the checkpoints of a run, which other processes may add and remove meanwhile.
class Restore {
public:
    Restore(const Run& run, const OpenOptions& options) : run_(run), options_(options) {}

    Result<RestoredCheckpoint> run() {
        for (;;) {
            MILEPOST_TRY_ASSIGN(const auto checkpoints, run_.checkpoints());
            MILEPOST_TRY(settle_failed(checkpoints));
            const auto newest =
                std::find_if(checkpoints.begin(), checkpoints.end(),
                             [&](const auto& checkpoint) { return !was_skipped(checkpoint); });
            if (newest == checkpoints.end()) return nothing_whole();
            auto reader = open_whole(*newest, options_);
            if (reader) return RestoredCheckpoint{*newest, *std::move(reader), std::move(skipped_)};
            failed_ = SkippedCheckpoint{*newest, std::move(reader).error()};
        }
    }

private:
    /// Judges the checkpoint that has failed, if it is still there. An error of one that was removed while it
    /// was read, which happens when a newer one has been saved, means nothing.
    Result<void> settle_failed(const std::vector<RunCheckpoint>& checkpoints) {
        if (!failed_) return {};
        const bool is_there =
            std::any_of(checkpoints.begin(), checkpoints.end(),
                        [&](const auto& checkpoint) { return checkpoint.path == failed_->checkpoint.path; });
        if (is_there && !is_skipped(failed_->error)) return of_existing_name(failed_->error);
        if (is_there) skipped_.push_back(*std::move(failed_));
        failed_.reset();
        return {};
    }

    [[nodiscard]] bool was_skipped(const RunCheckpoint& checkpoint) const noexcept {
        return std::any_of(skipped_.begin(), skipped_.end(),
                           [&](const auto& skipped) { return skipped.checkpoint.path == checkpoint.path; });
    }

    /// Not not_found if something was skipped: a program would begin a new run, as if there were nothing to
    /// be saved from the old one.
    [[nodiscard]] Error nothing_whole() const {
        const std::string folder = core::printable(run_.folder());
        if (skipped_.empty())
            return Error(Condition::file, message(folder, ": there is no checkpoint in this folder"));
        const Error& newest = skipped_.front().error;
        return newest.within(
            message(folder, ": none of ", skipped_.size(), " checkpoints can be used; the newest"));
    }

    const Run& run_;
    const OpenOptions& options_;
    std::optional<SkippedCheckpoint> failed_;
    std::vector<SkippedCheckpoint> skipped_;
};

}  // namespace

Result<RestoredCheckpoint> Run::restore(const OpenOptions& options) const try {
    return Restore(*this, options).run();
} catch (const std::bad_alloc&) {
    return base::out_of_memory();
}

}  // namespace milepost

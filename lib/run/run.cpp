#include <milepost/run.hpp>

#include <cstdint>
#include <limits>
#include <new>
#include <string>
#include <utility>
#include <vector>

#include <milepost/async_saver.hpp>
#include <milepost/checkpoint.hpp>
#include <milepost/error.hpp>
#include <milepost/options.hpp>
#include <milepost/result.hpp>
#include <milepost/writer.hpp>

#include "base/message.hpp"
#include "base/out_of_memory.hpp"
#include "core/text.hpp"
#include "platform/open_folder.hpp"
#include "run/listing.hpp"

namespace milepost {
namespace {

using base::message;
using base::out_of_memory;
using platform::OpenFolder;

Result<void> check_options(const RunOptions& options) {
    if (options.keep == 0) return Error(Condition::option, "keep is 0: at least 1 checkpoint is kept");
    if (!options.keep_best) return {};
    if (options.keep_best->count == 0)
        return Error(Condition::option, "keep_best: count is 0, not at least 1");
    if (options.keep_best->value.empty()) return Error(Condition::option, "keep_best: value is empty");
    return {};
}

/// Options for a file that must be a new one.
SaveOptions for_new_file(SaveOptions options) {
    options.create_only = true;
    options.keep_previous = false;
    return options;
}

/// Calls save(checkpoint) with the next checkpoint of the run, and with the one after it if another process
/// has taken the name meanwhile. Returns what it returned.
template <class Save>
auto save_as_next(const Run& run, std::uint64_t step, Save save) -> decltype(save(RunCheckpoint())) {
    MILEPOST_TRY_ASSIGN(auto checkpoint, run.next(step));
    for (;;) {
        auto saved = save(checkpoint);
        if (saved || saved.error().condition() != Condition::target) return saved;
        MILEPOST_TRY_ASSIGN(auto after, run.next(step));
        if (after.number == checkpoint.number) return saved;  // the target is refused for another reason
        checkpoint = std::move(after);
    }
}

}  // namespace

Result<Run> Run::open(std::string folder, RunOptions options) try {
    MILEPOST_TRY(check_options(options));
    while (folder.size() > 1 && folder.ends_with('/'))
        folder.pop_back();
    MILEPOST_TRY(platform::make_folders(folder));
    return Run(std::move(folder), std::move(options));
} catch (const std::bad_alloc&) {
    return out_of_memory();
}

Result<SavedCheckpoint> Run::save(std::uint64_t step, const Checkpoint& checkpoint,
                                  const SaveOptions& options) const try {
    // What comes after the save allocates nothing here: it has succeeded, whatever pruning does.
    std::vector<Error> warnings;
    warnings.reserve(1);
    const SaveOptions asked = for_new_file(options);
    MILEPOST_TRY_ASSIGN(auto saved,
                        save_as_next(*this, step, [&](RunCheckpoint next) -> Result<SavedCheckpoint> {
                            MILEPOST_TRY(milepost::save(next.path, checkpoint, asked));
                            return SavedCheckpoint{std::move(next), std::move(warnings)};
                        }));
    if (!options.durable) return saved;
    if (auto pruned = prune(options.limits)) {
        saved.warnings = *std::move(pruned);
    } else {
        saved.warnings.push_back(std::move(pruned).error());
    }
    return saved;
} catch (const std::bad_alloc&) {
    return out_of_memory();
}

Result<PendingCheckpoint> Run::save_async(AsyncSaver& saver, std::uint64_t step, const Checkpoint& checkpoint,
                                          const SaveOptions& options) const try {
    const SaveOptions asked = for_new_file(options);
    static_cast<void>(saver.wait());  // its file has its number now; its error is told by its handle
    return save_as_next(*this, step, [&](RunCheckpoint next) -> Result<PendingCheckpoint> {
        MILEPOST_TRY_ASSIGN(auto pending, saver.save_async(next.path, checkpoint, asked));
        return PendingCheckpoint{std::move(next), std::move(pending)};
    });
} catch (const std::bad_alloc&) {
    return out_of_memory();
}

Result<RunCheckpoint> Run::next(std::uint64_t step) const try {
    MILEPOST_TRY_ASSIGN(const auto opened, OpenFolder::open(folder_));
    MILEPOST_TRY_ASSIGN(const auto names, run::all_names(opened));
    const std::uint64_t largest = names.empty() ? 0 : names.front().number;
    if (largest == std::numeric_limits<std::uint64_t>::max()) {
        return Error(Condition::target,
                     message(core::printable(folder_), ": no checkpoint can be added: there is ",
                             "one with the largest number, ", largest));
    }
    return run::checkpoint_in(folder_, {largest + 1, step, false});
} catch (const std::bad_alloc&) {
    return out_of_memory();
}

Result<std::vector<RunCheckpoint>> Run::checkpoints() const try {
    MILEPOST_TRY_ASSIGN(const auto opened, OpenFolder::open(folder_));
    return run::complete_checkpoints(opened, folder_);
} catch (const std::bad_alloc&) {
    return out_of_memory();
}

}  // namespace milepost

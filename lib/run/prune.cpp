#include <algorithm>
#include <cmath>
#include <cstddef>
#include <new>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <milepost/error.hpp>
#include <milepost/options.hpp>
#include <milepost/reader.hpp>
#include <milepost/result.hpp>
#include <milepost/run.hpp>
#include <milepost/value.hpp>

#include "base/out_of_memory.hpp"
#include "platform/open_folder.hpp"
#include "run/checkpoint_name.hpp"
#include "run/listing.hpp"

namespace milepost {
namespace {

using platform::OpenFolder;

/// A checkpoint, and what its index tells.
struct Examined {
    RunCheckpoint checkpoint;
    std::optional<Error> error = {};   ///< why it cannot be opened
    std::optional<double> value = {};  ///< of KeepBest
    bool is_kept = false;
};

/// The value by which checkpoints are compared, if this one has it: an int or a float that is a number. Of an
/// int beyond 2^53, which not every double holds, the nearest one.
std::optional<double> value_of(const Reader& reader, const KeepBest& best) {
    const auto value = reader.value(best.value);
    if (!value) return std::nullopt;
    std::optional<double> number;
    if (value->kind() == Kind::floating) {
        if (const auto floating = value->as_double()) number = *floating;
    } else if (value->kind() == Kind::integer) {
        if (const auto integer = value->as_int()) number = static_cast<double>(*integer);
    }
    return number && !std::isnan(*number) ? number : std::nullopt;
}

/// Decides which checkpoints are kept, and removes the others.
class Pruning {
public:
    Pruning(const OpenFolder& folder, const RunOptions& options, const Limits& limits)
        : folder_(folder), options_(options), limits_(limits) {}

    std::vector<Error> run(std::vector<RunCheckpoint> newest_first) {
        for (RunCheckpoint& checkpoint : newest_first)
            examine(std::move(checkpoint));
        keep_newest();
        if (options_.keep_best) keep_best(*options_.keep_best);
        // The oldest first: a process that is killed here leaves the newer ones.
        for (auto examined = examined_.rbegin(); examined != examined_.rend(); ++examined)
            settle(*examined);
        return std::move(warnings_);
    }

private:
    void examine(RunCheckpoint checkpoint) {
        const OpenOptions options = {.access = Access::read, .limits = limits_};
        const auto reader = Reader::open(run::index_file(checkpoint), options);
        if (!reader && reader.error().condition() == Condition::file)
            return;  // another process has removed it
        Examined& examined = examined_.emplace_back(Examined{std::move(checkpoint)});
        if (!reader) {
            examined.error = reader.error();
        } else if (options_.keep_best) {
            examined.value = value_of(*reader, *options_.keep_best);
        }
    }

    void keep_newest() {
        unsigned whole = 0;
        for (Examined& examined : examined_) {
            examined.is_kept = whole < options_.keep;
            if (!examined.error) ++whole;
        }
    }

    /// Also keeps what cannot be opened and is not damaged: it may be one of the best.
    void keep_best(const KeepBest& best) {
        std::vector<Examined*> ranked;
        for (Examined& examined : examined_) {
            if (examined.value) ranked.push_back(&examined);
            if (examined.error && !run::is_damage(*examined.error)) examined.is_kept = true;
        }
        std::stable_sort(ranked.begin(), ranked.end(), [&](const Examined* a, const Examined* b) {
            return best.largest ? *a->value > *b->value : *a->value < *b->value;
        });
        ranked.resize(std::min<std::size_t>(ranked.size(), best.count));
        for (Examined* const examined : ranked)
            examined->is_kept = true;
    }

    void settle(const Examined& examined) {
        const auto& error = examined.error;
        if (examined.is_kept) {
            if (error && !run::is_damage(*error)) warnings_.push_back(error->within("kept, but not counted"));
            return;
        }
        const auto removed = remove(examined.checkpoint);
        if (!removed) {
            warnings_.push_back(removed.error());
        } else if (error) {
            warnings_.push_back(error->within("removed"));
        }
    }

    [[nodiscard]] Result<void> remove(const RunCheckpoint& checkpoint) const {
        const std::string name = run::name_of(checkpoint);
        return checkpoint.is_folder ? folder_.remove_folder(name, run::kLastFile) : folder_.remove_file(name);
    }

    const OpenFolder& folder_;
    const RunOptions& options_;
    const Limits& limits_;
    std::vector<Examined> examined_;
    std::vector<Error> warnings_;
};

bool is_file_of_checkpoint(std::string_view name) {
    const auto parsed = run::parse_name(name);
    return parsed && !parsed->is_folder;
}

}  // namespace

Result<std::vector<Error>> Run::prune(const Limits& limits) const try {
    MILEPOST_TRY_ASSIGN(const auto opened, OpenFolder::open(folder_));
    opened.sweep_orphans(is_file_of_checkpoint);
    MILEPOST_TRY_ASSIGN(auto checkpoints, run::complete_checkpoints(opened, folder_));
    return Pruning(opened, options_, limits).run(std::move(checkpoints));
} catch (const std::bad_alloc&) {
    return base::out_of_memory();
}

}  // namespace milepost

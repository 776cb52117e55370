#include "run/listing.hpp"

#include <algorithm>
#include <functional>
#include <string>
#include <vector>

#include <milepost/error.hpp>
#include <milepost/result.hpp>
#include <milepost/run.hpp>

#include "platform/open_folder.hpp"
#include "run/checkpoint_name.hpp"

namespace milepost::run {

RunCheckpoint checkpoint_in(const std::string& folder, const CheckpointName& name) {
    const std::string slash = folder.ends_with('/') ? "" : "/";
    return {folder + slash + to_text(name), name.number, name.step, name.is_folder};
}

std::string name_of(const RunCheckpoint& checkpoint) {
    return to_text({checkpoint.number, checkpoint.step, checkpoint.is_folder});
}

std::string index_file(const RunCheckpoint& checkpoint) {
    return checkpoint.is_folder ? checkpoint.path + "/" + kLastFile : checkpoint.path;
}

Result<std::vector<CheckpointName>> all_names(const platform::OpenFolder& folder) {
    MILEPOST_TRY_ASSIGN(const auto texts, folder.names());
    std::vector<CheckpointName> names;
    for (const std::string& text : texts) {
        if (const auto name = parse_name(text)) names.push_back(*name);
    }
    std::sort(names.begin(), names.end(), std::greater<>());
    return names;
}

Result<std::vector<RunCheckpoint>> complete_checkpoints(const platform::OpenFolder& folder,
                                                        const std::string& path) {
    MILEPOST_TRY_ASSIGN(const auto names, all_names(folder));
    std::vector<RunCheckpoint> complete;
    for (const CheckpointName& name : names) {
        bool is_complete = true;
        if (name.is_folder) {
            MILEPOST_TRY_ASSIGN(is_complete, folder.holds(to_text(name), kLastFile));
        }
        if (is_complete) complete.push_back(checkpoint_in(path, name));
    }
    return complete;
}

bool is_damage(const Error& error) noexcept {
    const Code code = error.code();
    return code == Code::corrupt || code == Code::truncated || code == Code::not_a_checkpoint;
}

}  // namespace milepost::run

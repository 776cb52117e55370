#include "convert/pytorch/write_format.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <milepost/checkpoint.hpp>
#include <milepost/convert.hpp>
#include <milepost/error.hpp>
#include <milepost/io.hpp>
#include <milepost/progress.hpp>
#include <milepost/result.hpp>
#include <milepost/tensor.hpp>
#include <milepost/text.hpp>
#include <milepost/value.hpp>
#include <milepost/walk.hpp>

#include "base/checked.hpp"
#include "base/message.hpp"
#include "convert/names.hpp"
#include "convert/objects/checkpoint_of.hpp"
#include "convert/pytorch/object_pickle.hpp"
#include "convert/pytorch/torch_values.hpp"
#include "convert/tensor_writer.hpp"
#include "convert/zip/archive_writer.hpp"

namespace milepost::convert::pytorch {
namespace {

using base::message;

/// The part that is the whole object, where the checkpoint is of one that is not a dict of parts.
std::string root_of(const Checkpoint& checkpoint) {
    const Value* value = checkpoint.values().find(kPythonRecord);
    const Dict* record = value == nullptr ? nullptr : value->get_if<Dict>();
    const Value* root = record == nullptr ? nullptr : record->find("root");
    return root == nullptr ? std::string() : root->as_string().value_or("");
}

template <class Parts>
bool has_part(const Parts& parts, std::string_view name) {
    for (const auto& part : parts) {
        if (part.first == name) return true;
    }
    return false;
}

/// Other parts than the root, if there is such a part: of files that had more than their tensors.
void find_lost_parts(const Checkpoint& checkpoint, std::vector<Loss>& losses) {
    const std::string root = root_of(checkpoint);
    const bool has_root = has_part(checkpoint.models(), root) || has_part(checkpoint.optimizers(), root) ||
                          checkpoint.values().find(root) != nullptr;
    if (!has_root) return;
    const auto lose = [&](const std::string& name) {
        if (name != root && name != kPythonRecord)
            losses.push_back({name, message("the object of the checkpoint is ", root, "; left out")});
    };
    for (const auto& part : checkpoint.models())
        lose(part.first);
    for (const auto& part : checkpoint.optimizers())
        lose(part.first);
    for (const auto& part : checkpoint.values())
        lose(part.first);
}

bool judge(const std::string& path, const Value& value, std::vector<Loss>& losses) {
    if (const std::string_view why = why_not_held(value); !why.empty()) {
        losses.push_back({path, message(why, "; written as None")});
        return false;
    }
    if (const std::string_view what = what_changes(value); !what.empty())
        losses.push_back({path, std::string(what)});
    return true;
}

/// Whether a tensor can be written at all.
std::optional<Error> find_broken_tensor(const Checkpoint& checkpoint) {
    std::optional<Error> error;
    walk_tensors(checkpoint, [&](const std::string& path, const TensorView& tensor) {
        if (error) return;
        if (const auto whole = tensor.slice({}); !whole) error = whole.error().within(escape(path, 120));
    });
    return error;
}

/// As torch.save calls it: the name of the file, up to its last dot.
std::string folder_of(std::string_view path) {
    const std::string_view file = path.substr(path.find_last_of('/') + 1);
    const std::string_view name = file.substr(0, file.find_last_of('.'));
    return name.empty() || !is_utf8(name) ? "archive" : std::string(name);
}

Result<void> write_entry(ArchiveWriter& archive, const std::string& name, std::string_view content) {
    MILEPOST_TRY(archive.begin(name, content.size()));
    MILEPOST_TRY(archive.write(std::as_bytes(std::span(content))));
    return archive.end();
}

}  // namespace

std::vector<Loss> find_losses(const Checkpoint& checkpoint) {
    std::vector<Loss> losses;
    const auto visit = [&](const std::string& path, const Value& value) {
        return path == kPythonRecord ? false : judge(path, value, losses);
    };
    walk(checkpoint, visit);
    Checkpoint metadata;  // of models, which walk() does not visit
    for (const auto& [name, model] : checkpoint.models()) {
        if (!model.metadata.is_null()) metadata.values()[message(name, "/_metadata")] = model.metadata;
    }
    walk(std::as_const(metadata), visit);
    for (const auto& [name, optimizer] : checkpoint.optimizers()) {
        if (!optimizer.algorithm.empty()) {
            losses.push_back(
                {name, message("the name of its algorithm, ", optimizer.algorithm, "; left out")});
        }
    }
    find_lost_parts(checkpoint, losses);
    return losses;
}

Result<void> write_pytorch(Sink& sink, std::string_view folder, const Checkpoint& checkpoint,
                           const ProgressCallback& progress) {
    if (auto error = find_broken_tensor(checkpoint)) return *std::move(error);
    const ObjectPickle object = pickle_of(objects::object_of(checkpoint));
    std::uint64_t total = 0;
    for (const StorageView& storage : object.storages) {
        if (!base::checked_add(total, storage.nbytes(), total))
            return Error(Condition::layout, "the storages are larger than any file");
    }
    MILEPOST_TRY(sink.reserve(total));
    ArchiveWriter archive(sink);
    TensorWriter writer([&archive](std::span<const std::byte> bytes) { return archive.write(bytes); },
                        progress, total);
    MILEPOST_TRY(write_entry(archive, message(folder, "/data.pkl"), object.pickle));
    MILEPOST_TRY(write_entry(archive, message(folder, "/byteorder"), "little"));
    for (std::size_t i = 0; i < object.storages.size(); ++i) {
        const StorageView& storage = object.storages[i];
        MILEPOST_TRY(archive.begin(message(folder, "/data/", i), storage.nbytes()));
        MILEPOST_TRY(writer.write(storage, 0, storage.nbytes()));
        MILEPOST_TRY(archive.end());
    }
    MILEPOST_TRY(write_entry(archive, message(folder, "/version"), "3\n"));
    MILEPOST_TRY(archive.finish());
    return sink.commit();
}

Result<std::string> write_pytorch(const std::string& path, const Checkpoint& checkpoint,
                                  const ExportOptions& options) {
    MILEPOST_TRY_ASSIGN(const auto sink, open_sink(path, options.save));
    MILEPOST_TRY(write_pytorch(*sink, folder_of(path), checkpoint, options.save.progress));
    return path;
}

}  // namespace milepost::convert::pytorch

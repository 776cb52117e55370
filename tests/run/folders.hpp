#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <milepost/milepost.hpp>

#include "support/samples.hpp"
#include "support/scratch.hpp"

/// Runs in scratch folders. What cannot be done ends the test.
namespace milepost::testing {

/// A checkpoint with a tensor, the value `step` and, if given, `loss`.
inline Checkpoint checkpoint_of(std::int64_t step, Value loss = {}) {
    Checkpoint checkpoint;
    checkpoint.model("model")["weight"] = TensorView::of(six_floats(), {6});
    checkpoint.values()["step"] = step;
    if (!loss.is_null()) checkpoint.values()["loss"] = std::move(loss);
    return checkpoint;
}

/// Options for where nothing depends on the disk.
inline SaveOptions quick() {
    return {.durable = false};
}

/// Saves a checkpoint and does not prune. Returns its path.
inline std::string save_quickly(const Run& run, std::uint64_t step, Value loss = {}) {
    const auto checkpoint = checkpoint_of(static_cast<std::int64_t>(step), std::move(loss));
    return run.save(step, checkpoint, quick()).value().checkpoint.path;
}

inline void make_folder(const std::string& path) {
    std::filesystem::create_directory(path);
}

/// A distributed checkpoint as Python writes it; without its last file if it is not complete.
inline std::string make_distributed(const std::string& path, bool complete = true, Value loss = {}) {
    make_folder(path);
    write_file(path + "/0.milepost", "the tensors of one process");
    write_file(path + "/1.milepost", "and those of another one");
    if (complete) {
        save(path + "/checkpoint.milepost", checkpoint_of(0, std::move(loss)), quick()).value();
    }
    return path;
}

/// Changes a byte of the only tensor.
inline void damage_tensor(const std::string& path) {
    std::string bytes = read_file(path);
    bytes[64] = static_cast<char>(bytes[64] ^ 1);
    write_file(path, bytes);
}
/// Removes the end, and so the footers.
inline void cut(const std::string& path) {
    const std::string bytes = read_file(path);
    write_file(path, std::string_view(bytes).substr(0, bytes.size() / 2));
}

/// The words of their conditions: "write open".
inline std::string words(const std::vector<Error>& errors) {
    std::string words;
    for (const Error& error : errors)
        words.append(words.empty() ? "" : " ").append(name(error.condition()));
    return words;
}

}  // namespace milepost::testing

#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <milepost/convert.hpp>
#include <milepost/milepost.hpp>

#include "assertions.hpp"
#include "convert/import_input.hpp"
#include "support/same.hpp"

/// What holds for all formats of named tensors.
namespace milepost::fuzz {

using FileBytes = std::vector<std::byte>;
using Import = Result<Checkpoint> (*)(const convert::ImportInput& input);
using Export = Result<void> (*)(Sink& sink, const Checkpoint& checkpoint, const ExportOptions& options);

/// Larger tensors, which a small deflated member can have, are read in part.
inline constexpr std::uint64_t kMaxTensorNbytes = std::uint64_t{1} << 20U;

/// Reads a file, and asserts that its structure took memory in proportion to it. The path is that of no file.
inline Result<Checkpoint> import_bytes(Import import, std::span<const std::byte> bytes, Limits limits) {
    constexpr std::uint64_t kMaxDecodedBytes = std::uint64_t{1} << 20U,
                            kOtherNbytes = std::uint64_t{1} << 20U;
    limits.max_decoded_bytes = kMaxDecodedBytes;
    const std::string path = "/nowhere/x";
    const auto source = std::make_shared<MemorySource>(bytes);
    ImportOptions options;
    options.limits = limits;
    const MemoryWatch watch;
    auto read = import({path, source, bytes.size(), options});
    require(watch.peak() <= kMaxDecodedBytes + 8 * bytes.size() + kOtherNbytes,
            "memory is within the limits");
    if (!read) check_error(read.error());
    return read;
}

/// The bytes of a tensor, or the error, which is one of damage.
inline Result<FileBytes> content_of(const TensorView& tensor) {
    FileBytes content(static_cast<std::size_t>(std::min(tensor.nbytes(), kMaxTensorNbytes)));
    const auto read = tensor.nbytes() <= kMaxTensorNbytes
                          ? tensor.copy_to(content)
                          : tensor.storage().read(tensor.storage().nbytes() - content.size(), content);
    if (read) return content;
    check_error(read.error());
    require(read.error().code() == Code::corrupt, "a tensor's bytes fail only for damage");
    return read.error();
}

inline bool same_tensor(const TensorView& a, const TensorView& b) {
    const auto left = content_of(a), right = content_of(b);
    return left && right && *left == *right && a.dtype() == b.dtype() && a.shape() == b.shape();
}

/// Reads all tensors. Whether they are whole.
inline bool read_tensors(const Checkpoint& checkpoint) {
    bool is_whole = true;
    for (const auto& [name, value] : checkpoint.models()[0].second) {
        const TensorView& tensor = *value.get_if<TensorView>();
        require(tensor.check_layout().has_value(), "every tensor fits its storage");
        is_whole = content_of(tensor).has_value() && is_whole;
    }
    return is_whole;
}

/// Saves and loads what was read; nothing if it is not whole. What was loaded borrows from the sink.
inline std::optional<Checkpoint> save_and_load(const Checkpoint& checkpoint, bool is_whole, unsigned threads,
                                               MemorySink& sink) {
    const auto saved = save(sink, checkpoint, {.threads = threads});
    require(saved.has_value() == is_whole, "what was read can be saved exactly if it is whole");
    if (!saved) {
        check_error(saved.error());
        return std::nullopt;
    }
    const auto reader = Reader::open(std::make_shared<MemorySource>(sink.bytes()), {.threads = 1});
    require(reader.has_value(), "what was saved can be opened");
    const auto loaded = reader->checkpoint();
    require(loaded && testing::same(checkpoint, *loaded, same_tensor), "nothing changes in a checkpoint");
    return *loaded;
}

/// Saves and loads what was read, and, if all of it is whole, writes it in its own format.
inline void examine_checkpoint(const Checkpoint& checkpoint, Import import, Export write) {
    const bool is_whole = read_tensors(checkpoint);
    for (const auto& [name, value] : checkpoint.models()[0].second) {
        if (value.get_if<TensorView>()->nbytes() > kMaxTensorNbytes) return;
    }
    MemorySink sink, file, again;
    const auto loaded = save_and_load(checkpoint, is_whole, 1, sink);
    if (!loaded) return;
    require(write(file, *loaded, {}).has_value(), "what was read can be written");
    const auto read = import_bytes(import, file.bytes(), {});
    require(read.has_value(), "what was written can be read");
    for (const auto& [name, value] : checkpoint.models()[0].second) {
        const Value* back = read->models()[0].second.find(name);
        require(back != nullptr && same_tensor(*value.get_if<TensorView>(), *back->get_if<TensorView>()),
                "every tensor comes back");
    }
    require(write(again, *read, {}).has_value() && again.bytes() == file.bytes(),
            "a file that was written is written again");
}

inline void examine_import(std::span<const std::byte> bytes, Import import, Export write) {
    const auto read = import_bytes(import, bytes, default_limits());
    check_same_outcome(read, import_bytes(import, bytes, default_limits()), "the same answer twice");
    const auto tight = import_bytes(import, bytes, tight_limits());
    require(read || !tight, "what passes tight limits passes the defaults");
    if (read) examine_checkpoint(*read, import, write);
}

}  // namespace milepost::fuzz

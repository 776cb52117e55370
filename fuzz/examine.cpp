#include "examine.hpp"

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include <milepost/milepost.hpp>

#include "assertions.hpp"
#include "core/layout.hpp"
#include "mapped_file.hpp"
#include "support/same.hpp"

namespace milepost::fuzz {
namespace {

using testing::same;
using testing::same_form;

/// Larger tensors are not copied, more of them not touched: an input shall take no seconds.
constexpr std::uint64_t kMaxCopyNbytes = std::uint64_t{64} << 10U;
constexpr std::size_t kMaxTensors = 48;

Result<Reader> open(std::span<const std::byte> file, const Limits& limits,
                    Check check = Check::first_access) {
    return Reader::open(std::make_shared<MemorySource>(file),
                        {.check = check, .threads = 1, .limits = limits});
}

/// Of one file and one storage; views of two readers of the same bytes are told apart by nothing else.
bool same_place(const TensorView& a, const TensorView& b) {
    return same_form(a, b) && a.storage().index() == b.storage().index() && a.index() == b.index() &&
           a.name() == b.name();
}

/// What TensorView::bytes and copy_to may answer for a file's tensor.
void check_data_error(const Error& error, bool strided) {
    check_error(error);
    const Condition condition = error.condition();
    require((strided && condition == Condition::layout) || condition == Condition::total_bytes ||
                condition == Condition::chunk_checksum || condition == Condition::codec_frame ||
                condition == Condition::codec_size || condition == Condition::content_checksum,
            "a tensor's bytes fail only for damage or a limit");
}

/// Returns whether all that was asked for could be read.
bool touch_tensor(const TensorView& tensor) {
    const auto layout = tensor.check_layout();
    require(layout.has_value(), "every tensor of an open file fits its storage");
    const auto bytes = tensor.bytes();
    bool readable = bytes.has_value();
    if (bytes) {
        require(tensor.is_contiguous() && bytes->size() == tensor.nbytes(), "bytes() has nbytes() bytes");
    } else {
        check_data_error(bytes.error(), !tensor.is_contiguous());
        readable = bytes.error().condition() == Condition::layout ||
                   bytes.error().condition() == Condition::total_bytes;
    }
    if (const auto floats = tensor.as<float>(); !floats) check_error(floats.error());
    if (tensor.nbytes() > kMaxCopyNbytes) {
        const auto refused = tensor.load(kMaxCopyNbytes);
        require(!refused && refused.error().condition() == Condition::total_bytes,
                "a copy beyond the caller's limit is refused");
        return readable;
    }
    const auto loaded = tensor.load();
    if (!loaded) {
        check_data_error(loaded.error(), false);
        return readable && loaded.error().condition() == Condition::total_bytes;
    }
    const auto copy = loaded->bytes();
    require(!bytes || std::equal(copy.begin(), copy.end(), bytes->begin(), bytes->end()),
            "bytes() and load() give the same");
    return readable;
}

bool touch_tensors(const Reader& reader) {
    const std::vector<TensorView> tensors = reader.tensors();
    bool readable = true;
    for (std::uint32_t i = 0; i < std::min(tensors.size(), kMaxTensors); ++i) {
        require(tensors[i].index() == i, "tensors() is in the order of the file");
        readable = touch_tensor(tensors[i]) && readable;
    }
    for (std::uint32_t i = 0; i < std::min<std::size_t>(tensors.size(), 4); ++i) {
        const std::string path = reader.tensor_path(i);
        require(!path.empty() && reader.tensor(path).has_value(), "a tensor is found by its path");
    }
    const auto none = reader.tensor("no such/tensor");
    if (!none) check_error(none.error());
    return readable;
}

/// All tensors at once, in memory of the caller and in that of load_all: the same bytes, and the same damage.
/// `whole`: no chunk is damaged.
void check_loading_at_once(const Reader& reader, bool whole) {
    const auto loaded = load_all(reader, {.threads = 1, .max_total_bytes = kMaxCopyNbytes});
    if (!loaded) check_data_error(loaded.error(), false);
    require(loaded ? whole : !whole || loaded.error().condition() == Condition::total_bytes,
            "load_all fails exactly for damaged chunks and the limit");
    if (loaded) {
        const auto same_bytes = [](const TensorView& a, const TensorView& b) {
            if (!same_form(a, b)) return false;
            if (a.nbytes() > kMaxCopyNbytes) return true;
            const auto left = a.load(), right = b.load();
            return left && right &&
                   std::equal(left->bytes().begin(), left->bytes().end(), right->bytes().begin());
        };
        require(same(*loaded, *reader.checkpoint(), same_bytes), "load_all gives what checkpoint() does");
    }
    ReadPlan plan(reader);
    std::vector<std::vector<std::byte>> memory;
    std::vector<TensorView> planned;
    for (const TensorView& tensor : reader.tensors()) {
        if (planned.size() == kMaxTensors) break;
        if (tensor.nbytes() > kMaxCopyNbytes / kMaxTensors) continue;
        memory.emplace_back(static_cast<std::size_t>(tensor.nbytes()));
        planned.push_back(tensor);
        require(plan.add(tensor, memory.back()).has_value(), "every tensor of an open file can be planned");
    }
    const auto read = plan.read({.threads = 1});
    if (!read) check_data_error(read.error(), false);
    require(!whole || read || read.error().condition() == Condition::total_bytes,
            "what verifies can be read at once");
    for (std::size_t i = 0; i < planned.size() && read; ++i) {
        const auto one = planned[i].load();
        require(
            one && std::equal(memory[i].begin(), memory[i].end(), one->bytes().begin(), one->bytes().end()),
            "a plan and load() give the same");
    }
}

/// All parts together and each by its name are the same.
void touch_parts(const Reader& reader) {
    const Checkpoint all = *reader.checkpoint();
    require(all.models().size() == reader.models().size() &&
                all.optimizers().size() == reader.optimizers().size() &&
                all.values().size() == reader.values().size(),
            "checkpoint() has every part");
    for (const auto& [name, part] : all.models()) {
        const auto model = reader.model(name);
        require(model && same(*model, part, same_place), "model() is that of checkpoint()");
        for (const TensorView& tensor : reader.tensors(name)) {
            const auto found = reader.tensor(name, tensor.name());
            require(found && same_place(*found, tensor), "a model's tensor is found by its name");
        }
    }
    for (const auto& [name, part] : all.optimizers()) {
        const auto optimizer = reader.optimizer(name);
        require(optimizer && same(*optimizer, part, same_place), "optimizer() is that of checkpoint()");
    }
    for (const auto& [name, part] : all.values()) {
        const auto value = reader.value(name);
        require(value && same(*value, part, same_place), "value() is that of checkpoint()");
    }
}

/// Section 4, from the outside: ascending, disjoint, aligned, between the header and the second pair.
void check_storages(const Reader& reader) {
    std::uint64_t end = 64;
    for (const StorageInfo& storage : reader.storages()) {
        if (storage.nbytes == 0) {
            require(storage.offset == 0 && storage.chunks == 0,
                    "an empty storage has neither an offset nor chunks");
            continue;
        }
        require(storage.offset >= end && storage.offset % reader.alignment() == 0 &&
                    storage.stored_nbytes <= reader.file_size() - storage.offset,
                "storages ascend within the file, aligned and apart");
        end = storage.offset + storage.stored_nbytes;
    }
}

VerifyReport check_verify(const Reader& reader) {
    auto report = verify(reader, {.threads = 1});
    require(report.has_value(), "verify() of bytes in memory does not fail");
    std::uint64_t last = 0;
    for (const Damage& damage : report->damage) {
        check_error(damage.error);
        require(damage.error.code() == Code::corrupt && last <= damage.begin && damage.begin < damage.end &&
                    damage.end <= reader.file_size(),
                "damage is a range of the file, and the list in its order");
        last = damage.begin;
    }
    return *std::move(report);
}

/// Whether a save of the checkpoint would number the storages as the file does, and store all as it does.
bool is_savers_own(const Reader& reader) {
    std::uint32_t next = 0;
    for (const TensorView& tensor : reader.tensors()) {
        const std::uint32_t number = tensor.storage().index().value();
        if (number > next) return false;
        if (number == next) ++next;
    }
    const auto storages = reader.storages();
    return reader.unknown_optional_flags() == 0 &&
           std::all_of(storages.begin(), storages.end(),
                       [](const StorageInfo& storage) { return storage.codec == Codec::raw; });
}

/// Accepted and verified: what is loaded can be saved, and gives the same file.
void check_saved_again(const Reader& reader, std::span<const std::byte> file) {
    MemorySink sink;
    const auto saved = save(sink, *reader.checkpoint(), {.threads = 1, .alignment = reader.alignment()});
    if (!saved) check_error(saved.error());
    require(saved.has_value() && sink.committed(), "what was loaded can be saved");
    require(!is_savers_own(reader) ||
                std::equal(file.begin(), file.end(), sink.bytes().begin(), sink.bytes().end()),
            "load and save give the same bytes");
    const auto again = open(sink.bytes(), default_limits());
    require(again.has_value(), "what was saved can be opened");
    const auto same_storages = [](const StorageInfo& a, const StorageInfo& b) {
        return a.nbytes == b.nbytes && a.content_hash == b.content_hash;
    };
    const auto before = reader.storages(), after = again->storages();
    require(!is_savers_own(reader) ||
                std::equal(before.begin(), before.end(), after.begin(), after.end(), same_storages),
            "content hashes stay");
}

void check_mapped(const Reader& reader, const VerifyReport& report, std::span<const std::byte> file) {
    const MappedFile on_disk(file);
    const auto mapped =
        Reader::open(on_disk.path(), {.access = Access::mapped, .threads = 1, .limits = default_limits()});
    if (!mapped) check_error(mapped.error());
    require(mapped.has_value() && mapped->access() == Access::mapped, "what can be read can be mapped");
    const auto read_tensors = reader.tensors(), mapped_tensors = mapped->tensors();
    require(std::equal(read_tensors.begin(), read_tensors.end(), mapped_tensors.begin(), mapped_tensors.end(),
                       same_place),
            "the same tensors are mapped and read");
    for (std::size_t i = 0; i < std::min(read_tensors.size(), kMaxTensors); ++i) {
        const auto read = read_tensors[i].bytes(), seen = mapped_tensors[i].bytes();
        if (!read || !seen) {
            const bool limited = !read && read.error().condition() == Condition::total_bytes;
            require(limited || (!read && !seen && read.error().condition() == seen.error().condition()),
                    "mapped and read fail alike");
            continue;
        }
        require(std::equal(read->begin(), read->end(), seen->begin(), seen->end()),
                "the same bytes are mapped and read");
    }
    const auto same_damage = [](const Damage& a, const Damage& b) {
        return a.error.condition() == b.error.condition() && a.error.message() == b.error.message() &&
               a.begin == b.begin && a.end == b.end && a.tensors == b.tensors &&
               a.tensor_count == b.tensor_count;
    };
    const VerifyReport other = check_verify(*mapped);
    require(std::equal(report.damage.begin(), report.damage.end(), other.damage.begin(), other.damage.end(),
                       same_damage),
            "verify() returns the same mapped and read");
}

void examine_reader(const Reader& reader, std::span<const std::byte> file) {
    require(reader.file_size() == file.size(), "an open file has the size of its bytes");
    for (const Error& warning : reader.warnings())
        check_error(warning);
    check_storages(reader);
    touch_parts(reader);
    const bool readable = touch_tensors(reader);
    const VerifyReport report = check_verify(reader);
    const bool whole = std::none_of(report.damage.begin(), report.damage.end(),
                                    [](const Damage& damage) { return damage.storage.has_value(); });
    require(!whole || readable, "what verifies can be read");
    check_loading_at_once(reader, whole);
    const auto checked = open(file, default_limits(), Check::at_open);
    require(checked.has_value() == whole, "opening with all checks fails exactly for damaged chunks");
    if (!checked) check_error(checked.error());
    check_mapped(reader, report, file);
    if (report.ok()) check_saved_again(reader, file);
}

}  // namespace

void examine(std::span<const std::byte> file) {
    const MemoryWatch watch;
    const auto reader = open(file, default_limits());
    require(watch.peak() <= 4 * file.size() + (std::uint64_t{1} << 20U),
            "opening takes at most 4 times the file and 1 MiB");
    check_same_outcome(reader, open(file, default_limits()), "the same bytes give the same answer");
    const auto tight = open(file, tight_limits());
    check_same_outcome(tight, open(file, tight_limits()), "the same bytes and limits give the same answer");
    require(!tight || reader, "what passes tight limits passes the defaults");
    require(tight || !reader || tight.error().code() == Code::limit_exceeded,
            "tighter limits refuse for no other reason");
    if (reader) examine_reader(*reader, file);
}

}  // namespace milepost::fuzz

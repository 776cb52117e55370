#include <algorithm>

#include "base/checked.hpp"
#include "base/message.hpp"
#include "codec/codec.hpp"
#include "format/chunks.hpp"
#include "format/frame.hpp"
#include "format/rules.hpp"

namespace milepost::format::rules {
namespace {

using base::message;

constexpr std::uint64_t kMaxStorageNbytes = std::uint64_t{1} << 62U;
constexpr std::uint64_t kMaxTotalNbytes = std::uint64_t{1} << 63U;
/// zstd cannot do better: a block of at most 128 KiB takes at least 4 bytes. Section 6.5, rule 35.
constexpr std::uint64_t kMaxRatio = 32'768, kRatioSlack = 131'072;

Verdict size_fault(std::string_view what, std::uint64_t expected, std::uint64_t found) {
    return Error(Condition::storage_size,
                 message("index: ", what, " expected ", expected, ", found ", found));
}

/// Calls `judge(storage, chunk, raw size, stored size)` for each chunk that has a stored size; stops at the
/// first verdict.
template <class Judge>
Verdict for_each_stored_size(const Context& context, Judge judge) {
    if (context.index.stored_nbytes.empty()) return std::nullopt;
    std::size_t next = 0;
    for (std::size_t i = 0; i < context.index.storages.size(); ++i) {
        const StorageRecord& storage = context.index.storages[i];
        if (!codec::is_compressing(storage.codec)) continue;
        for (std::uint32_t chunk = 0; chunk < context.outline.storages[i].chunks; ++chunk) {
            const std::uint64_t raw = chunk_raw_nbytes(storage.nbytes, chunk);
            if (Verdict broken = judge(i, chunk, raw, std::uint64_t{context.index.stored_nbytes[next++]}))
                return broken;
        }
    }
    return std::nullopt;
}

/// Fills the outline's storages as if all were stored raw.
Verdict count_chunks(Context& context) {
    const Index& index = context.index;
    std::uint64_t total_nbytes = 0, chunks = 0, sized = 0;
    context.outline.storages.resize(index.storages.size());
    for (std::size_t i = 0; i < index.storages.size(); ++i) {
        const StorageRecord& storage = index.storages[i];
        if (storage.nbytes >= kMaxStorageNbytes ||
            !base::checked_add(total_nbytes, storage.nbytes, total_nbytes) ||
            total_nbytes >= kMaxTotalNbytes) {
            return Error(Condition::storage_size,
                         message("index: storage ", i, " of ", storage.nbytes, " bytes is too large"));
        }
        if (storage.nbytes == 0 && storage.offset != 0)
            return size_fault("offset of an empty storage", 0, storage.offset);
        StorageStart& start = context.outline.storages[i];
        start.stored_nbytes = storage.nbytes;
        start.chunks = static_cast<std::uint32_t>(chunk_count(storage.nbytes));
        start.stored_checksum = static_cast<std::uint32_t>(chunks);
        start.stored_nbytes_first = static_cast<std::uint32_t>(sized);
        chunks += chunk_count(storage.nbytes);
        if (codec::is_compressing(storage.codec)) sized += chunk_count(storage.nbytes);
    }
    if (chunks != index.stored_checksums.size())
        return size_fault("stored_checksums", chunks, index.stored_checksums.size());
    if (sized != index.stored_nbytes.size())
        return size_fault("stored_nbytes", sized, index.stored_nbytes.size());
    return std::nullopt;
}

/// Calls `judge(storage, earliest offset, offset)` for each storage with bytes: the least offset that section
/// 4 allows.
template <class Judge>
Verdict for_each_place(const Context& context, Judge judge) {
    std::uint64_t end = kHeadNbytes;
    for (std::size_t i = 0; i < context.index.storages.size(); ++i) {
        const StorageRecord& storage = context.index.storages[i];
        if (storage.nbytes == 0) continue;
        std::uint64_t begin = 0;
        if (!storage_begin(end, storage.nbytes, context.surroundings.alignment, begin)) begin = UINT64_MAX;
        if (Verdict broken = judge(i, end, begin)) return broken;
        end = storage.offset + context.outline.storages[i].stored_nbytes;  // within the file: rule 37
    }
    return std::nullopt;
}

Verdict within_file(const Context& context) {
    for (std::size_t i = 0; i < context.index.storages.size(); ++i) {
        const StorageRecord& storage = context.index.storages[i];
        const std::uint64_t nbytes = context.outline.storages[i].stored_nbytes;
        if (base::range_within(storage.offset, nbytes, context.surroundings.index_offset)) continue;
        return Error(Condition::storage_range,
                     message("index: storage ", i, " at ", storage.offset, " has ", nbytes,
                             " bytes, the index is at ", context.surroundings.index_offset));
    }
    return std::nullopt;
}

Verdict aligned(const Context& context) {
    for (std::size_t i = 0; i < context.index.storages.size(); ++i) {
        const StorageRecord& storage = context.index.storages[i];
        std::uint64_t begin = 0;
        if (storage.nbytes == 0 ||
            (storage_begin(storage.offset, storage.nbytes, context.surroundings.alignment, begin) &&
             begin == storage.offset)) {
            continue;
        }
        return Error(Condition::storage_alignment,
                     message("index: storage ", i, " at ", storage.offset, " is not aligned"));
    }
    return std::nullopt;
}

Verdict without_overlap(const Context& context) {
    return for_each_place(context, [&](auto i, auto end, auto) -> Verdict {
        const std::uint64_t offset = context.index.storages[i].offset;
        if (offset >= end) return std::nullopt;
        return Error(Condition::storage_overlap,
                     message("index: storage ", i, " at ", offset, " begins before ", end,
                             ", where the one before it ends"));
    });
}

Verdict without_gap(const Context& context) {
    std::uint64_t last = kHeadNbytes;
    auto broken = for_each_place(context, [&](auto i, auto, auto begin) -> Verdict {
        const std::uint64_t offset = context.index.storages[i].offset;
        last = offset + context.outline.storages[i].stored_nbytes;
        if (offset == begin) return std::nullopt;
        return Error(Condition::storage_gap,
                     message("index: storage ", i, " expected at ", begin, ", found at ", offset));
    });
    if (broken) return broken;
    const std::uint64_t expected = base::align_up(last, kLeastAlignment);
    if (context.surroundings.index_offset == expected) return std::nullopt;
    return Error(Condition::storage_gap,
                 message("footer: index expected at ", expected, ", behind the last storage, found at ",
                         context.surroundings.index_offset));
}

/// Everything exactly where it belongs: then none of the four rules before can be broken.
bool all_in_place(const Context& context) noexcept {
    const std::uint64_t index_offset = context.surroundings.index_offset;
    std::uint64_t end = kHeadNbytes;
    for (std::size_t i = 0; i < context.index.storages.size(); ++i) {
        const StorageRecord& storage = context.index.storages[i];
        if (storage.nbytes == 0) continue;
        std::uint64_t begin = 0;
        const bool fits = storage_begin(end, storage.nbytes, context.surroundings.alignment, begin) &&
                          begin == storage.offset &&
                          base::checked_add(begin, context.outline.storages[i].stored_nbytes, end) &&
                          end <= index_offset;
        if (!fits) return false;
    }
    return base::align_up(end, kLeastAlignment) == index_offset;
}

/// No codec of a column can be above the OR of all.
bool all_known_up_to(std::uint8_t greatest) noexcept {
    for (unsigned code = 0; code <= greatest; ++code) {
        if (codec::find_codec(static_cast<std::uint8_t>(code)) == nullptr) return false;
    }
    return true;
}

}  // namespace

Verdict codecs_are_known(Context& context) {
    const auto storages = context.index.storages;
    auto is_known = [](const StorageRecord& storage) { return codec::find_codec(storage.codec) != nullptr; };
    if (all_known_up_to(context.survey.storages.codec)) return std::nullopt;
    const auto bad = first_bad(storages, is_known);
    if (!bad) return std::nullopt;
    return Error(Condition::codec, message("index: storage ", *bad, " has codec ", storages[*bad].codec,
                                           "; get a newer library"));
}

Verdict codec_parameters_fit(Context& context) {
    const auto storages = context.index.storages;
    auto is_zero = [](const StorageRecord& storage) { return storage.codec_parameter == 0; };
    if (is_zero(context.survey.storages)) return std::nullopt;
    const auto bad = first_bad(storages, is_zero);
    return Error(Condition::codec_parameters,
                 message("index: storage ", *bad, ": codec_parameter expected 0, found ",
                         storages[*bad].codec_parameter));
}

Verdict storage_sums_match(Context& context) {
    if (auto broken = count_chunks(context)) return broken;
    const Index& index = context.index;
    std::uint64_t compressed = 0;
    for (std::size_t i = 0; i < index.storages.size() && !index.stored_nbytes.empty(); ++i) {
        const StorageRecord& storage = index.storages[i];
        StorageStart& start = context.outline.storages[i];
        start.raw_checksum = static_cast<std::uint32_t>(compressed);
        if (!codec::is_compressing(storage.codec)) continue;
        start.stored_nbytes = 0;
        for (std::uint32_t chunk = 0; chunk < start.chunks; ++chunk) {
            const std::uint64_t stored = index.stored_nbytes[start.stored_nbytes_first + std::size_t{chunk}];
            if (stored < chunk_raw_nbytes(storage.nbytes, chunk)) ++compressed;
            start.stored_nbytes = base::align_up(start.stored_nbytes, kChunkAlignment) + stored;
        }
    }
    if (compressed == index.raw_checksums.size()) return std::nullopt;
    return size_fault("raw_checksums", compressed, index.raw_checksums.size());
}

Verdict chunk_sizes_fit(Context& context) {
    return for_each_stored_size(context, [](auto storage, auto chunk, auto raw, auto stored) -> Verdict {
        if (stored >= 1 && stored <= raw) return std::nullopt;
        return Error(Condition::chunk_size, message("index: storage ", storage, " chunk ", chunk,
                                                    ": stored size expected 1 to ", raw, ", found ", stored));
    });
}

Verdict chunk_ratios_fit(Context& context) {
    return for_each_stored_size(context, [](auto storage, auto chunk, auto raw, auto stored) -> Verdict {
        if (raw <= kMaxRatio * stored + kRatioSlack) return std::nullopt;
        return Error(Condition::ratio, message("index: storage ", storage, " chunk ", chunk, ": ", stored,
                                               " bytes cannot stand for ", raw));
    });
}

Verdict storages_are_viewed(Context& context) {
    std::vector<std::uint8_t> viewed(context.index.storages.size());
    for (const TensorRecord& tensor : context.index.tensors)
        viewed[tensor.storage] = 1;
    const auto unused = first_bad(viewed, [](std::uint8_t is_viewed) { return is_viewed != 0; });
    if (!unused) return std::nullopt;
    return Error(Condition::storage_unused, message("index: storage ", *unused, " is viewed by no tensor"));
}

Verdict storages_in_place(Context& context) {
    if (all_in_place(context)) return std::nullopt;
    for (const auto rule : {within_file, aligned, without_overlap, without_gap}) {
        if (Verdict broken = rule(context)) return broken;
    }
    return std::nullopt;
}

}  // namespace milepost::format::rules

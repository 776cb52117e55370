#include <algorithm>

#include "base/checked.hpp"
#include "base/message.hpp"
#include "codec/codec.hpp"
#include "format/chunks.hpp"
#include "format/file_layout.hpp"
#include "format/rules.hpp"

namespace milepost::format::rules {
namespace {

using base::message;

constexpr std::uint64_t kMaxStorageNbytes = std::uint64_t{1} << 62U;
constexpr std::uint64_t kMaxTotalNbytes = std::uint64_t{1} << 63U;
/// zstd cannot do better: a block of at most 128 KiB takes at least 4 bytes. Section 6.5, rule 35.
constexpr std::uint64_t kMaxRatio = 32'768, kRatioSlack = 131'072;

RuleResult size_fault(std::string_view what, std::uint64_t expected, std::uint64_t found) {
    return Error(Condition::storage_size,
                 message("index: ", what, " expected ", expected, ", found ", found));
}

std::uint64_t nbytes_of(const Context& context, std::size_t storage) noexcept {
    return context.offsets.storage_nbytes(context.index, storage);
}

/// Calls `judge(storage, chunk, raw size, stored size)` for each chunk that has a stored size; stops at the
/// first verdict.
template <class Judge>
RuleResult for_each_stored_size(const Context& context, Judge judge) {
    const Index& index = context.index;
    if (index.stored_nbytes.empty()) return std::nullopt;
    std::size_t next = 0;
    for (std::uint32_t i = 0; i < index.storage_count(); ++i) {
        if (!codec::is_compressing(index.codec_of(i).code)) continue;
        const std::uint64_t nbytes = nbytes_of(context, i);
        for (std::uint32_t chunk = 0; chunk < chunk_count(context.offsets, i); ++chunk) {
            const std::uint64_t raw = chunk_raw_nbytes(nbytes, chunk);
            if (RuleResult broken = judge(i, chunk, raw, std::uint64_t{index.stored_nbytes[next++]}))
                return broken;
        }
    }
    return std::nullopt;
}

/// What rule 33 says of each storage by itself.
RuleResult storage_sizes_fit(const Context& context) {
    std::uint64_t total = 0;
    for (std::size_t i = 0; i < context.index.storage_count(); ++i) {
        const std::uint64_t nbytes = nbytes_of(context, i);
        if (nbytes < kMaxStorageNbytes && base::checked_add(total, nbytes, total) && total < kMaxTotalNbytes)
            continue;
        return Error(Condition::storage_size,
                     message("index: storage ", i, " of ", nbytes, " bytes is too large"));
    }
    return std::nullopt;
}

/// Fills the offsets's storage_chunk. Sums before anything is walked chunk by chunk: sizes may claim 2^42
/// of them.
RuleResult count_chunks(Context& context) {
    const Index& index = context.index;
    std::uint64_t chunks = 0, sized = 0;
    const auto starts = context.offsets.storage_chunk;
    for (std::size_t i = 0; i < index.storage_count(); ++i) {
        starts[i] = static_cast<std::uint32_t>(chunks);
        const std::uint64_t count = chunk_count(nbytes_of(context, i));
        chunks += count;
        if (codec::is_compressing(index.codec_of(i).code)) sized += count;
    }
    starts.back() = static_cast<std::uint32_t>(chunks);
    if (chunks != index.stored_checksums.size())
        return size_fault("stored_checksums", chunks, index.stored_checksums.size());
    if (sized != index.stored_nbytes.size())
        return size_fault("stored_nbytes", sized, index.stored_nbytes.size());
    return std::nullopt;
}

/// Fills the offsets's encoded.
RuleResult count_compressed(Context& context) {
    const Index& index = context.index;
    if (index.storage_codecs.empty()) {
        if (index.raw_checksums.empty()) return std::nullopt;
        return size_fault("raw_checksums", 0, index.raw_checksums.size());
    }
    auto& encoded = context.offsets.encoded;
    encoded.resize(index.storage_count() + 1);
    EncodedStart next;
    for (std::uint32_t i = 0; i < index.storage_count(); ++i) {
        next.stored_nbytes = nbytes_of(context, i);
        EncodedStart& start = encoded[i];
        start = next;
        if (!codec::is_compressing(index.codec_of(i).code)) continue;
        start.stored_nbytes = 0;
        for (std::uint32_t chunk = 0; chunk < chunk_count(context.offsets, i); ++chunk) {
            const std::uint64_t stored = index.stored_nbytes[next.stored_size++];
            if (stored < chunk_raw_nbytes(nbytes_of(context, i), chunk)) ++next.raw_checksum;
            start.stored_nbytes = base::align_up(start.stored_nbytes, kChunkAlignment) + stored;
        }
    }
    encoded.back() = next;
    if (next.raw_checksum == index.raw_checksums.size()) return std::nullopt;
    return size_fault("raw_checksums", next.raw_checksum, index.raw_checksums.size());
}

/// From the first byte of a storage in the file to behind its last.
std::uint64_t stored_nbytes(const Context& context, std::size_t storage) noexcept {
    const auto& encoded = context.offsets.encoded;
    return encoded.empty() ? nbytes_of(context, storage) : encoded[storage].stored_nbytes;
}

/// Rule 33 to 38 but 36 for a file without codecs, in one pass without a call, which every open makes: false
/// if one may be broken. Fills the offsets's storage_chunk and storage_begin.
template <class Nbytes>
bool raw_storages_fit(Context& context, Nbytes nbytes_of_next) noexcept {
    const std::uint64_t small = context.validation_context.alignment - 1;
    const std::uint64_t large = std::max(context.validation_context.alignment, kPageNbytes) - 1;
    const auto starts = context.offsets.storage_chunk;
    const auto begins = context.offsets.storage_begin;
    // Every storage begins at a multiple of the alignment, so the next place is one addition away from the
    // one before: nothing else is waited for.
    std::uint64_t next = base::align_up(kHeaderNbytes, small + 1);
    std::uint64_t chunks = 0, sizes = 0;
    for (std::size_t i = 0; i < begins.size(); ++i) {
        const std::uint64_t nbytes = nbytes_of_next(i);
        starts[i] = static_cast<std::uint32_t>(chunks);
        chunks += chunk_count(nbytes);
        if (nbytes >= kLargeStorageNbytes) next = (next + large) & ~large;
        begins[i] = next;
        sizes |= nbytes | next;  // no sum wraps before one of its parts has set a high bit here
        next += (nbytes + small) & ~small;
    }
    starts.back() = static_cast<std::uint32_t>(chunks);
    if (sizes >= kMaxStorageNbytes || chunks != context.index.stored_checksums.size()) return false;
    std::size_t last = begins.size();
    while (last != 0 && nbytes_of_next(last - 1) == 0)
        --last;
    const std::uint64_t end = last == 0 ? kHeaderNbytes : begins[last - 1] + nbytes_of_next(last - 1);
    return base::align_up(end, kLeastAlignment) == context.validation_context.index_offset;
}

bool all_raw_and_fit(Context& context) noexcept {
    const Index& index = context.index;
    if (!index.storage_codecs.empty() || !index.stored_nbytes.empty() || !index.raw_checksums.empty())
        return false;
    // By value: what the loop writes could be part of `index`, for all that a compiler knows.
    if (const auto nbytes = index.storage_nbytes; !nbytes.empty())
        return raw_storages_fit(context, [nbytes](std::size_t i) { return nbytes[i]; });
    return raw_storages_fit(context, [layouts = index.tensor_layouts, reach = context.offsets.layout_extent](
                                         std::size_t i) { return reach[layouts[i]]; });
}

RuleResult range_fault(std::size_t storage, std::uint64_t nbytes, std::uint64_t index_offset) {
    return Error(Condition::storage_range,
                 message("index: storage ", storage, " of ", nbytes, " bytes ends beyond ", index_offset,
                         ", where the index is"));
}

}  // namespace

RuleResult codecs_are_known(Context& context) {
    const auto codecs = context.index.storage_codecs;
    const auto bad =
        first_bad(codecs, [](const CodecRecord& codec) { return codec::find_codec(codec.code) != nullptr; });
    if (!bad) return std::nullopt;
    return Error(Condition::codec,
                 message("index: storage ", *bad, " has codec ", codecs[*bad].code, "; get a newer library"));
}

RuleResult codec_parameters_fit(Context& context) {
    const auto codecs = context.index.storage_codecs;
    const auto bad = first_bad(codecs, [](const CodecRecord& codec) { return codec.parameter == 0; });
    if (!bad) return std::nullopt;
    return Error(
        Condition::codec_parameters,
        message("index: storage ", *bad, ": codec parameter expected 0, found ", codecs[*bad].parameter));
}

RuleResult storage_sums_match(Context& context) {
    context.in_place = all_raw_and_fit(context);
    if (context.in_place) return std::nullopt;
    if (auto broken = storage_sizes_fit(context)) return broken;
    if (auto broken = count_chunks(context)) return broken;
    return count_compressed(context);
}

RuleResult chunk_sizes_fit(Context& context) {
    return for_each_stored_size(context, [](auto storage, auto chunk, auto raw, auto stored) -> RuleResult {
        if (stored >= 1 && stored <= raw) return std::nullopt;
        return Error(Condition::chunk_size, message("index: storage ", storage, " chunk ", chunk,
                                                    ": stored size expected 1 to ", raw, ", found ", stored));
    });
}

RuleResult chunk_ratios_fit(Context& context) {
    return for_each_stored_size(context, [](auto storage, auto chunk, auto raw, auto stored) -> RuleResult {
        if (raw <= kMaxRatio * stored + kRatioSlack) return std::nullopt;
        return Error(Condition::ratio, message("index: storage ", storage, " chunk ", chunk, ": ", stored,
                                               " bytes cannot stand for ", raw));
    });
}

RuleResult storages_in_place(Context& context) {
    if (context.in_place) return std::nullopt;
    const std::uint64_t index_offset = context.validation_context.index_offset;
    std::uint64_t end = kHeaderNbytes;
    for (std::size_t i = 0; i < context.index.storage_count(); ++i) {
        std::uint64_t& begin = context.offsets.storage_begin[i];
        begin = end;
        const std::uint64_t raw = nbytes_of(context, i), stored = stored_nbytes(context, i);
        if (raw == 0) continue;
        if (!storage_begin(end, raw, context.validation_context.alignment, begin) ||
            !base::checked_add(begin, stored, end) || end > index_offset) {
            return range_fault(i, stored, index_offset);
        }
    }
    const std::uint64_t expected = base::align_up(end, kLeastAlignment);
    if (index_offset == expected) return std::nullopt;
    return Error(Condition::storage_gap, message("footer: index expected at ", expected,
                                                 ", behind the last storage, found at ", index_offset));
}

}  // namespace milepost::format::rules

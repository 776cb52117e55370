#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include <milepost/error.hpp>

#include "base/checked.hpp"
#include "base/message.hpp"
#include "codec/codec.hpp"
#include "format/chunks.hpp"
#include "format/derive_offsets.hpp"
#include "format/file_layout.hpp"
#include "format/index.hpp"
#include "format/rules.hpp"
#include "format/storage_limits.hpp"

namespace milepost::format::rules {
namespace {

using base::message;

/// zstd cannot do better: a block of at most 128 KiB takes at least 4 bytes. Section 6.5, rule 35.
constexpr std::uint64_t kMaxRatio = 32'768, kRatioSlack = 131'072;

RuleResult size_fault(std::string_view what, std::uint64_t expected, std::uint64_t found) {
    return Error(Condition::storage_size,
                 message("index: ", what, " expected ", expected, ", found ", found));
}

/// "0", or "1 to 5".
std::string parameters_of(const codec::CodecRow& codec) {
    if (codec.first_parameter == codec.last_parameter) return message(codec.first_parameter);
    return message(codec.first_parameter, " to ", codec.last_parameter);
}

std::uint64_t nbytes_of(const RuleInput& input, std::size_t storage) noexcept {
    return input.offsets.storage_nbytes(input.index, storage);
}

/// Calls `judge(storage, chunk, raw size, stored size)` for each chunk that has a stored size; stops at the
/// first error. Requires: there are as many stored sizes as such chunks.
template <class Judge>
RuleResult for_each_stored_size(const RuleInput& input, Judge judge) {
    const Index& index = input.index;
    if (index.stored_nbytes.empty()) return std::nullopt;
    std::size_t next = 0;
    for (std::uint32_t i = 0; i < index.storage_count(); ++i) {
        if (!codec::is_compressing(index.codec_of(i).code)) continue;
        const std::uint64_t nbytes = nbytes_of(input, i);
        for (std::uint64_t chunk = 0; chunk < chunk_count(nbytes); ++chunk) {
            const std::uint64_t raw = chunk_raw_nbytes(nbytes, chunk);
            if (RuleResult broken = judge(i, chunk, raw, std::uint64_t{index.stored_nbytes[next++]}))
                return broken;
        }
    }
    return std::nullopt;
}

RuleResult storage_sizes_fit(const RuleInput& input) {
    std::uint64_t total = 0;
    for (std::size_t i = 0; i < input.index.storage_count(); ++i) {
        const std::uint64_t nbytes = nbytes_of(input, i);
        if (nbytes < kMaxStorageNbytes && base::checked_add(total, nbytes, total) && total < kMaxTotalNbytes)
            continue;
        return Error(Condition::storage_size,
                     message("index: storage ", i, " of ", nbytes, " bytes is too large"));
    }
    return std::nullopt;
}

/// Compares sums, before anything is done chunk by chunk: sizes may claim 2^42 of them.
RuleResult chunk_counts_match(const RuleInput& input) {
    const Index& index = input.index;
    std::uint64_t chunks = 0, sized = 0;
    for (std::size_t i = 0; i < index.storage_count(); ++i) {
        const std::uint64_t count = chunk_count(nbytes_of(input, i));
        chunks += count;
        if (codec::is_compressing(index.codec_of(i).code)) sized += count;
    }
    if (chunks != index.stored_checksums.size())
        return size_fault("stored_checksums", chunks, index.stored_checksums.size());
    if (sized != index.stored_nbytes.size())
        return size_fault("stored_nbytes", sized, index.stored_nbytes.size());
    return std::nullopt;
}

RuleResult compressed_counts_match(const RuleInput& input) {
    std::uint64_t compressed = 0;
    (void)for_each_stored_size(input, [&](auto, auto, auto raw, auto stored) -> RuleResult {
        if (stored < raw) ++compressed;
        return std::nullopt;
    });
    if (compressed == input.index.raw_checksums.size()) return std::nullopt;
    return size_fault("raw_checksums", compressed, input.index.raw_checksums.size());
}

RuleResult range_fault(std::size_t storage, std::uint64_t nbytes, std::uint64_t index_offset) {
    return Error(Condition::storage_range,
                 message("index: storage ", storage, " of ", nbytes, " bytes ends beyond ", index_offset,
                         ", where the index is"));
}

}  // namespace

RuleResult codecs_are_known(const RuleInput& input) {
    const auto codecs = input.index.storage_codecs;
    const auto bad =
        first_bad(codecs, [](const CodecRecord& codec) { return codec::find_codec(codec.code) != nullptr; });
    if (!bad) return std::nullopt;
    return Error(Condition::codec,
                 message("index: storage ", *bad, " has codec ", codecs[*bad].code, "; get a newer library"));
}

RuleResult codec_parameters_fit(const RuleInput& input) {
    const auto codecs = input.index.storage_codecs;
    const auto bad = first_bad(codecs, [](const CodecRecord& codec) {
        const codec::CodecRow& row = *codec::find_codec(codec.code);  // rule 31: it is known
        return codec.parameter >= row.first_parameter && codec.parameter <= row.last_parameter;
    });
    if (!bad) return std::nullopt;
    const codec::CodecRow& row = *codec::find_codec(codecs[*bad].code);
    return Error(Condition::codec_parameters,
                 message("index: storage ", *bad, ": parameter of codec ", row.name, " expected ",
                         parameters_of(row), ", found ", codecs[*bad].parameter));
}

RuleResult storage_sums_match(const RuleInput& input) {
    if (auto broken = storage_sizes_fit(input)) return broken;
    if (auto broken = chunk_counts_match(input)) return broken;
    return compressed_counts_match(input);
}

RuleResult chunk_sizes_fit(const RuleInput& input) {
    return for_each_stored_size(input, [](auto storage, auto chunk, auto raw, auto stored) -> RuleResult {
        if (stored >= 1 && stored <= raw) return std::nullopt;
        return Error(Condition::chunk_size, message("index: storage ", storage, " chunk ", chunk,
                                                    ": stored size expected 1 to ", raw, ", found ", stored));
    });
}

RuleResult chunk_ratios_fit(const RuleInput& input) {
    return for_each_stored_size(input, [](auto storage, auto chunk, auto raw, auto stored) -> RuleResult {
        if (raw <= kMaxRatio * stored + kRatioSlack) return std::nullopt;
        return Error(Condition::ratio, message("index: storage ", storage, " chunk ", chunk, ": ", stored,
                                               " stored bytes cannot expand to ", raw,
                                               " (limit: ", std::uint64_t{kMaxRatio}, " times)"));
    });
}

RuleResult storages_end_before_index(const RuleInput& input) {
    const std::uint64_t index_offset = input.context.index_offset;
    std::uint64_t end = kHeaderNbytes;
    for (std::size_t i = 0; i < input.index.storage_count(); ++i) {
        const std::uint64_t raw = nbytes_of(input, i);
        const std::uint64_t stored = stored_extent(input.index, input.offsets, i);
        if (raw == 0) continue;
        std::uint64_t begin = 0;
        if (!storage_begin(end, raw, input.context.alignment, begin) ||
            !base::checked_add(begin, stored, end) || end > index_offset) {
            return range_fault(i, stored, index_offset);
        }
    }
    return std::nullopt;
}

RuleResult index_follows_storages(const RuleInput& input) {
    std::uint64_t end = kHeaderNbytes;
    for (std::size_t i = input.index.storage_count(); i-- > 0;) {
        if (nbytes_of(input, i) == 0) continue;
        end = input.offsets.storage_begin[i] + stored_extent(input.index, input.offsets, i);
        break;
    }
    const std::uint64_t expected = base::align_up(end, kLeastAlignment);
    if (input.context.index_offset == expected) return std::nullopt;
    return Error(Condition::storage_gap,
                 message("footer: index expected at ", expected, ", after the last storage, found at ",
                         input.context.index_offset));
}

}  // namespace milepost::format::rules

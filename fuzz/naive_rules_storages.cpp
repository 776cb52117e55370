// Rules 31 to 38: storages and their chunks; rules 39 to 42: optimizers.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <map>
#include <set>
#include <vector>

#include "naive_reading.hpp"

namespace milepost::fuzz::naive {
namespace {

using format::Index;

constexpr std::uint64_t kMiB = 1'048'576;

Wide rounded_up(Wide number, Wide unit) {
    return (number + unit - 1) / unit * unit;
}

Wide count_chunks(Wide nbytes) {
    return rounded_up(nbytes, kMiB) / kMiB;
}

bool is_raw(const Index& index, std::size_t storage) {
    return index.storage_codecs.empty() || index.storage_codecs[storage].code == 0;
}

/// The part of rule 33 that comes before any walk over chunks: the sizes may claim 2^42 of them.
bool sizes_sum_up(const Reading& reading) {
    constexpr Wide kTwoTo62 = Wide{1} << 62U, kTwoTo63 = Wide{1} << 63U;
    Wide total = 0, chunks = 0, sized = 0;
    for (std::size_t i = 0; i < storage_count(reading.index); ++i) {
        const Wide nbytes = nbytes_of(reading, i);
        if (nbytes >= kTwoTo62) return false;
        total += nbytes;
        chunks += count_chunks(nbytes);
        if (!is_raw(reading.index, i)) sized += count_chunks(nbytes);
    }
    return total < kTwoTo63 && chunks == reading.index.stored_checksums.size() &&
           sized == reading.index.stored_nbytes.size();
}

/// Section 4. Requires: the sums match, so there are as many chunks as checksums.
std::vector<std::vector<Chunk>> chunks_of(const Reading& reading) {
    std::vector<std::vector<Chunk>> storages;
    std::size_t sized = 0;
    for (std::size_t i = 0; i < storage_count(reading.index); ++i) {
        std::vector<Chunk>& chunks = storages.emplace_back();
        for (auto left = static_cast<std::uint64_t>(nbytes_of(reading, i)); left > 0;) {
            const std::uint64_t raw = std::min(left, kMiB);
            chunks.push_back({raw, is_raw(reading.index, i) ? raw : reading.index.stored_nbytes[sized++]});
            left -= raw;
        }
    }
    return storages;
}

/// Of the storage that begins after `end`, section 4.
Wide end_of_storage(const Reading& reading, std::size_t storage, Wide end) {
    const Wide alignment = reading.validation_context.alignment;
    const bool large = nbytes_of(reading, storage) >= kMiB;
    Wide next = rounded_up(end, large ? std::max<Wide>(alignment, 4096) : alignment);
    for (const Chunk& chunk : reading.chunks[storage]) {
        end = next + chunk.stored;
        next = rounded_up(end, 64);
    }
    return end;
}

}  // namespace

/// Rule 31.
bool codecs_known(Reading& reading) {
    for (const format::CodecRecord& codec : reading.index.storage_codecs) {
        if (codec.code > 2) return false;
    }
    return true;
}

/// Rule 32.
bool codec_parameters_defined(Reading& reading) {
    for (const format::CodecRecord& codec : reading.index.storage_codecs) {
        const bool is_word = codec.parameter >= 1 && codec.parameter <= 5;
        if (codec.code == 2 ? !is_word : codec.parameter != 0) return false;
    }
    return true;
}

/// Rule 33.
bool storage_sums_match(Reading& reading) {
    if (!sizes_sum_up(reading)) return false;
    reading.chunks = chunks_of(reading);
    std::size_t compressed = 0;
    for (const std::vector<Chunk>& chunks : reading.chunks) {
        for (const Chunk& chunk : chunks)
            compressed += chunk.stored < chunk.raw ? 1 : 0;
    }
    return compressed == reading.index.raw_checksums.size();
}

/// Rule 34.
bool chunk_sizes_fit(Reading& reading) {
    for (const std::vector<Chunk>& chunks : reading.chunks) {
        for (const Chunk& chunk : chunks) {
            if (chunk.stored < 1 || chunk.stored > chunk.raw) return false;
        }
    }
    return true;
}

/// Rule 35.
bool ratios_fit(Reading& reading) {
    for (const std::vector<Chunk>& chunks : reading.chunks) {
        for (const Chunk& chunk : chunks) {
            if (chunk.raw > Wide{32'768} * chunk.stored + 131'072) return false;
        }
    }
    return true;
}

/// Rule 36.
bool storages_viewed(Reading& reading) {
    std::set<std::size_t> viewed;
    for (std::size_t i = 0; i < reading.index.tensor_layouts.size(); ++i)
        viewed.insert(storage_of(reading.index, i));
    return viewed.size() == storage_count(reading.index);
}

/// Rule 37.
bool storages_end_before_index(Reading& reading) {
    Wide end = 64;
    for (std::size_t i = 0; i < reading.chunks.size(); ++i) {
        if (reading.chunks[i].empty()) continue;
        end = end_of_storage(reading, i, end);
        if (end > reading.validation_context.index_offset) return false;
    }
    return true;
}

/// Rule 38.
bool index_follows_storages(Reading& reading) {
    Wide end = 64;
    for (std::size_t i = 0; i < reading.chunks.size(); ++i) {
        if (!reading.chunks[i].empty()) end = end_of_storage(reading, i, end);
    }
    return rounded_up(end, 64) == reading.validation_context.index_offset;
}

/// Rule 39.
bool key_positions_fit(Reading& reading) {
    for (const format::GroupRecord& group : reading.index.groups) {
        const bool named = group.param_names_position != kNoNames;
        const std::uint64_t keys = std::uint64_t{group.hyperparameter_count} + (named ? 2 : 1);
        if (group.params_position >= keys) return false;
        if (!named) continue;
        if (group.param_names_position >= keys) return false;
        if (group.param_names_position == group.params_position) return false;
    }
    return true;
}

/// Rule 40.
bool params_in_one_group(Reading& reading) {
    const Index& index = reading.index;
    std::size_t group = 0, param = 0;
    for (const format::OptimizerRecord& optimizer : index.optimizers) {
        std::map<std::uint64_t, std::size_t> group_of;
        for (std::uint32_t i = 0; i < optimizer.group_count; ++i, ++group) {
            for (std::uint32_t k = 0; k < index.groups[group].param_count; ++k, ++param) {
                const auto [known, added] = group_of.emplace(index.params[param], group);
                if (known->second != group) return false;
            }
        }
    }
    return true;
}

/// Rule 41.
bool states_ascend(Reading& reading) {
    const Index& index = reading.index;
    std::size_t state = 0;
    for (const format::OptimizerRecord& optimizer : index.optimizers) {
        for (std::uint32_t i = 0; i < optimizer.state_count; ++i, ++state) {
            if (i > 0 && index.states[state].index <= index.states[state - 1].index) return false;
        }
    }
    return true;
}

/// Rule 42.
bool param_keys_are_of_params(Reading& reading) {
    const Index& index = reading.index;
    std::size_t group = 0, param = 0, state = 0;
    for (std::size_t o = 0; o < index.optimizers.size(); ++o) {
        const std::size_t keys = reading.keys[o].count;
        std::set<std::uint64_t> listed;
        for (std::uint32_t i = 0; i < index.optimizers[o].group_count; ++i) {
            for (std::uint32_t k = 0; k < index.groups[group + i].param_count; ++k)
                listed.insert(index.params[param++]);
        }
        group += index.optimizers[o].group_count;
        for (std::uint32_t i = 0; i < index.optimizers[o].state_count; ++i, ++state) {
            if (keys != 0 && index.states[state].index >= keys) return false;
        }
        // As many different numbers as there are keys, the greatest of them the last one.
        if (keys != 0 && (listed.size() != keys || *listed.rbegin() != keys - 1)) return false;
    }
    return true;
}

}  // namespace milepost::fuzz::naive

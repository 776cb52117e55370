#pragma once

#include <algorithm>
#include <cstdint>
#include <span>
#include <vector>

#include "format/index_columns.hpp"

namespace milepost::saving {

/// The columns that describe storages and their chunks: filled by the chunk pipeline in file order.
struct StorageColumns {
    std::vector<std::uint64_t> storage_nbytes;
    std::vector<format::CodecRecord> codecs;
    std::vector<format::Digest> stored_checksums;
    std::vector<std::uint32_t> stored_nbytes;
    std::vector<format::Digest> raw_checksums;

    /// The column of the index: empty where all storages are raw.
    [[nodiscard]] std::span<const format::CodecRecord> storage_codecs() const noexcept {
        const bool all_raw = std::all_of(codecs.begin(), codecs.end(),
                                         [](const format::CodecRecord& codec) { return codec.code == 0; });
        return all_raw ? std::span<const format::CodecRecord>() : codecs;
    }
};

}  // namespace milepost::saving

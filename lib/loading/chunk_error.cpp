#include "loading/chunk_error.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <milepost/error.hpp>

#include "base/message.hpp"
#include "codec/codec.hpp"
#include "core/text.hpp"
#include "format/chunks.hpp"
#include "format/index.hpp"
#include "format/paths.hpp"
#include "loading/open.hpp"

namespace milepost::loading {

using base::message;

std::vector<std::string> tensors_in_chunk(const OpenedIndex& opened, std::uint32_t storage,
                                          const format::Chunk& chunk) {
    const format::Index& index = opened.index;
    const std::uint64_t begin = chunk.number * codec::kChunkNbytes;
    std::vector<std::string> paths;
    for (std::uint32_t i = 0; i < index.tensor_layouts.size(); ++i) {
        if (index.storage_of(i) != storage) continue;
        const std::uint64_t offset = index.offset_of(i);
        const std::uint64_t extent = opened.offsets.layout_extent[index.tensor_layouts[i]];
        const bool overlaps = offset < begin + chunk.raw_nbytes && offset + extent > begin;
        if (overlaps) paths.push_back(format::tensor_path(index, opened.offsets, i));
    }
    return paths;
}

Error chunk_error(const OpenedIndex& opened, std::uint32_t storage, const format::Chunk& chunk,
                  Condition condition, std::string_view what) {
    const std::vector<std::string> tensors = tensors_in_chunk(opened, storage, chunk);
    std::string who = tensors.empty() ? message("storage ", storage) : core::printable(tensors.front());
    if (tensors.size() > 1) who += message(" and ", tensors.size() - 1, " more");
    return Error(condition, message(who, " chunk ", chunk.number, ", bytes ", chunk.offset, "..",
                                    chunk.offset + chunk.stored_nbytes, ": ", what));
}

}  // namespace milepost::loading

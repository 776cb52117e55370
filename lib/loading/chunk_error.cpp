#include "loading/chunk_error.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include <milepost/error.hpp>

#include "base/message.hpp"
#include "core/text.hpp"
#include "format/chunks.hpp"
#include "format/paths.hpp"
#include "loading/open.hpp"
#include "loading/storage_tensors.hpp"

namespace milepost::loading {

using base::message;

Error chunk_error(const OpenedIndex& opened, std::uint32_t storage, const format::Chunk& chunk,
                  Condition condition, std::string_view what) {
    constexpr std::size_t kMostShown = 1024;  // more than core::printable() keeps
    const StorageTensors& tensors = opened.storage_tensors();
    const auto [begin, end] = raw_range(chunk);
    const auto first = tensors.list(storage, begin, end, 1);
    std::string who = first.empty()
                          ? message("storage ", storage)
                          : core::printable(opened.paths().beginning_of_tensor(first.front(), kMostShown));
    if (const std::uint64_t count = tensors.count(storage, begin, end); count > 1)
        who += message(" and ", count - 1, " more");
    return Error(condition, message(who, " chunk ", chunk.number, ", bytes ", chunk.offset, "..",
                                    chunk.offset + chunk.stored_nbytes, ": ", what));
}

}  // namespace milepost::loading

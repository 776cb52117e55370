#include "convert/hdf5/global_heap.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <map>
#include <span>
#include <string_view>
#include <utility>

#include <milepost/error.hpp>
#include <milepost/result.hpp>

#include "base/message.hpp"
#include "convert/hdf5/cursor.hpp"
#include "convert/hdf5/file.hpp"

namespace milepost::convert::hdf5 {
namespace {

using base::message;

constexpr std::string_view kCollection = "global heap collection";
/// A node of a map, and what it takes beside the bytes.
constexpr std::uint64_t kHeapObjectNbytes = 80;

}  // namespace

Result<GlobalHeaps::Collection> GlobalHeaps::read(std::uint64_t address) {
    // Of the collection, and of each object: filled up to a multiple of 8 where sizes are small.
    const std::uint64_t head_nbytes = 16, fill_nbytes = 8ULL - file_.widths().length;
    const auto size_of = [](Cursor at) -> Result<std::uint64_t> {
        MILEPOST_TRY(at.signature("GCOL"));
        MILEPOST_TRY(at.version(1));
        MILEPOST_TRY(at.skip(3));
        return at.length();
    };
    MILEPOST_TRY_ASSIGN(FileBlock block, file_.read_sized(address, head_nbytes, kCollection, size_of));
    Collection collection{std::move(block), {}};
    Cursor at = collection.block.cursor();
    MILEPOST_TRY(file_.budget().take_bytes(at.remaining()));
    MILEPOST_TRY(at.skip(head_nbytes));
    // Number 0 is free space, up to the end.
    while (at.remaining() >= head_nbytes) {
        MILEPOST_TRY_ASSIGN(const std::uint64_t number, at.number(2));
        MILEPOST_TRY(at.skip(6));
        MILEPOST_TRY_ASSIGN(const std::uint64_t nbytes, at.length());
        MILEPOST_TRY(at.skip(fill_nbytes));
        if (number == 0) break;
        MILEPOST_TRY_ASSIGN(const auto bytes, at.bytes(nbytes));
        MILEPOST_TRY(at.skip(std::min<std::uint64_t>((8 - nbytes % 8) % 8, at.remaining())));
        MILEPOST_TRY(file_.budget().take_bytes(kHeapObjectNbytes));
        if (!collection.objects.emplace(number, bytes).second)
            return at.broken(message("it has two objects ", number));
    }
    return collection;
}

Result<std::span<const std::byte>> GlobalHeaps::object(std::uint64_t collection, std::uint64_t number) {
    auto found = collections_.find(collection);
    if (found == collections_.end()) {
        MILEPOST_TRY_ASSIGN(Collection read_now, read(collection));
        found = collections_.emplace(collection, std::move(read_now)).first;
    }
    const auto& objects = found->second.objects;
    const auto object = objects.find(number);
    if (object != objects.end()) return object->second;
    return Error(Condition::foreign,
                 message("HDF5 ", kCollection, " at ", collection, ": it has no object ", number));
}

}  // namespace milepost::convert::hdf5

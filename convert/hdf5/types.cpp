#include "convert/hdf5/types.hpp"

#include <cstdint>

#include <milepost/error.hpp>
#include <milepost/result.hpp>

#include "base/message.hpp"
#include "convert/hdf5/cursor.hpp"
#include "convert/hdf5/datatype.hpp"
#include "convert/hdf5/file.hpp"
#include "convert/hdf5/object_header.hpp"

namespace milepost::convert::hdf5 {

using base::message;

Result<void> Types::add(std::uint64_t address, const ObjectHeader& header) {
    const bool is_dataset = header.layout || header.dataspace;
    if (is_dataset || !header.datatype || header.datatype->is_shared)
        return Error(Condition::foreign,
                     message("HDF5 object header at ", address, ": it is not a datatype"));
    MILEPOST_TRY_ASSIGN(const Datatype type, read_datatype(header.datatype->at));
    MILEPOST_TRY(file_.budget().take_bytes(2 * sizeof(Datatype)));
    committed_.emplace(address, type);
    return {};
}

Result<Datatype> Types::read(Cursor at, bool is_shared) {
    if (!is_shared) return read_datatype(at);
    MILEPOST_TRY_ASSIGN(const std::uint8_t version, at.byte());
    MILEPOST_TRY_ASSIGN(const std::uint8_t type, at.byte());
    constexpr std::uint8_t kCommitted = 2;
    if (version < 1 || version > 3 || (version == 3 && type != kCommitted))
        return at.unsupported("a datatype in a heap of shared messages");
    if (version == 1) MILEPOST_TRY(at.skip(6));
    MILEPOST_TRY_ASSIGN(const std::uint64_t address, at.address());
    if (!knows(address)) {
        MILEPOST_TRY_ASSIGN(const ObjectHeader header, read_object_header(file_, address));
        MILEPOST_TRY(add(address, header));
    }
    return committed_.at(address);
}

}  // namespace milepost::convert::hdf5

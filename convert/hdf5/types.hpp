#pragma once

#include <cstdint>
#include <map>

#include <milepost/result.hpp>

#include "convert/hdf5/cursor.hpp"
#include "convert/hdf5/datatype.hpp"
#include "convert/hdf5/file.hpp"
#include "convert/hdf5/object_header.hpp"

namespace milepost::convert::hdf5 {

/// Datatypes, also those that are committed: objects of their own, which others name by their address.
class Types {
public:
    explicit Types(File& file) noexcept : file_(file) {}

    /// The datatype of a message, or of the object that it names. Errors: those of read_datatype and
    /// read_object_header. Throws std::bad_alloc.
    [[nodiscard]] Result<Datatype> read(Cursor at, bool is_shared);
    /// Whether there is a committed datatype at that address that was used before.
    [[nodiscard]] bool knows(std::uint64_t address) const noexcept { return committed_.count(address) != 0; }
    /// Takes the header of a committed datatype, so that it is not read again.
    [[nodiscard]] Result<void> add(std::uint64_t address, const ObjectHeader& header);

private:
    File& file_;
    std::map<std::uint64_t, Datatype> committed_;
};

}  // namespace milepost::convert::hdf5

#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <milepost/result.hpp>

#include "convert/hdf5/file.hpp"
#include "convert/hdf5/object_header.hpp"

namespace milepost::convert::hdf5 {

/// A member of a group: a hard link.
struct Link {
    std::string name;
    std::uint64_t address;    ///< of the header of the object
    std::uint64_t order = 0;  ///< in which links were made, if the group tracks it
};

/// The members of a group: in the order in which they were made if the group tracks that, else by name, as
/// h5py lists them. Errors: those of File::read; corrupt/foreign, also for a name that occurs twice, is empty
/// or has a `/`; /foreign_checksum; unsupported/feature for soft and external links; limit_exceeded. Throws
/// std::bad_alloc.
[[nodiscard]] Result<std::vector<Link>> read_links(File& file, const ObjectHeader& header);

}  // namespace milepost::convert::hdf5

#pragma once

#include <milepost/result.hpp>
#include <milepost/value.hpp>

#include "convert/hdf5/file.hpp"
#include "convert/hdf5/object_header.hpp"
#include "convert/hdf5/types.hpp"
#include "convert/hdf5/values.hpp"

namespace milepost::convert::hdf5 {

/// What attributes are read with.
struct AttributeReaders {
    File& file;
    Types& types;
    ValueMaker& values;
};

/// The attributes of an object: name -> value, in the order in which they were made if the object tracks
/// that, else by name. Errors: those of File::read and of the readers; corrupt/foreign, also for a name that
/// occurs twice; /foreign_checksum; unsupported/feature. Throws std::bad_alloc.
[[nodiscard]] Result<Dict> read_attributes(const AttributeReaders& readers, const ObjectHeader& header);

}  // namespace milepost::convert::hdf5

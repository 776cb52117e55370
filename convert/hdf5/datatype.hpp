#pragma once

#include <cstdint>

#include <milepost/dtype.hpp>
#include <milepost/result.hpp>

#include "convert/hdf5/cursor.hpp"

namespace milepost::convert::hdf5 {

/// What the elements of a dataset or an attribute are.
struct Datatype {
    enum class Kind : std::uint8_t {
        number,       ///< of a dtype
        fixed_text,   ///< of `nbytes` bytes
        varied_text,  ///< in a global heap
        opaque,       ///< bytes without a meaning: with a word beside them they are numbers of Keras
    };
    /// How a text of fixed size ends. Stored in files.
    enum class Padding : std::uint8_t { null_terminated = 0, null_padded = 1, space_padded = 2 };

    Kind kind = Kind::number;
    std::uint64_t nbytes = 0;  ///< of an element in the file
    DtypeInfo dtype = {};
    std::uint32_t swapped_nbytes = 0;  ///< of the numbers to turn around; 0: none
    Padding padding = Padding::null_terminated;
};

/// Decodes a datatype message. Errors: corrupt/foreign; unsupported/feature for what a checkpoint does not
/// have, with its name. Throws std::bad_alloc.
[[nodiscard]] Result<Datatype> read_datatype(Cursor at);

}  // namespace milepost::convert::hdf5

#pragma once

#include <vector>

#include <milepost/error.hpp>
#include <milepost/io.hpp>
#include <milepost/options.hpp>
#include <milepost/result.hpp>

#include "base/aligned_buffer.hpp"
#include "format/file_layout.hpp"
#include "format/index.hpp"
#include "format/index_offsets.hpp"

namespace milepost::loading {

/// A checked index, and what was learned on the way to it. The index borrows from the buffer.
struct OpenedIndex {
    format::Header header;
    format::Footer footer;
    base::AlignedBuffer buffer;  ///< a private copy: what was checked cannot change afterwards
    format::Index index;
    format::IndexOffsets offsets;
    std::vector<Error> warnings;
};

/// Steps 1 (but for the kind of file) to 7 of docs/format.md, section 7, into `opened`, which is large and
/// stays where it is. Throws std::bad_alloc. Errors: those named there; io_error/read.
[[nodiscard]] Result<void> open_index(const Source& source, const Limits& limits, OpenedIndex& opened);

}  // namespace milepost::loading

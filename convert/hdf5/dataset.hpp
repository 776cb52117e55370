#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include <milepost/io.hpp>
#include <milepost/result.hpp>
#include <milepost/tensor.hpp>
#include <milepost/value.hpp>

#include "convert/hdf5/chunk_cache.hpp"
#include "convert/hdf5/dataspace.hpp"
#include "convert/hdf5/datatype.hpp"
#include "convert/hdf5/file.hpp"
#include "convert/hdf5/layout.hpp"
#include "convert/hdf5/object_header.hpp"
#include "convert/hdf5/types.hpp"

namespace milepost::convert::hdf5 {

/// Bytes of a file that hold elements, from an address on.
struct Extent {
    std::uint64_t begin, end;
};

/// A dataset, and where the bytes of its elements are: `nbytes` bytes of the source, or memory. Numbers are
/// still in the order of the file.
struct Dataset {
    Datatype type;
    Dataspace space;
    std::uint64_t nbytes = 0;
    std::shared_ptr<const Source> source;            ///< null: memory
    std::uint64_t begin = 0;                         ///< in the source
    std::shared_ptr<std::vector<std::byte>> memory;  ///< of a compact dataset
};

/// Reads the datasets of one file.
class DatasetReader {
public:
    DatasetReader(File& file, Types& types);

    /// Requires: the header of a dataset. `attributes` are those of the object: opaque bytes are numbers if
    /// they say so. Errors: those of the parts; corrupt/foreign; unsupported/feature; limit_exceeded/
    /// decoded_bytes, also for chunks that need more memory while they are read. Throws std::bad_alloc.
    [[nodiscard]] Result<Dataset> read(const ObjectHeader& header, const Dict& attributes);
    /// Of all datasets that were read.
    [[nodiscard]] std::vector<Extent>& extents() noexcept { return extents_; }

private:
    Result<void> place(const ObjectHeader& header, Dataset& dataset);
    Result<void> place_chunks(const ObjectHeader& header, const Layout& layout, std::vector<std::byte> fill,
                              Dataset& dataset);
    Result<void> add_extent(std::uint64_t begin, std::uint64_t nbytes);

    File& file_;
    Types& types_;
    std::shared_ptr<ChunkCache> cache_;
    std::vector<Extent> extents_;
};

/// The numbers of a dataset as a tensor. Throws std::bad_alloc.
[[nodiscard]] Result<TensorView> tensor_of(const Dataset& dataset);
/// All its bytes, which count as decoded ones. Throws std::bad_alloc.
[[nodiscard]] Result<std::vector<std::byte>> bytes_of(File& file, const Dataset& dataset);

}  // namespace milepost::convert::hdf5

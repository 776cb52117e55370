#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "format/index.hpp"
#include "format/index_offsets.hpp"

namespace milepost::loading {

/// Which tensors view which bytes of a storage: for reports of damage, which ask it of many chunks. Tensors
/// without bytes are left out.
class StorageTensors {
public:
    /// Sorts the tensors. Requires: a validated index. Throws std::bad_alloc.
    StorageTensors(const format::Index& index, const format::IndexOffsets& offsets);

    /// How many tensors have bytes in [begin, end) of a storage. Requires, here and below: begin < end.
    [[nodiscard]] std::uint64_t count(std::uint32_t storage, std::uint64_t begin,
                                      std::uint64_t end) const noexcept;
    /// The first `most` of them: by their first byte in the storage, then by number. Throws std::bad_alloc.
    [[nodiscard]] std::vector<std::uint32_t> list(std::uint32_t storage, std::uint64_t begin,
                                                  std::uint64_t end, std::size_t most) const;

private:
    /// A tensor and its bytes [begin, end) in its storage.
    struct Extent {
        std::uint64_t begin;
        std::uint64_t end;
        std::uint32_t tensor;
    };

    void add_ends();
    [[nodiscard]] std::size_t begin_before(std::uint32_t storage, std::uint64_t end) const noexcept;

    std::vector<std::size_t> first_;     ///< of each storage in the columns below, and the end
    std::vector<Extent> extents_;        ///< by storage, then by begin, then by tensor
    std::vector<std::uint64_t> ends_;    ///< by storage, then ascending
    std::vector<std::uint64_t> blocks_;  ///< the largest end of each kBlock extents
};

}  // namespace milepost::loading

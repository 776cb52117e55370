#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "codec/checksum.hpp"
#include "format/digest_stream.hpp"
#include "format/index.hpp"
#include "format/index_offsets.hpp"

/// Digests of a content, from the index alone: docs/format.md, section 6.7. Everything here requires a
/// validated index.
namespace milepost::format {

/// The content hash of a storage (section 4.2). `room` is memory that is used again. Throws std::bad_alloc.
[[nodiscard]] codec::Digest content_hash(const Index& index, const IndexOffsets& offsets,
                                         std::uint32_t storage, std::vector<std::byte>& room);

/// What tensors share is hashed once, so that all digests of tensors together cost no more than the index has
/// bytes: a thousand tensors may have one layout of 64 dims, or view one storage of many chunks. Borrows from
/// the index and its offsets, and must not outlive them.
class ContentDigests {
public:
    /// Throws std::bad_alloc.
    ContentDigests(const Index& index, const IndexOffsets& offsets);

    /// Requires: there is such a tensor. `stream` is not between begin() and finish().
    [[nodiscard]] codec::Digest of_tensor(std::uint32_t tensor, DigestStream& stream) const noexcept;

private:
    const Index* index_;
    const IndexOffsets* offsets_;
    std::vector<codec::Digest> layouts_;   ///< the layout hash of each layout
    std::vector<codec::Digest> storages_;  ///< the content hash of each storage
};

/// The digest of the whole content. Does not recurse. Throws std::bad_alloc.
[[nodiscard]] codec::Digest file_digest(const Index& index, const IndexOffsets& offsets,
                                        const ContentDigests& tensors);

}  // namespace milepost::format

#include "format/content_digests.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "codec/checksum.hpp"
#include "core/layout.hpp"
#include "format/chunks.hpp"
#include "format/digest_stream.hpp"
#include "format/index.hpp"
#include "format/index_columns.hpp"
#include "format/index_offsets.hpp"
#include "format/layouts.hpp"

namespace milepost::format {
namespace {

using codec::Digest;

/// The dtype hash of each listed dtype, by its code.
std::array<Digest, 256> hash_dtypes(const Index& index, DigestStream& stream) {
    std::array<Digest, 256> hashes{};
    for (std::size_t i = 0; i < index.dtypes.size(); ++i) {
        const DtypeRecord& dtype = index.dtypes[i];
        stream.begin("milepost.dtype/1");
        stream.number(dtype.code);
        stream.number(dtype.bits);
        stream.text(index.dtype_names[i]);
        hashes[dtype.code] = stream.finish();
    }
    return hashes;
}

Digest hash_layout(const Index& index, const IndexOffsets& offsets, std::size_t layout, const Digest& dtype,
                   DigestStream& stream) {
    const core::Dims shape = shape_of(index, offsets, layout);
    const core::Dims strides = strides_of(index, offsets, layout);
    const LayoutRecord& record = index.layouts[layout];
    stream.begin("milepost.layout/1");
    stream.bytes(dtype);
    stream.number(record.rank);
    for (const std::uint64_t dim : shape)
        stream.number(dim);
    stream.number(static_cast<std::uint8_t>(is_strided(record) ? 1 : 0));
    for (std::size_t i = 0; i < strides.size(); ++i)
        stream.number(shape[i] == 1 ? std::uint64_t{0} : strides[i]);
    return stream.finish();
}

}  // namespace

Digest content_hash(const Index& index, const IndexOffsets& offsets, std::uint32_t storage,
                    std::vector<std::byte>& room) {
    room.clear();
    for (ChunkIterator walk(index, offsets, storage); !walk.done(); walk.next()) {
        const Digest& raw = *walk.chunk().raw_checksum;
        room.insert(room.end(), raw.begin(), raw.end());
    }
    return codec::checksum128(room);
}

ContentDigests::ContentDigests(const Index& index, const IndexOffsets& offsets)
    : index_(&index), offsets_(&offsets) {
    DigestStream stream;
    const auto dtypes = hash_dtypes(index, stream);
    layouts_.reserve(index.layouts.size());
    for (std::size_t i = 0; i < index.layouts.size(); ++i)
        layouts_.push_back(hash_layout(index, offsets, i, dtypes[index.layouts[i].dtype], stream));
    storages_.reserve(index.storage_count());
    std::vector<std::byte> room;
    for (std::uint32_t i = 0; i < index.storage_count(); ++i)
        storages_.push_back(content_hash(index, offsets, i, room));
}

Digest ContentDigests::of_tensor(std::uint32_t tensor, DigestStream& stream) const noexcept {
    const std::uint32_t storage = index_->storage_of(tensor);
    stream.begin("milepost.tensor/1");
    stream.bytes(layouts_[index_->tensor_layouts[tensor]]);
    stream.number(index_->offset_of(tensor));
    stream.number(offsets_->storage_nbytes(*index_, storage));
    stream.bytes(storages_[storage]);
    return stream.finish();
}

}  // namespace milepost::format

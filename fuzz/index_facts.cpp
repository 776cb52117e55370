#include "index_facts.hpp"

#include <algorithm>
#include <cstdint>
#include <set>
#include <string_view>
#include <vector>

#include <milepost/value.hpp>

#include "assertions.hpp"
#include "format/chunks.hpp"
#include "format/frame.hpp"

namespace milepost::fuzz {
namespace {

using format::Index;
using format::Outline;
using format::Scope;
using format::Surroundings;

__extension__ using Wide = unsigned __int128;

Wide rounded_up(Wide value, Wide unit) {
    return (value + unit - 1) / unit * unit;
}

/// Section 4: where each chunk must lie, from nothing but the sizes. Returns the end of the last storage.
Wide check_chunks(const Index& index, const Outline& outline, std::uint32_t storage, Wide end,
                  std::uint64_t alignment, std::size_t& hashed, std::size_t& sized) {
    const format::StorageRecord& record = index.storages[storage];
    const bool large = record.nbytes >= format::kLargeStorageNbytes;
    Wide expected = rounded_up(end, large ? std::max<std::uint64_t>(alignment, 4096) : alignment);
    require(Wide{record.offset} == expected, "a storage lies where the sizes before it put it");
    Wide raw = 0;
    for (format::ChunkWalk walk(index, outline, storage); !walk.done(); walk.next()) {
        const format::Chunk& chunk = walk.chunk();
        const std::uint64_t stored = record.codec == 0 ? chunk.raw_nbytes : index.stored_nbytes[sized++];
        require(Wide{chunk.offset} == expected && chunk.stored_nbytes == stored && stored >= 1 &&
                    stored <= chunk.raw_nbytes && chunk.raw_nbytes <= codec::kChunkNbytes,
                "a chunk lies where the sizes before it put it");
        require(chunk.stored_checksum == &index.stored_checksums[hashed++] &&
                    (!chunk.is_compressed() ||
                     (chunk.raw_checksum >= index.raw_checksums.data() &&
                      chunk.raw_checksum < index.raw_checksums.data() + index.raw_checksums.size())),
                "a chunk has its checksums");
        raw += chunk.raw_nbytes;
        end = expected + stored;
        expected = rounded_up(end, 64);
    }
    require(raw == record.nbytes, "the chunks are the storage");
    return end;
}

void check_places(const Index& index, const Outline& outline, const Surroundings& surroundings) {
    Wide end = format::kHeadNbytes;
    std::size_t hashed = 0, sized = 0;
    for (std::uint32_t i = 0; i < index.storages.size(); ++i) {
        if (index.storages[i].nbytes == 0) {
            require(index.storages[i].offset == 0, "an empty storage lies nowhere");
            continue;
        }
        end = check_chunks(index, outline, i, end, surroundings.alignment, hashed, sized);
    }
    require(rounded_up(end, 64) == surroundings.index_offset, "the index follows the last storage");
    require(hashed == index.stored_checksums.size() && sized == index.stored_nbytes.size(),
            "the columns of chunks are used up");
}

std::uint64_t bits_of(const Index& index, std::uint8_t code) {
    const auto row = std::find_if(index.dtypes.begin(), index.dtypes.end(),
                                  [code](const format::DtypeRecord& dtype) { return dtype.code == code; });
    require(row != index.dtypes.end(), "a tensor's dtype is listed");
    return row->bits;
}

/// Bits from the tensor's first to behind its last; 0 without elements.
Wide reach_bits(std::span<const std::uint64_t> shape, std::span<const std::uint64_t> strides,
                std::uint64_t bits) {
    if (std::find(shape.begin(), shape.end(), 0U) != shape.end()) return 0;
    Wide elements = 1;
    for (std::size_t i = 0; i < shape.size(); ++i) {
        elements = strides.empty() ? elements * shape[i] : elements + Wide{shape[i] - 1} * strides[i];
        // So that the next step cannot wrap, nor the product with bits.
        require(elements < Wide{1} << 63U, "shape and strides are below their limits");
    }
    return elements * bits;
}

void check_tensors(const Index& index, const Outline& outline) {
    std::size_t dims = 0;
    for (std::size_t i = 0; i < index.tensors.size(); ++i) {
        const format::TensorRecord& tensor = index.tensors[i];
        require(tensor.storage < index.storages.size(), "a tensor's storage exists");
        require(outline.tensor_dims[i] == dims && index.dims.size() - dims >= tensor.rank,
                "a tensor has its dims");
        const auto shape = index.dims.subspan(dims, tensor.rank);
        dims += tensor.rank;
        std::span<const std::uint64_t> strides;
        if ((tensor.flags & format::kStridedFlag) != 0) {
            require(index.dims.size() - dims >= tensor.rank, "a tensor has its strides");
            strides = index.dims.subspan(dims, tensor.rank);
            dims += tensor.rank;
        }
        const Wide reach = reach_bits(shape, strides, bits_of(index, tensor.dtype));
        require(Wide{tensor.offset} * 8 + reach <= Wide{index.storages[tensor.storage].nbytes} * 8,
                "a tensor lies within its storage");
        require(outline.tensor_value[i] < index.values.size() && outline.share[outline.tensor_value[i]] == i,
                "a tensor has its value");
    }
    require(dims == index.dims.size(), "dims are used up");
}

void check_values(const Index& index, const Outline& outline) {
    std::vector<unsigned> parents(index.values.size());
    std::size_t bytes = 0, tensors = 0;
    for (std::size_t i = 0; i < index.values.size(); ++i) {
        const format::ValueRecord& value = index.values[i];
        const auto kind = static_cast<Kind>(value.kind);
        const std::uint64_t share = outline.share[i];
        if (kind >= Kind::list && kind <= Kind::dict) {
            for (std::uint64_t child = share; child < share + value.size; ++child) {
                require(child > i && child < parents.size(), "a child stands behind its parent");
                ++parents[child];
            }
        } else if (kind >= Kind::integer && kind <= Kind::bytes) {
            require(share == bytes && index.value_bytes.size() - bytes >= value.size,
                    "a value has its bytes");
            bytes += value.size;
        } else if (kind == Kind::tensor) {
            require(share == tensors++, "a value has its tensor");
        }
    }
    const std::size_t roots = index.entry_names.size() + index.models.size();
    for (std::size_t i = 0; i < parents.size(); ++i)
        require(parents[i] == (i < roots ? 0U : 1U), "every value but a root has one parent");
    require(bytes == index.value_bytes.size() && tensors == index.tensors.size(),
            "bytes and tensors of values are used up");
}

void check_scope(const Index& index, Scope scope) {
    std::set<std::string_view> names;
    std::string_view before;
    for (std::uint32_t i = 0; i < scope.count; ++i) {
        const std::uint32_t number = index.entry_order[scope.first + i];
        require(number < scope.count, "entry_order stays within its scope");
        const std::string_view name = index.entry_names[scope.first + number];
        require(!name.empty() && before < name && names.insert(name).second, "names ascend and are unique");
        require(format::find_entry(index, scope, name) == scope.first + number,
                "an entry is found by its name");
        before = name;
    }
}

void check_order(const Index& index, const Outline& outline) {
    std::vector<std::uint32_t> order(index.top_order.begin(), index.top_order.end());
    std::sort(order.begin(), order.end());
    require(order.size() == index.models.size() + index.optimizers.size() + outline.values_scope().count,
            "top_order names all parts");
    for (std::uint32_t i = 0; i < order.size(); ++i)
        require(order[i] == i, "top_order names each part once");
}

void check_scopes(const Index& index, const Outline& outline) {
    const std::size_t scopes = outline.scope_first.size() - 1;
    require(outline.scope_first.front() == 0 && outline.scope_first.back() == index.entry_names.size(),
            "the scopes are all entries");
    for (std::size_t i = 0; i < scopes; ++i) {
        require(outline.scope_first[i] <= outline.scope_first[i + 1], "scopes follow one another");
        check_scope(index, outline.scope(i));
    }
    require(scopes == index.models.size() + index.groups.size() + index.states.size() +
                          2 * index.optimizers.size() + 1,
            "every list of entries is a scope");
    for (std::size_t i = 0; i < index.groups.size(); ++i)
        require(
            outline.group_param[i] + std::size_t{index.groups[i].param_count} == outline.group_param[i + 1],
            "a group has its params");
}

void check_limits(const Index& index, const Limits& limits) {
    require(index.models.size() + index.optimizers.size() <= limits.max_tables,
            "tables are within the limit");
    for (const std::size_t records : {index.groups.size(), index.states.size(), index.entry_names.size(),
                                      index.values.size(), index.tensors.size(), index.storages.size()})
        require(records <= limits.max_records, "records are within the limit");
    for (const format::TensorRecord& tensor : index.tensors)
        require(tensor.rank <= limits.max_rank, "ranks are within the limit");
}

}  // namespace

void check_facts(const Index& index, const Outline& outline, const Surroundings& surroundings,
                 const Limits& limits) {
    check_places(index, outline, surroundings);
    check_tensors(index, outline);
    check_values(index, outline);
    check_scopes(index, outline);
    check_order(index, outline);
    check_limits(index, limits);
}

}  // namespace milepost::fuzz

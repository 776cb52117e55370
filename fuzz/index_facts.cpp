#include "index_facts.hpp"

#include <algorithm>
#include <cstdint>
#include <set>
#include <string_view>
#include <vector>

#include <milepost/value.hpp>

#include "assertions.hpp"
#include "format/chunks.hpp"
#include "format/file_layout.hpp"

namespace milepost::fuzz {
namespace {

using format::EntryList;
using format::Index;
using format::IndexOffsets;
using format::ValidationContext;

__extension__ using Wide = unsigned __int128;

Wide rounded_up(Wide value, Wide unit) {
    return (value + unit - 1) / unit * unit;
}

/// How many elements of the columns of chunks are taken.
struct ChunksTaken {
    std::size_t hashed = 0, sized = 0, compressed = 0;
};

/// Section 6.1: the number of stored sizes, or of tensors if no size is stored.
std::size_t storage_count(const Index& index) {
    return index.storage_nbytes.empty() ? index.tensor_layouts.size() : index.storage_nbytes.size();
}

std::uint64_t nbytes_of(const Index& index, const IndexOffsets& offsets, std::size_t storage) {
    if (!index.storage_nbytes.empty()) return index.storage_nbytes[storage];
    require(index.tensor_storages.empty() && index.tensor_offsets.empty(),
            "sizes that tensors give are whole");
    return offsets.layout_extent[index.tensor_layouts[storage]];
}

/// Section 4: where each chunk must be, computed from the sizes alone. Returns the end of the last storage.
Wide check_chunks(const Index& index, const IndexOffsets& offsets, std::uint32_t storage, Wide end,
                  std::uint64_t alignment, ChunksTaken& taken) {
    const std::uint64_t nbytes = nbytes_of(index, offsets, storage);
    const bool raw_codec = index.storage_codecs.empty() || index.storage_codecs[storage].code == 0;
    const bool large = nbytes >= format::kLargeStorageNbytes;
    Wide expected = rounded_up(end, large ? std::max<std::uint64_t>(alignment, 4096) : alignment);
    require(Wide{offsets.storage_begin[storage]} == expected,
            "a storage is where the sizes before it put it");
    Wide raw = 0;
    for (format::ChunkIterator walk(index, offsets, storage); !walk.done(); walk.next()) {
        const format::Chunk& chunk = walk.chunk();
        const std::uint64_t stored = raw_codec ? chunk.raw_nbytes : index.stored_nbytes[taken.sized++];
        require(Wide{chunk.offset} == expected && chunk.stored_nbytes == stored && stored >= 1 &&
                    stored <= chunk.raw_nbytes && chunk.raw_nbytes <= codec::kChunkNbytes,
                "a chunk is where the sizes before it put it");
        const format::Digest* stored_checksum = &index.stored_checksums[taken.hashed++];
        const format::Digest* raw_checksum =
            stored < chunk.raw_nbytes ? &index.raw_checksums[taken.compressed++] : stored_checksum;
        require(chunk.stored_checksum == stored_checksum && chunk.raw_checksum == raw_checksum,
                "a chunk has its checksums");
        raw += chunk.raw_nbytes;
        end = expected + stored;
        expected = rounded_up(end, 64);
    }
    require(raw == nbytes, "the chunks are the storage");
    return end;
}

void check_codecs(const Index& index) {
    require(index.storage_codecs.empty() || index.storage_codecs.size() == storage_count(index),
            "each storage has a codec, or none has");
    for (const format::CodecRecord& codec : index.storage_codecs)
        require(codec.code <= 1 && codec.parameter == 0, "a codec is raw or zstd, without a parameter");
}

void check_places(const Index& index, const IndexOffsets& offsets,
                  const ValidationContext& validation_context) {
    check_codecs(index);
    Wide end = format::kHeaderNbytes;
    ChunksTaken taken;
    for (std::uint32_t i = 0; i < storage_count(index); ++i) {
        require(offsets.storage_chunk[i] == taken.hashed, "a storage begins with its first chunk");
        if (nbytes_of(index, offsets, i) == 0) continue;
        end = check_chunks(index, offsets, i, end, validation_context.alignment, taken);
    }
    require(rounded_up(end, 64) == validation_context.index_offset, "the index follows the last storage");
    require(taken.hashed == index.stored_checksums.size() && taken.sized == index.stored_nbytes.size() &&
                taken.compressed == index.raw_checksums.size(),
            "the columns of chunks are used up");
}

std::uint64_t bits_of(const Index& index, std::uint8_t code) {
    const auto row = std::find_if(index.dtypes.begin(), index.dtypes.end(),
                                  [code](const format::DtypeRecord& dtype) { return dtype.code == code; });
    require(row != index.dtypes.end(), "a layout's dtype is listed");
    return row->bits;
}

using Numbers = std::span<const std::uint64_t>;

/// Bits from the first to the end of the last element of a tensor; 0 without elements.
Wide reach_bits(Numbers shape, Numbers strides, std::uint64_t bits) {
    if (std::find(shape.begin(), shape.end(), 0U) != shape.end()) return 0;
    Wide elements = 1;
    for (std::size_t i = 0; i < shape.size(); ++i) {
        elements = strides.empty() ? elements * shape[i] : elements + Wide{shape[i] - 1} * strides[i];
        // So that the next step cannot wrap, nor the product with bits.
        require(elements < Wide{1} << 63U, "shape and strides are below their limits");
    }
    return elements * bits;
}

/// Whether the strides are those of a contiguous tensor. Section 10: such strides are not stored.
bool is_contiguous(Numbers shape, Numbers strides) {
    Wide expected = 1;
    for (std::size_t i = shape.size(); i-- > 0;) {
        if (shape[i] != 1 && strides[i] != expected) return false;
        expected *= shape[i];
    }
    return true;
}

void check_size(Numbers shape, std::uint64_t bits) {
    Wide product = bits;
    for (const std::uint64_t dim : shape) {
        product *= dim == 0 ? 1 : dim;
        require(product < Wide{1} << 63U, "dims that are not 0 are below their limit");
    }
}

/// What a tensor of a layout needs to know of it.
struct LayoutFacts {
    Wide reach_bits;
    std::uint64_t element;  ///< 1 where it is less than a byte
};

std::vector<LayoutFacts> check_layouts(const Index& index, const IndexOffsets& offsets) {
    std::vector<LayoutFacts> facts;
    std::set<std::uint8_t> used;
    std::size_t dims = 0;
    auto take = [&](std::size_t count) {
        require(index.dims.size() - dims >= count, "a layout has its dims and strides");
        dims += count;
        return index.dims.subspan(dims - count, count);
    };
    for (std::size_t i = 0; i < index.layouts.size(); ++i) {
        const format::LayoutRecord& layout = index.layouts[i];
        require(layout.flags <= 1 && layout.reserved == 0,
                "a layout has known flags, its reserved field is 0");
        require(offsets.layout_dims[i] == dims, "a layout's dims begin where those before it end");
        const std::uint64_t bits = bits_of(index, layout.dtype);
        const Numbers shape = take(layout.rank);
        const Numbers strides = layout.flags == 1 ? take(layout.rank) : Numbers();
        check_size(shape, bits);
        const Wide reach = reach_bits(shape, strides, bits);
        if (layout.flags == 1)
            require(bits % 8 == 0 && reach != 0 && !is_contiguous(shape, strides),
                    "strides are of whole bytes and elements, and not contiguous");
        require(bits >= 8 || reach % 8 == 0, "elements of less than a byte fill bytes");
        require(Wide{offsets.layout_extent[i]} * 8 == reach, "the reach of a layout is that of its elements");
        facts.push_back({reach, bits < 8 ? 1 : bits / 8});
        used.insert(layout.dtype);
    }
    require(dims == index.dims.size(), "dims are used up");
    require(used.size() == index.dtypes.size(), "the listed dtypes are those of the layouts");
    return facts;
}

/// Whether the column is omitted (all values are the default) or has one value for each element.
template <class Column>
bool may_be(const Column& column, std::size_t count) {
    return column.empty() || column.size() == count;
}

void check_tensors(const Index& index, const IndexOffsets& offsets) {
    const std::vector<LayoutFacts> layouts = check_layouts(index, offsets);
    const std::size_t tensors = index.tensor_layouts.size();
    require(may_be(index.tensor_storages, tensors) && may_be(index.tensor_offsets, tensors) &&
                offsets.tensor_value.size() == tensors,
            "the columns of tensors have one size, or are empty");
    std::vector<bool> viewed(storage_count(index));
    for (std::size_t i = 0; i < tensors; ++i) {
        require(index.tensor_layouts[i] < layouts.size(), "a tensor's layout exists");
        const LayoutFacts& layout = layouts[index.tensor_layouts[i]];
        const std::size_t storage = index.tensor_storages.empty() ? i : index.tensor_storages[i];
        const std::uint64_t offset = index.tensor_offsets.empty() ? 0 : index.tensor_offsets[i];
        require(storage < viewed.size(), "a tensor's storage exists");
        viewed[storage] = true;
        require(offset % layout.element == 0, "a tensor begins with a whole element");
        require(Wide{offset} * 8 + layout.reach_bits <= Wide{nbytes_of(index, offsets, storage)} * 8,
                "a tensor is within its storage");
        require(
            offsets.tensor_value[i] < index.values.size() && offsets.data_begin[offsets.tensor_value[i]] == i,
            "a tensor has its value");
    }
    require(std::find(viewed.begin(), viewed.end(), false) == viewed.end(), "a tensor views each storage");
}

bool has_children(Kind kind) {
    return kind == Kind::list || kind == Kind::tuple || kind == Kind::set || kind == Kind::dict;
}

bool has_bytes(Kind kind) {
    return kind == Kind::integer || kind == Kind::floating || kind == Kind::complex || kind == Kind::string ||
           kind == Kind::bytes;
}

/// Of the next value: bytes or children.
std::uint64_t take_size(const Index& index, Kind kind, std::size_t& sizes) {
    if (kind == Kind::floating) return 8;
    if (kind == Kind::complex) return 16;
    if (!has_children(kind) && !has_bytes(kind)) return 0;
    require(sizes < index.value_sizes.size(), "a value has its size");
    const std::uint32_t size = index.value_sizes[sizes++];
    require(kind != Kind::integer || (size >= 1 && size <= 255), "an int has 1 to 255 bytes");
    return size;
}

void check_values(const Index& index, const IndexOffsets& offsets) {
    std::vector<unsigned> parents(index.values.size());
    std::size_t sizes = 0, bytes = 0, tensors = 0;
    for (std::size_t i = 0; i < index.values.size(); ++i) {
        const format::ValueRecord& value = index.values[i];
        const auto kind = static_cast<Kind>(value.kind);
        const std::uint64_t begin = offsets.data_begin[i];
        const std::uint64_t size = take_size(index, kind, sizes);
        require(offsets.value_size[i] == size, "a value's size is its own");
        if (has_children(kind)) {
            for (std::uint64_t child = begin; child < begin + size; ++child) {
                require(child > i && child < parents.size(), "a child comes after its parent");
                ++parents[child];
            }
        } else if (has_bytes(kind)) {
            require(begin == bytes && index.value_bytes.size() - bytes >= size, "a value has its bytes");
            bytes += size;
        } else if (kind == Kind::tensor) {
            require(begin == tensors++, "a value has its tensor");
        } else {
            require(kind == Kind::null ? value.subtype == 0 : kind == Kind::boolean && value.subtype <= 1,
                    "a value without parts is None, False or True");
        }
    }
    const std::size_t roots = index.entry_names.size() + index.models.size();
    for (std::size_t i = 0; i < parents.size(); ++i)
        require(parents[i] == (i < roots ? 0U : 1U), "every value but a root has one parent");
    require(sizes == index.value_sizes.size() && bytes == index.value_bytes.size() &&
                tensors == index.tensor_layouts.size(),
            "sizes, bytes and tensors of values are used up");
}

void check_entry_list(const Index& index, EntryList entry_list) {
    std::set<std::string_view> names;
    std::string_view before;
    for (std::uint32_t i = 0; i < entry_list.count; ++i) {
        const std::uint32_t number = index.entry_order[entry_list.first + i];
        require(number < entry_list.count, "entry_order stays within its entry list");
        const std::string_view name = index.entry_names[entry_list.first + number];
        require(!name.empty() && before < name && names.insert(name).second, "names ascend and are unique");
        require(format::find_entry(index, entry_list, name) == entry_list.first + number,
                "an entry is found by its name");
        before = name;
    }
}

/// Each key leads to its index, every index of the optimizer has a key, and every key is of a parameter.
void check_param_keys(const Index& index, const IndexOffsets& offsets) {
    std::size_t taken = 0;
    for (std::size_t o = 0; o < index.optimizers.size(); ++o) {
        const EntryList keys = offsets.param_keys(o);
        require(keys.first == taken &&
                    keys.count == (index.param_key_counts.empty() ? 0 : index.param_key_counts[o]),
                "an optimizer has its param keys");
        taken += keys.count;
        for (std::uint32_t i = 0; i < keys.count; ++i)
            require(format::find_param_key(index, keys, index.param_keys[keys.first + i]) == i,
                    "a parameter is found by its key");
        std::set<std::uint64_t> params;
        for (auto g = offsets.optimizer_group[o]; g < offsets.optimizer_group[o + 1]; ++g) {
            for (auto p = offsets.group_param[g]; p < offsets.group_param[g + 1]; ++p)
                params.insert(index.params[p]);
        }
        for (std::uint32_t i = 0; i < keys.count; ++i)
            require(params.erase(i) == 1, "a param key is of a parameter");
        require(keys.count == 0 || params.empty(), "a parameter has its key");
        for (auto s = offsets.optimizer_state[o]; s < offsets.optimizer_state[o + 1]; ++s)
            require(keys.count == 0 || index.states[s].index < keys.count, "a state has its key");
    }
    require(taken == index.param_keys.size() && taken == index.param_key_order.size(),
            "param keys are used up");
}

void check_order(const Index& index, const IndexOffsets& offsets) {
    std::vector<std::uint32_t> order(index.top_order.begin(), index.top_order.end());
    std::sort(order.begin(), order.end());
    require(order.size() == index.models.size() + index.optimizers.size() + offsets.values_entry_list().count,
            "top_order names all parts");
    for (std::uint32_t i = 0; i < order.size(); ++i)
        require(order[i] == i, "top_order names each part once");
}

void check_scopes(const Index& index, const IndexOffsets& offsets) {
    const std::size_t entry_lists = offsets.entry_list_first.size() - 1;
    require(
        offsets.entry_list_first.front() == 0 && offsets.entry_list_first.back() == index.entry_names.size(),
        "the entry lists are all entries");
    for (std::size_t i = 0; i < entry_lists; ++i) {
        require(offsets.entry_list_first[i] <= offsets.entry_list_first[i + 1],
                "entry lists follow one another");
        check_entry_list(index, offsets.entry_list(i));
    }
    require(entry_lists == index.models.size() + index.groups.size() + index.states.size() +
                               2 * index.optimizers.size() + 1,
            "every list of entries is an entry list");
    for (std::size_t i = 0; i < index.groups.size(); ++i)
        require(
            offsets.group_param[i] + std::size_t{index.groups[i].param_count} == offsets.group_param[i + 1],
            "a group has its params");
}

void check_limits(const Index& index, const Limits& limits) {
    require(index.models.size() + index.optimizers.size() <= limits.max_tables,
            "tables are within the limit");
    for (const std::size_t records :
         {index.groups.size(), index.states.size(), index.entry_names.size(), index.values.size(),
          index.layouts.size(), index.tensor_layouts.size(), storage_count(index)})
        require(records <= limits.max_records, "records are within the limit");
    for (const format::LayoutRecord& layout : index.layouts)
        require(layout.rank <= std::min<std::uint32_t>(limits.max_rank, 64), "ranks are within the limit");
}

/// The numbers of a layout that tell it from others; its dims begin at `first`.
std::vector<std::uint64_t> layout_key(const Index& index, std::size_t layout, std::size_t first) {
    const format::LayoutRecord& record = index.layouts[layout];
    const std::size_t count = std::size_t{record.rank} << record.flags;
    std::vector<std::uint64_t> key = {record.dtype, record.rank, record.flags};
    key.insert(key.end(), index.dims.begin() + static_cast<std::ptrdiff_t>(first),
               index.dims.begin() + static_cast<std::ptrdiff_t>(first + count));
    return key;
}

/// The layouts in the order in which tensors first have them, each once.
bool has_canonical_layouts(const Index& index, const IndexOffsets& offsets) {
    std::vector<std::uint32_t> order;
    for (const std::uint32_t layout : index.tensor_layouts) {
        if (std::find(order.begin(), order.end(), layout) == order.end()) order.push_back(layout);
    }
    std::vector<std::vector<std::uint64_t>> keys;
    for (std::size_t i = 0; i < index.layouts.size(); ++i) {
        if (i >= order.size() || order[i] != i) return false;
        keys.push_back(layout_key(index, i, offsets.layout_dims[i]));
        if (std::find(keys.begin(), keys.end() - 1, keys.back()) != keys.end() - 1) return false;
    }
    return true;
}

}  // namespace

bool has_canonical_columns(const Index& index, const IndexOffsets& offsets) {
    bool says_storages = index.tensor_layouts.size() != storage_count(index);
    for (std::size_t i = 0; i < index.tensor_storages.size(); ++i)
        says_storages = says_storages || index.tensor_storages[i] != i;
    const bool says_offsets = std::any_of(index.tensor_offsets.begin(), index.tensor_offsets.end(),
                                          [](std::uint64_t offset) { return offset != 0; });
    const bool says_codecs =
        std::any_of(index.storage_codecs.begin(), index.storage_codecs.end(),
                    [](const format::CodecRecord& codec) { return codec.code != 0 || codec.parameter != 0; });
    const bool says_keys = index.param_keys.size() != 0;
    bool says_nbytes = says_storages || says_offsets;
    for (std::size_t i = 0; i < index.storage_nbytes.size() && !says_nbytes; ++i)
        says_nbytes = index.storage_nbytes[i] != offsets.layout_extent[index.tensor_layouts[i]];
    return (index.storage_nbytes.empty() || says_nbytes) &&
           (index.tensor_storages.empty() || says_storages) &&
           (index.tensor_offsets.empty() || says_offsets) && (index.storage_codecs.empty() || says_codecs) &&
           (index.param_key_counts.empty() || says_keys) && has_canonical_layouts(index, offsets);
}

void check_facts(const Index& index, const IndexOffsets& offsets, const ValidationContext& validation_context,
                 const Limits& limits) {
    check_places(index, offsets, validation_context);
    check_tensors(index, offsets);
    check_values(index, offsets);
    check_scopes(index, offsets);
    check_param_keys(index, offsets);
    check_order(index, offsets);
    check_limits(index, limits);
}

}  // namespace milepost::fuzz

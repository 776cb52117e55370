// Rules 14 to 16 and 23 to 30: dtypes, layouts and tensors.

#include <cstddef>
#include <cstdint>
#include <set>
#include <string_view>
#include <vector>

#include "naive_reading.hpp"

namespace milepost::fuzz::naive {
namespace {

using format::Index;

constexpr Wide kTwoTo63 = Wide{1} << 63U;

struct KnownDtype {
    std::uint8_t code;
    std::string_view name;
    std::uint16_t bits;
};

/// The table of section 6.3.
constexpr KnownDtype kKnownDtypes[] = {
    {1, "bool", 8}, {10, "f16", 16},        {19, "f8_e5m2fnuz", 8},     //
    {2, "i8", 8},   {11, "bf16", 16},       {20, "f8_e8m0fnu", 8},      //
    {3, "i16", 16}, {12, "f32", 32},        {21, "f8_e3m4", 8},         //
    {4, "i32", 32}, {13, "f64", 64},        {22, "f8_e4m3", 8},         //
    {5, "i64", 64}, {14, "c64", 64},        {23, "f8_e4m3b11fnuz", 8},  //
    {6, "u8", 8},   {15, "c128", 128},      {24, "f6_e2m3fn", 6},       //
    {7, "u16", 16}, {16, "f8_e4m3fn", 8},   {25, "f6_e3m2fn", 6},       //
    {8, "u32", 32}, {17, "f8_e5m2", 8},     {26, "f4_e2m1fn", 4},       //
    {9, "u64", 64}, {18, "f8_e4m3fnuz", 8},
};

/// Requires: it is listed.
std::uint64_t bits_of(const Index& index, std::uint8_t code) {
    std::uint64_t bits = 0;
    for (const format::DtypeRecord& dtype : index.dtypes) {
        if (dtype.code == code) bits = dtype.bits;
    }
    return bits;
}

/// Each dtype of a layout is listed, and the other way round.
bool dtypes_are_those_of_layouts(const Index& index) {
    std::set<std::uint8_t> listed, used;
    for (const format::DtypeRecord& dtype : index.dtypes)
        listed.insert(dtype.code);
    for (const format::LayoutRecord& layout : index.layouts)
        used.insert(layout.dtype);
    return listed == used;
}

bool tensors_refer_to_what_exists(const Index& index) {
    for (const std::uint32_t layout : index.tensor_layouts) {
        if (layout >= index.layouts.size()) return false;
    }
    for (const std::uint32_t storage : index.tensor_storages) {
        if (storage >= storage_count(index)) return false;
    }
    return true;
}

std::size_t count_tensors(const Index& index) {
    std::size_t tensors = 0;
    for (const format::ValueRecord& value : index.values)
        tensors += value.kind == kTensor ? 1 : 0;
    return tensors;
}

/// Section 10: in row-major order; a dim of 1 may have any stride. Requires: no dim is 0.
bool is_contiguous(const Layout& layout) {
    Wide expected = 1;
    for (std::size_t i = layout.shape.size(); i-- > 0;) {
        if (layout.shape[i] != 1 && layout.strides[i] != expected) return false;
        expected *= layout.shape[i];
    }
    return true;
}

/// Rule 29 for one layout. Requires: the products fit.
bool read_strides(Layout& layout) {
    if (layout.bits % 8 != 0) return false;
    for (std::size_t i = 0; i < layout.shape.size(); ++i) {
        if (layout.shape[i] == 0 || layout.strides[i] >= kTwoTo63) return false;
    }
    if (is_contiguous(layout)) return false;
    const Wide element = layout.bits / 8;
    Wide sum = 0;
    for (std::size_t i = 0; i < layout.shape.size(); ++i) {
        // Both factors and what there is already are below 2^63: nothing wraps.
        sum += Wide{layout.shape[i] - 1} * layout.strides[i];
        if (sum >= kTwoTo63 || sum * element >= kTwoTo63) return false;
    }
    layout.reach = (sum + 1) * element;
    return true;
}

}  // namespace

std::size_t storage_count(const Index& index) {
    return index.storage_nbytes.empty() ? index.tensor_layouts.size() : index.storage_nbytes.size();
}

std::size_t storage_of(const Index& index, std::size_t tensor) {
    return index.tensor_storages.empty() ? tensor : index.tensor_storages[tensor];
}

Wide nbytes_of(const Reading& reading, std::size_t storage) {
    const Index& index = reading.index;
    if (!index.storage_nbytes.empty()) return index.storage_nbytes[storage];
    return reading.layouts[index.tensor_layouts[storage]].reach;
}

/// Rule 14.
bool reserved_is_zero(Reading& reading) {
    for (const format::StateRecord& state : reading.index.states) {
        if (state.reserved != 0) return false;
    }
    for (const format::DtypeRecord& dtype : reading.index.dtypes) {
        if (dtype.reserved != 0) return false;
    }
    for (const format::LayoutRecord& layout : reading.index.layouts) {
        if (layout.reserved != 0) return false;
    }
    return true;
}

/// Rule 15.
bool dtypes_ascend(Reading& reading) {
    for (std::size_t i = 1; i < reading.index.dtypes.size(); ++i) {
        if (reading.index.dtypes[i].code <= reading.index.dtypes[i - 1].code) return false;
    }
    return true;
}

/// Rule 16.
bool dtypes_agree_with_table(Reading& reading) {
    for (std::size_t i = 0; i < reading.index.dtypes.size(); ++i) {
        const format::DtypeRecord& dtype = reading.index.dtypes[i];
        if (dtype.bits < 1 || dtype.bits > 65528 || (dtype.bits > 8 && dtype.bits % 8 != 0)) return false;
        for (const KnownDtype& known : kKnownDtypes) {
            if (known.code != dtype.code) continue;
            if (reading.texts[kDtypeNames][i] != known.name || dtype.bits != known.bits) return false;
        }
    }
    return true;
}

/// Rule 23.
bool tensor_columns_fit(Reading& reading) {
    const Index& index = reading.index;
    const std::size_t tensors = index.tensor_layouts.size(), storages = storage_count(index);
    if (count_tensors(index) != tensors) return false;
    const bool each_its_storage = tensors > 0 && index.tensor_storages.empty() && storages == tensors;
    if (index.tensor_storages.size() != tensors && !each_its_storage) return false;
    if (index.tensor_offsets.size() != tensors && !index.tensor_offsets.empty()) return false;
    const bool tensors_give_sizes = index.tensor_storages.empty() && index.tensor_offsets.empty();
    if (index.storage_nbytes.empty() && !tensors_give_sizes) return false;
    if (index.storage_codecs.size() != storages && !index.storage_codecs.empty()) return false;
    return dtypes_are_those_of_layouts(index) && tensors_refer_to_what_exists(index);
}

/// Rule 24.
bool layout_flags_known(Reading& reading) {
    for (const format::LayoutRecord& layout : reading.index.layouts) {
        if (layout.flags > 1) return false;
    }
    return true;
}

/// Rule 25.
bool ranks_within_limit(Reading& reading) {
    for (const format::LayoutRecord& layout : reading.index.layouts) {
        if (layout.rank > 64 || layout.rank > reading.limits.max_rank) return false;
    }
    return true;
}

/// Rule 26.
bool dims_used_up(Reading& reading) {
    std::size_t next = 0;
    bool enough = true;
    const auto take = [&](std::size_t count) {
        std::vector<std::uint64_t> dims;
        for (std::size_t i = 0; i < count && enough; ++i) {
            enough = next < reading.index.dims.size();
            if (enough) dims.push_back(reading.index.dims[next++]);
        }
        return dims;
    };
    for (const format::LayoutRecord& record : reading.index.layouts) {
        Layout& layout = reading.layouts.emplace_back();
        layout.bits = bits_of(reading.index, record.dtype);
        layout.shape = take(record.rank);
        layout.strided = record.flags == 1;
        if (layout.strided) layout.strides = take(record.rank);
    }
    return enough && next == reading.index.dims.size();
}

/// Rule 27.
bool products_fit(Reading& reading) {
    for (Layout& layout : reading.layouts) {
        Wide product = layout.bits;
        bool has_elements = true;
        for (const std::uint64_t dim : layout.shape) {
            if (dim == 0) has_elements = false;
            if (dim != 0) product *= dim;
            // Before the next factor: so that no product of two wraps.
            if (product >= kTwoTo63) return false;
        }
        layout.reach = has_elements ? (product + 7) / 8 : 0;
    }
    return true;
}

/// Rule 28.
bool small_elements_fill_bytes(Reading& reading) {
    for (const Layout& layout : reading.layouts) {
        Wide bits = layout.bits;
        for (const std::uint64_t dim : layout.shape)
            bits *= dim;
        if (layout.bits < 8 && bits % 8 != 0) return false;
    }
    return true;
}

/// Rule 29.
bool strides_fit(Reading& reading) {
    for (Layout& layout : reading.layouts) {
        if (layout.strided && !read_strides(layout)) return false;
    }
    return true;
}

/// Rule 30.
bool tensors_within_storages(Reading& reading) {
    const Index& index = reading.index;
    for (std::size_t i = 0; i < index.tensor_layouts.size(); ++i) {
        const Layout& layout = reading.layouts[index.tensor_layouts[i]];
        const Wide offset = index.tensor_offsets.empty() ? 0 : index.tensor_offsets[i];
        if (layout.bits >= 8 && offset % (layout.bits / 8) != 0) return false;
        if (offset + layout.reach > nbytes_of(reading, storage_of(index, i))) return false;
    }
    return true;
}

}  // namespace milepost::fuzz::naive

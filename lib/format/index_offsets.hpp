#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "base/aligned_buffer.hpp"
#include "format/index.hpp"

namespace milepost::format {

/// A list of entries with unique names, or of the param keys of an optimizer.
struct EntryList {
    std::uint32_t first = 0;
    std::uint32_t count = 0;
};

/// What an encoded storage takes from the columns of the chunks.
struct EncodedStart {
    std::uint64_t stored_nbytes = 0;  ///< from its first byte in the file to the end of its last chunk
    std::uint32_t stored_size = 0;    ///< the first of its chunks in stored_nbytes
    std::uint32_t raw_checksum = 0;
};

/// Offsets derived from the index: where the data of each element begins in the other columns (section 6.1),
/// and where storages begin in the file. Not stored; derive_offsets.hpp computes them while the index is
/// validated. Entry lists are numbered in the order of the file: models, then for each optimizer its groups,
/// its states, its state extra entries, its extra entries; last, the top-level values. Move-only.
class IndexOffsets {
public:
    IndexOffsets() noexcept = default;
    /// Room for all of it, not yet filled, in one block: an open allocates little. Requires: rule 2. Throws
    /// std::bad_alloc.
    explicit IndexOffsets(const Index& index);

    using Numbers = std::span<std::uint32_t>;
    Numbers entry_list_first;  ///< of each entry list, and the end
    Numbers
        optimizer_entry_list;  ///< the first entry list of each optimizer, and that of the top-level values
    Numbers optimizer_group;   ///< the first group of each optimizer, and the end
    Numbers optimizer_state;   ///< likewise
    Numbers optimizer_key;     ///< the first param key of each optimizer, and the end
    Numbers group_param;       ///< the first param of each group, and the end
    Numbers group_name;        ///< the first param_name of each group, and the end
    Numbers data_begin;        ///< of each value: tensor number, first child, or first byte
    Numbers value_size;        ///< of each value: number of its bytes or children; else 0
    Numbers tensor_value;      ///< of each tensor: its value
    Numbers layout_dims;       ///< the first dim of each layout
    Numbers layout_element;    ///< bytes of an element; 0 where it is part of one
    Numbers storage_chunk;     ///< the first chunk of each storage, and the end
    std::span<std::uint64_t>
        storage_begin;  ///< of each storage in the file; unspecified where it has no bytes
    std::span<std::uint64_t> layout_extent;  ///< bytes from the first byte of a tensor to the end of its last
    std::vector<EncodedStart> encoded;       ///< of each storage, and the end; empty if all are raw

    [[nodiscard]] EntryList entry_list(std::size_t number) const noexcept {
        return {entry_list_first[number], entry_list_first[number + 1] - entry_list_first[number]};
    }
    [[nodiscard]] EntryList values_entry_list() const noexcept {
        return entry_list(entry_list_first.size() - 2);
    }

    /// The param keys of an optimizer; none where its parameters are keyed by their index.
    [[nodiscard]] EntryList param_keys(std::size_t optimizer) const noexcept {
        return {optimizer_key[optimizer], optimizer_key[optimizer + 1] - optimizer_key[optimizer]};
    }

    /// Raw bytes of a storage.
    [[nodiscard]] std::uint64_t storage_nbytes(const Index& index, std::size_t storage) const noexcept {
        return index.storage_nbytes.empty() ? layout_extent[index.tensor_layouts[storage]]
                                            : index.storage_nbytes[storage];
    }

private:
    base::AlignedBuffer block_;
};

/// The entry of that name, by binary search. Requires: a validated entry_order.
[[nodiscard]] std::optional<std::uint32_t> find_entry(const Index& index, EntryList entry_list,
                                                      std::string_view name) noexcept;

/// The index of the parameter with that key, by binary search; nothing if the optimizer does not have the
/// key. Requires: a validated param_key_order.
[[nodiscard]] std::optional<std::uint32_t> find_param_key(const Index& index, EntryList param_keys,
                                                          std::string_view key) noexcept;

}  // namespace milepost::format

#pragma once

#include <string_view>

#include <milepost/checkpoint.hpp>
#include <milepost/result.hpp>

#include "convert/import_input.hpp"

namespace milepost::convert::hdf5 {

// What an HDF5 file becomes in a checkpoint, and the names of its parts:
//
//     model            the datasets of numbers, under their paths without the leading slash
//     attributes       path of an object ("/" for the root) -> name -> value
//     texts            datasets of texts: path -> str, or nested lists of them
//     milepost.python  that a file of tensors is what the checkpoint is
//
// Reading goes through the structures of the file format specification in this order: superblock ->
// object_header -> group (btree_v1, or btree_v2 and fractal_heap) -> dataset (datatype, dataspace, layout,
// chunk_index) -> chunked_source, attributes. No tensor is read.
inline constexpr std::string_view kAttributes = "attributes", kTexts = "texts";

/// FormatRow has what the function does.
[[nodiscard]] Result<Checkpoint> import_hdf5(const ImportInput& input);

}  // namespace milepost::convert::hdf5

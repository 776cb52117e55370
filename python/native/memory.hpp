#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>
#include <vector>

#include <nanobind/nanobind.h>

#include <milepost/milepost.hpp>

#include "interruptible.hpp"
#include "open_file.hpp"
#include "tensor.hpp"
#include "types.hpp"

namespace milepost::python {

/// A memoryview of bytes that lives as long as `owner` is kept alive by it.
///@{
[[nodiscard]] nanobind::object view_of(std::span<const std::byte> bytes, nanobind::handle owner);
[[nodiscard]] nanobind::object writable_view_of(std::span<std::byte> bytes, nanobind::handle owner);
///@}

/// The whole storage of a tensor in the mapped file, as a memoryview that keeps the file open: read-only, or
/// private to the process and writable. The checksums of the tensor's own bytes are compared; None if it has
/// none. Requires: the tensor is mapped.
[[nodiscard]] nanobind::object mapped_storage(const TensorHandle& tensor, bool writable);

/// Reads tensors of one file into fresh memory: a writable memoryview for each, contiguous.
[[nodiscard]] ListOf<nanobind::object> read_tensors(const OpenFile& file,
                                                    const std::vector<TensorHandle>& tensors,
                                                    unsigned threads, const ProgressFunction& progress);

/// Memory of the caller: its address, and its size in bytes.
using Place = std::pair<std::uintptr_t, std::uint64_t>;

/// Reads tensors of one file, contiguous, into memory of the caller. Requires: the memory is there during the
/// call. Raises invalid_argument/layout if a size is not that of the tensor, or if two places overlap.
void read_into(const OpenFile& file, const std::vector<TensorHandle>& tensors,
               const std::vector<Place>& places, unsigned threads, const ProgressFunction& progress);

/// Compares the checksums of many tensors of mapped storages, on several threads.
void check_tensors(const std::vector<TensorHandle>& tensors, unsigned threads,
                   const ProgressFunction& progress);

}  // namespace milepost::python

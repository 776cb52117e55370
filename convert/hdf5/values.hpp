#pragma once

#include <cstddef>
#include <span>

#include <milepost/result.hpp>
#include <milepost/tensor.hpp>
#include <milepost/value.hpp>

#include "convert/hdf5/dataspace.hpp"
#include "convert/hdf5/datatype.hpp"
#include "convert/hdf5/file.hpp"
#include "convert/hdf5/global_heap.hpp"

namespace milepost::convert::hdf5 {

/// Makes values of elements: of attributes, and of datasets of texts.
class ValueMaker {
public:
    explicit ValueMaker(File& file) noexcept : file_(file), heaps_(file) {}

    /// A value for a scalar, lists within lists for other shapes, and null where there is no dataspace.
    /// Requires: `bytes` are all elements. Errors: those of GlobalHeaps; limit_exceeded/decoded_bytes,
    /// /records, /depth; unsupported/feature for opaque bytes. Throws std::bad_alloc.
    [[nodiscard]] Result<Value> make(const Datatype& type, const Dataspace& space,
                                     std::span<const std::byte> bytes);

private:
    Result<Value> make_list(const Datatype& type, const Shape& shape, std::size_t axis,
                            std::span<const std::byte>& rest);
    Result<Value> make_scalar(const Datatype& type, std::span<const std::byte> element);
    Result<Value> make_varied_text(std::span<const std::byte> element);
    Result<Value> make_text(std::span<const std::byte> bytes);

    File& file_;
    GlobalHeaps heaps_;
};

}  // namespace milepost::convert::hdf5

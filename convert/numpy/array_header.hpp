#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>

#include <milepost/options.hpp>
#include <milepost/result.hpp>
#include <milepost/tensor.hpp>

#include "convert/numpy/descr.hpp"

namespace milepost::convert::numpy {

/// The header of a `.npy`: what its data is, and where it begins.
struct ArrayHeader {
    ElementType type;
    Shape shape;
    Strides strides;               ///< of an array in Fortran order; else empty
    std::uint64_t data_begin = 0;  ///< bytes before the data
    std::uint64_t data_nbytes = 0;
};

/// Fills a span with the first bytes of the file.
using ReadBegin = std::function<Result<void>(std::span<std::byte> to)>;

/// Reads and decodes the header of a `.npy` of `size` bytes, format versions 1.0, 2.0 and 3.0. The data ends
/// where the file does.
///
/// Errors: not_a_checkpoint/magic; unsupported/feature for other versions and what parse_descr() refuses;
/// corrupt/foreign if the header is not the dict that NumPy writes, or bytes follow the data; truncated/cut;
/// limit_exceeded/rank, /index_bytes; those of `read_begin`. Throws std::bad_alloc.
[[nodiscard]] Result<ArrayHeader> read_array_header(std::uint64_t size, const ReadBegin& read_begin,
                                                    const Limits& limits);

/// The header that NumPy writes for such an array in C order; its size is a multiple of 64. Throws
/// std::bad_alloc.
[[nodiscard]] std::string encode_array_header(std::string_view descr, const Shape& shape);

}  // namespace milepost::convert::numpy

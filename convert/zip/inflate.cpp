#include "convert/zip/inflate.hpp"

#include <cstddef>
#include <new>
#include <span>

#include <zlib.h>

namespace milepost::convert {

bool inflate_stream(std::span<const std::byte> from, std::span<std::byte> to) {
    auto taken = static_cast<uLong>(from.size());
    auto made = static_cast<uLongf>(to.size());
    const int status = uncompress2(reinterpret_cast<Bytef*>(to.data()), &made,
                                   reinterpret_cast<const Bytef*>(from.data()), &taken);
    if (status == Z_MEM_ERROR) throw std::bad_alloc();
    return status == Z_OK && made == to.size() && taken == from.size();
}

}  // namespace milepost::convert

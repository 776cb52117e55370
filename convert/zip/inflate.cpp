#include "convert/zip/inflate.hpp"

#include <algorithm>
#include <cstddef>
#include <limits>
#include <new>
#include <span>

#include <zlib.h>

namespace milepost::convert {
namespace {

constexpr std::size_t kGreatestPart = std::numeric_limits<uInt>::max();

/// Frees what zlib keeps of a stream.
class Stream {
public:
    Stream() {
        if (inflateInit(&zlib) != Z_OK) throw std::bad_alloc();
    }
    Stream(const Stream&) = delete;
    Stream& operator=(const Stream&) = delete;
    ~Stream() { inflateEnd(&zlib); }

    z_stream zlib = {};
};

}  // namespace

bool inflate_stream(std::span<const std::byte> from, std::span<std::byte> to) {
    Stream stream;
    std::byte beyond{};  // takes a byte too many
    for (;;) {
        const std::size_t in = std::min(from.size(), kGreatestPart), out = std::min(to.size(), kGreatestPart);
        stream.zlib.next_in = reinterpret_cast<z_const Bytef*>(const_cast<std::byte*>(from.data()));
        stream.zlib.avail_in = static_cast<uInt>(in);
        stream.zlib.next_out = reinterpret_cast<Bytef*>(to.empty() ? &beyond : to.data());
        stream.zlib.avail_out = to.empty() ? 1 : static_cast<uInt>(out);
        const int status = inflate(&stream.zlib, Z_NO_FLUSH);
        if (status == Z_MEM_ERROR) throw std::bad_alloc();
        if (to.empty() && stream.zlib.avail_out == 0) return false;
        from = from.subspan(in - stream.zlib.avail_in);
        if (!to.empty()) to = to.subspan(out - stream.zlib.avail_out);
        if (status == Z_STREAM_END) return to.empty() && from.empty();
        if (status != Z_OK) return false;
    }
}

}  // namespace milepost::convert

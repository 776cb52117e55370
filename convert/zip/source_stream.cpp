#include "convert/zip/source_stream.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <new>
#include <span>

#include <minizip/ioapi.h>

#include <milepost/error.hpp>
#include <milepost/io.hpp>
#include <milepost/result.hpp>

#include "base/out_of_memory.hpp"

namespace milepost::convert {

/// The callbacks of minizip. No exception may pass through its frames, which are C.
struct SourceStream::Functions {
    static SourceStream& of(voidpf stream) noexcept { return *static_cast<SourceStream*>(stream); }

    static voidpf open(voidpf, const void* path, int) noexcept { return const_cast<void*>(path); }

    static uLong read(voidpf, voidpf stream, void* to, uLong nbytes) noexcept {
        SourceStream& self = of(stream);
        const std::uint64_t left = self.size_ - std::min(self.position_, self.size_);
        const auto count = static_cast<uLong>(std::min<std::uint64_t>(left, nbytes));
        // minizip takes the end of the file for a success and goes on with zeros, unless it finds an error.
        if (count < nbytes) self.ended_ = true;
        try {
            const auto done = self.read(self.position_, std::span(static_cast<std::byte*>(to), count));
            if (done) {
                self.position_ += count;
                return count;
            }
            self.keep(done.error());
        } catch (const std::bad_alloc&) {
            self.keep(base::out_of_memory());
        } catch (...) {
            self.keep(Error(Condition::read, "read failed"));  // short: takes no memory
        }
        return 0;
    }

    static uLong write(voidpf, voidpf, const void*, uLong) noexcept { return 0; }
    static ZPOS64_T tell(voidpf, voidpf stream) noexcept { return of(stream).position_; }

    static long seek(voidpf, voidpf stream, ZPOS64_T offset, int origin) noexcept {
        SourceStream& self = of(stream);
        const std::uint64_t from = origin == SEEK_SET ? 0 : origin == SEEK_CUR ? self.position_ : self.size_;
        const std::uint64_t position = from + offset;  // minizip goes back by what wraps around
        if (position > self.size_) return -1;
        self.position_ = position;
        return 0;
    }

    static int close(voidpf, voidpf) noexcept { return 0; }
    static int failed(voidpf, voidpf stream) noexcept {
        return of(stream).error_ || of(stream).ended_ ? 1 : 0;
    }
};

zlib_filefunc64_def SourceStream::functions() noexcept {
    return {.zopen64_file = Functions::open,
            .zread_file = Functions::read,
            .zwrite_file = Functions::write,
            .ztell64_file = Functions::tell,
            .zseek64_file = Functions::seek,
            .zclose_file = Functions::close,
            .zerror_file = Functions::failed,
            .opaque = nullptr};
}

Result<void> SourceStream::read(std::uint64_t offset, std::span<std::byte> to) {
    while (!to.empty()) {
        MILEPOST_TRY_ASSIGN(const CachedBlock* const block, block_at(offset));
        const auto begin = static_cast<std::size_t>(offset - block->begin);
        const std::size_t count = std::min(to.size(), block->nbytes - begin);
        std::memcpy(to.data(), block->bytes.data() + begin, count);
        to = to.subspan(count);
        offset += count;
    }
    return {};
}

Result<const SourceStream::CachedBlock*> SourceStream::block_at(std::uint64_t offset) {
    for (std::size_t i = 0; i < blocks_.size(); ++i) {
        const CachedBlock& block = blocks_[i];
        if (offset < block.begin || offset - block.begin >= block.nbytes) continue;
        last_used_ = i;
        return &block;
    }
    last_used_ = 1 - last_used_;
    CachedBlock& block = blocks_[last_used_];
    block.nbytes = 0;
    const std::uint64_t begin = offset - offset % block.bytes.size();
    const auto nbytes = static_cast<std::size_t>(std::min<std::uint64_t>(size_ - begin, block.bytes.size()));
    MILEPOST_TRY(source_.read(begin, std::span(block.bytes).first(nbytes)));
    block.begin = begin;
    block.nbytes = nbytes;
    return &block;
}

}  // namespace milepost::convert

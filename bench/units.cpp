#include "units.hpp"

#include <fcntl.h>
#include <sys/mman.h>

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <span>
#include <string>

#include <benchmark/benchmark.h>
#ifdef MILEPOST_XXHASH_DISPATCH
#include <xxh_x86dispatch.h>  // makes XXH3_128bits the fastest one of the machine, as the library uses it
#endif
#include <xxhash.h>

#include "failure.hpp"
#include "files.hpp"
#include "parallel.hpp"

namespace bench {

namespace {

constexpr std::size_t kMiB = std::size_t{1} << 20U;
constexpr std::size_t kDirectPiece = 4 * kMiB;
constexpr std::size_t kDirectAlignment = 4096;

/// Calls work(offset, size) for each piece of `nbytes`, by several threads that take the next one each time.
template <class Work>
void for_pieces(std::size_t nbytes, std::size_t piece, std::size_t threads, Work work) {
    std::atomic<std::size_t> next = 0;
    in_parallel(threads, [&](std::size_t) {
        for (;;) {
            const std::size_t offset = next.fetch_add(piece);
            if (offset >= nbytes) return;
            work(offset, std::min(piece, nbytes - offset));
        }
    });
}

}  // namespace

void copy_memory(std::span<std::byte> to, std::span<const std::byte> from, std::size_t threads) {
    in_parallel(threads, [&](std::size_t i) {
        const Part part = part_of(from.size(), kMiB, i, threads);
        std::memcpy(to.data() + part.begin, from.data() + part.begin, part.end - part.begin);
    });
    benchmark::ClobberMemory();
}

void hash_memory(std::span<const std::byte> bytes, std::size_t threads) {
    in_parallel(threads, [&](std::size_t i) {
        const Part part = part_of(bytes.size(), kMiB, i, threads);
        for (std::size_t offset = part.begin; offset < part.end; offset += kMiB) {
            const XXH128_hash_t hash = XXH3_128bits(bytes.data() + offset, std::min(kMiB, part.end - offset));
            benchmark::DoNotOptimize(hash);
        }
    });
}

void read_naively(const std::string& path) {
    const File file(path, O_RDONLY);
    const std::size_t nbytes = file.size();
    // As malloc takes so much from the system; but malloc may also have memory left of what was freed before.
    void* const mapped = ::mmap(nullptr, nbytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    must_succeed(mapped != MAP_FAILED, "mmap of fresh memory");
    ::madvise(mapped, nbytes, MADV_NOHUGEPAGE);
    auto* const memory = static_cast<std::byte*>(mapped);
    for (std::size_t offset = 0; offset < nbytes; offset += kMiB)
        file.read(offset, {memory + offset, std::min(kMiB, nbytes - offset)});
    benchmark::ClobberMemory();
    ::munmap(mapped, nbytes);
}

void write_buffered(const std::string& path, std::span<const std::byte> bytes, bool durable) {
    const File file(path, O_WRONLY | O_CREAT | O_TRUNC);
    for (std::size_t offset = 0; offset < bytes.size(); offset += kMiB)
        file.write(offset, bytes.subspan(offset, std::min(kMiB, bytes.size() - offset)));
    if (durable) file.sync();
}

void write_direct(const std::string& path, std::span<const std::byte> bytes) {
    const File file(path, O_WRONLY | O_CREAT | O_TRUNC | O_DIRECT);
    const std::size_t nbytes = bytes.size() / kDirectAlignment * kDirectAlignment;
    must_succeed(::fallocate(file.descriptor(), 0, 0, static_cast<off_t>(nbytes)) == 0, "fallocate");
    for_pieces(nbytes, kDirectPiece, 4, [&](std::size_t offset, std::size_t size) {
        file.write(offset, bytes.subspan(offset, size));
    });
    file.sync();
}

void read_direct(const std::string& path, std::span<std::byte> to) {
    const File file(path, O_RDONLY | O_DIRECT);
    const std::size_t nbytes = std::min(file.size(), to.size()) / kDirectAlignment * kDirectAlignment;
    for_pieces(nbytes, kDirectPiece, 8,
               [&](std::size_t offset, std::size_t size) { file.read(offset, to.subspan(offset, size)); });
}

}  // namespace bench

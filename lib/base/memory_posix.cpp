#include <cstddef>
#include <cstdint>
#include <cstring>
#include <new>

#include <sys/mman.h>
#include <unistd.h>

#include "base/checked.hpp"
#include "base/memory.hpp"

namespace milepost::base {
namespace {

constexpr std::align_val_t kAlignment{kMemoryAlignment};
/// The end of what is mapped for a large piece. It is not rounded up to huge pages, so that no piece takes
/// more memory than it has: its last part has small pages.
std::size_t mapped_nbytes(std::size_t nbytes) noexcept {
    static const auto kPageNbytes = static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
    return static_cast<std::size_t>(align_up(nbytes, kPageNbytes));
}

/// Fresh memory is zero.
std::byte* map_large(std::size_t nbytes) noexcept {
    if (nbytes > SIZE_MAX / 2) return nullptr;
    const std::size_t kept = mapped_nbytes(nbytes), whole = kept + kHugePageNbytes;
    void* begin = ::mmap(nullptr, whole, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (begin == MAP_FAILED) return nullptr;
    const auto address = reinterpret_cast<std::uintptr_t>(begin);
    const auto before = static_cast<std::size_t>(align_up(address, kHugePageNbytes) - address);
    std::byte* const data = static_cast<std::byte*>(begin) + before;
    if (before != 0) ::munmap(begin, before);
    ::munmap(data + kept, whole - before - kept);
    ::madvise(data, kept, MADV_HUGEPAGE);  // refused by kernels without huge pages: then they are small
    return data;
}

}  // namespace

std::byte* allocate(std::size_t nbytes) noexcept {
    return allocate(nbytes, kLargeNbytes);
}

std::byte* allocate(std::size_t nbytes, std::size_t large) noexcept {
    if (nbytes >= large) return map_large(nbytes);
    return static_cast<std::byte*>(::operator new(nbytes, kAlignment, std::nothrow));
}

std::byte* allocate_zeros(std::size_t nbytes) noexcept {
    std::byte* const memory = allocate(nbytes);
    if (memory != nullptr && nbytes < kLargeNbytes) std::memset(memory, 0, nbytes);
    return memory;
}

void release(std::byte* memory, std::size_t nbytes, std::size_t large) noexcept {
    if (nbytes < large) {
        ::operator delete(memory, kAlignment);
    } else if (memory != nullptr) {
        ::munmap(memory, mapped_nbytes(nbytes));
    }
}

bool is_touched(const std::byte* memory, std::size_t nbytes) noexcept {
    static const auto kPageNbytes = static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
    const std::byte* const middle = memory + nbytes / 2;
    const std::byte* const page = middle - reinterpret_cast<std::uintptr_t>(middle) % kPageNbytes;
    unsigned char state = 0;
    return ::mincore(const_cast<std::byte*>(page), 1, &state) == 0 && (state & 1U) != 0;
}

}  // namespace milepost::base

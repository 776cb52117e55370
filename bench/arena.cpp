#include "arena.hpp"

#include <sys/mman.h>

#include <cstddef>
#include <cstdint>
#include <span>

#include "failure.hpp"

namespace bench {

namespace {

constexpr std::size_t kHugePage = std::size_t{2} << 20U;

}  // namespace

Arena::Arena(std::size_t nbytes) {
    const std::size_t mapped_nbytes = (nbytes + kHugePage - 1) / kHugePage * kHugePage + kHugePage;
    void* mapped = ::mmap(nullptr, mapped_nbytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    must_succeed(mapped != MAP_FAILED, "mmap of an arena");
    mapped_ = {static_cast<std::byte*>(mapped), mapped_nbytes};
    const std::size_t misaligned = reinterpret_cast<std::uintptr_t>(mapped) % kHugePage;
    bytes_ = mapped_.subspan((kHugePage - misaligned) % kHugePage, nbytes);
    ::madvise(bytes_.data(), bytes_.size(), MADV_HUGEPAGE);
    for (std::size_t i = 0; i < bytes_.size(); i += 4096)
        bytes_[i] = std::byte{0};
}

Arena::~Arena() {
    if (!mapped_.empty()) ::munmap(mapped_.data(), mapped_.size());
}

}  // namespace bench

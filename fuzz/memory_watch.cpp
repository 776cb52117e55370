// Replaces the global operator new and delete by ones that count. malloc_usable_size is what is subtracted
// again, so nothing has to be kept beside a block; AddressSanitizer still watches every one.

#include <malloc.h>

#include <atomic>
#include <cstddef>
#include <cstdlib>
#include <new>

#include "assertions.hpp"

namespace {

std::atomic<std::uint64_t> in_use{0};
std::atomic<std::uint64_t> most_in_use{0};

/// Allocations of this thread until one fails; negative: none does.
thread_local std::int64_t left_until_failure = -1;

bool fails() noexcept {
    if (left_until_failure < 0) return false;
    return left_until_failure-- == 0;
}

/// Null where there is no memory.
void* take(std::size_t nbytes, std::size_t alignment = alignof(std::max_align_t)) noexcept {
    void* block = nullptr;
    if (fails()) return nullptr;
    if (posix_memalign(&block, alignment, nbytes == 0 ? 1 : nbytes) != 0) return nullptr;
    const std::uint64_t now = in_use += malloc_usable_size(block);
    std::uint64_t most = most_in_use.load();
    while (now > most && !most_in_use.compare_exchange_weak(most, now)) {
    }
    return block;
}

void* take_or_throw(std::size_t nbytes, std::size_t alignment = alignof(std::max_align_t)) {
    void* block = take(nbytes, alignment);
    if (block == nullptr) throw std::bad_alloc();
    return block;
}

void give_back(void* block) noexcept {
    if (block == nullptr) return;
    in_use -= malloc_usable_size(block);
    std::free(block);
}

}  // namespace

// All of them: a sanitizer has its own of those that are left out, and they would not match.
void* operator new(std::size_t nbytes) {
    return take_or_throw(nbytes);
}
void* operator new[](std::size_t nbytes) {
    return take_or_throw(nbytes);
}
void* operator new(std::size_t nbytes, std::align_val_t alignment) {
    return take_or_throw(nbytes, static_cast<std::size_t>(alignment));
}
void* operator new[](std::size_t nbytes, std::align_val_t alignment) {
    return take_or_throw(nbytes, static_cast<std::size_t>(alignment));
}
void* operator new(std::size_t nbytes, const std::nothrow_t&) noexcept {
    return take(nbytes);
}
void* operator new[](std::size_t nbytes, const std::nothrow_t&) noexcept {
    return take(nbytes);
}
void* operator new(std::size_t nbytes, std::align_val_t alignment, const std::nothrow_t&) noexcept {
    return take(nbytes, static_cast<std::size_t>(alignment));
}
void* operator new[](std::size_t nbytes, std::align_val_t alignment, const std::nothrow_t&) noexcept {
    return take(nbytes, static_cast<std::size_t>(alignment));
}
void operator delete(void* block) noexcept {
    give_back(block);
}
void operator delete[](void* block) noexcept {
    give_back(block);
}
void operator delete(void* block, std::size_t) noexcept {
    give_back(block);
}
void operator delete[](void* block, std::size_t) noexcept {
    give_back(block);
}
void operator delete(void* block, std::align_val_t) noexcept {
    give_back(block);
}
void operator delete[](void* block, std::align_val_t) noexcept {
    give_back(block);
}
void operator delete(void* block, std::size_t, std::align_val_t) noexcept {
    give_back(block);
}
void operator delete[](void* block, std::size_t, std::align_val_t) noexcept {
    give_back(block);
}
void operator delete(void* block, const std::nothrow_t&) noexcept {
    give_back(block);
}
void operator delete[](void* block, const std::nothrow_t&) noexcept {
    give_back(block);
}
void operator delete(void* block, std::align_val_t, const std::nothrow_t&) noexcept {
    give_back(block);
}
void operator delete[](void* block, std::align_val_t, const std::nothrow_t&) noexcept {
    give_back(block);
}

namespace milepost::fuzz {

MemoryWatch::MemoryWatch() noexcept : before_(in_use) {
    most_in_use = before_;
}

FailingAllocation::FailingAllocation(std::int64_t allocations) noexcept {
    left_until_failure = allocations;
}

FailingAllocation::~FailingAllocation() {
    left_until_failure = -1;
}

std::uint64_t MemoryWatch::peak() const noexcept {
    return most_in_use - before_;
}

}  // namespace milepost::fuzz

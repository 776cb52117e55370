#include "memory/failing_new.hpp"

#include <atomic>
#include <cstddef>
#include <cstdlib>
#include <new>

namespace milepost::testing {
namespace {

constexpr std::int64_t kNever = INT64_MAX;

std::atomic<std::int64_t> countdown{kNever};
std::atomic<bool> stays{false};
std::atomic<bool> an_allocation_failed{false};
std::atomic<std::int64_t> live{0};

bool fails_now() noexcept {
    if (countdown.load() == kNever) return false;
    const std::int64_t left = countdown.fetch_sub(1);
    const bool fails = left == 0 || (left < 0 && stays);
    if (fails) an_allocation_failed = true;
    return fails;
}

void* take(std::size_t nbytes, std::size_t alignment) noexcept {
    if (fails_now()) return nullptr;
    const std::size_t rounded = (nbytes + alignment - 1) / alignment * alignment;
    void* memory = std::aligned_alloc(alignment, rounded == 0 ? alignment : rounded);
    if (memory != nullptr) ++live;
    return memory;
}

void* take_or_throw(std::size_t nbytes, std::size_t alignment) {
    void* memory = take(nbytes, alignment);
    if (memory == nullptr) throw std::bad_alloc();
    return memory;
}

void give_back(void* memory) noexcept {
    if (memory != nullptr) --live;
    std::free(memory);
}

}  // namespace

void fail_new_at(std::int64_t n, bool sticky) noexcept {
    an_allocation_failed = false;
    stays = sticky;
    countdown = n;
}

bool stop_failing_new() noexcept {
    countdown = kNever;
    return an_allocation_failed;
}

std::int64_t live_allocations() noexcept {
    return live;
}

}  // namespace milepost::testing

using namespace milepost::testing;

namespace {
constexpr std::size_t kUsual = alignof(std::max_align_t);
}

void* operator new(std::size_t nbytes) {
    return take_or_throw(nbytes, kUsual);
}
void* operator new[](std::size_t nbytes) {
    return take_or_throw(nbytes, kUsual);
}
void* operator new(std::size_t nbytes, std::align_val_t alignment) {
    return take_or_throw(nbytes, std::size_t(alignment));
}
void* operator new[](std::size_t nbytes, std::align_val_t alignment) {
    return take_or_throw(nbytes, std::size_t(alignment));
}
void* operator new(std::size_t nbytes, const std::nothrow_t&) noexcept {
    return take(nbytes, kUsual);
}
void* operator new[](std::size_t nbytes, const std::nothrow_t&) noexcept {
    return take(nbytes, kUsual);
}
void* operator new(std::size_t nbytes, std::align_val_t alignment, const std::nothrow_t&) noexcept {
    return take(nbytes, std::size_t(alignment));
}
void* operator new[](std::size_t nbytes, std::align_val_t alignment, const std::nothrow_t&) noexcept {
    return take(nbytes, std::size_t(alignment));
}
void operator delete(void* memory) noexcept {
    give_back(memory);
}
void operator delete[](void* memory) noexcept {
    give_back(memory);
}
void operator delete(void* memory, std::size_t) noexcept {
    give_back(memory);
}
void operator delete[](void* memory, std::size_t) noexcept {
    give_back(memory);
}
void operator delete(void* memory, std::align_val_t) noexcept {
    give_back(memory);
}
void operator delete[](void* memory, std::align_val_t) noexcept {
    give_back(memory);
}
void operator delete(void* memory, std::size_t, std::align_val_t) noexcept {
    give_back(memory);
}
void operator delete[](void* memory, std::size_t, std::align_val_t) noexcept {
    give_back(memory);
}
void operator delete(void* memory, const std::nothrow_t&) noexcept {
    give_back(memory);
}
void operator delete[](void* memory, const std::nothrow_t&) noexcept {
    give_back(memory);
}
void operator delete(void* memory, std::align_val_t, const std::nothrow_t&) noexcept {
    give_back(memory);
}
void operator delete[](void* memory, std::align_val_t, const std::nothrow_t&) noexcept {
    give_back(memory);
}

#pragma once

#include <cstddef>
#include <new>
#include <span>
#include <utility>

#include "base/memory.hpp"

namespace milepost::base {

/// Uninitialised memory of allocate(): at a multiple of 64, or of 2 MiB where it is large. Move-only.
class AlignedBuffer {
public:
    AlignedBuffer() noexcept = default;
    /// Throws std::bad_alloc.
    explicit AlignedBuffer(std::size_t nbytes, std::size_t large = kLargeNbytes)
        : data_(allocate(nbytes, large)), nbytes_(nbytes), large_(large) {
        if (data_ == nullptr) throw std::bad_alloc();
    }
    AlignedBuffer(AlignedBuffer&& other) noexcept
        : data_(std::exchange(other.data_, nullptr)),
          nbytes_(std::exchange(other.nbytes_, 0)),
          large_(other.large_) {}
    AlignedBuffer& operator=(AlignedBuffer&& other) noexcept {
        std::swap(data_, other.data_);
        std::swap(nbytes_, other.nbytes_);
        std::swap(large_, other.large_);
        return *this;
    }
    ~AlignedBuffer() { release(data_, nbytes_, large_); }

    [[nodiscard]] std::span<std::byte> bytes() noexcept { return {data_, nbytes_}; }
    [[nodiscard]] std::span<const std::byte> bytes() const noexcept { return {data_, nbytes_}; }
    [[nodiscard]] bool empty() const noexcept { return data_ == nullptr; }

private:
    std::byte* data_ = nullptr;
    std::size_t nbytes_ = 0;
    std::size_t large_ = kLargeNbytes;
};

}  // namespace milepost::base

#pragma once

#include <cstddef>
#include <new>
#include <span>
#include <utility>

namespace milepost::base {

/// Uninitialised memory at a multiple of 64, which FlatBuffers, vector loads and every element type are
/// content with, or of another power of two. Move-only.
class AlignedBuffer {
public:
    static constexpr std::align_val_t kAlignment{64};

    AlignedBuffer() noexcept = default;
    /// Throws std::bad_alloc.
    explicit AlignedBuffer(std::size_t nbytes, std::align_val_t alignment = kAlignment)
        : data_(static_cast<std::byte*>(::operator new(nbytes, alignment))),
          nbytes_(nbytes),
          alignment_(alignment) {}
    AlignedBuffer(AlignedBuffer&& other) noexcept
        : data_(std::exchange(other.data_, nullptr)),
          nbytes_(std::exchange(other.nbytes_, 0)),
          alignment_(other.alignment_) {}
    AlignedBuffer& operator=(AlignedBuffer&& other) noexcept {
        std::swap(data_, other.data_);
        std::swap(nbytes_, other.nbytes_);
        std::swap(alignment_, other.alignment_);
        return *this;
    }
    ~AlignedBuffer() { ::operator delete(data_, alignment_); }

    [[nodiscard]] std::span<std::byte> bytes() noexcept { return {data_, nbytes_}; }
    [[nodiscard]] std::span<const std::byte> bytes() const noexcept { return {data_, nbytes_}; }
    [[nodiscard]] bool empty() const noexcept { return data_ == nullptr; }

private:
    std::byte* data_ = nullptr;
    std::size_t nbytes_ = 0;
    std::align_val_t alignment_ = kAlignment;
};

}  // namespace milepost::base

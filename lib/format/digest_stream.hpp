#pragma once

#include <algorithm>
#include <array>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "base/little_endian.hpp"
#include "codec/checksum.hpp"

namespace milepost::format {

/// The bytes that a digest is the Checksum128 of: docs/format.md, section 6.7. One after the other: begin(),
/// what is hashed, finish().
class DigestStream {
public:
    /// Throws std::bad_alloc.
    DigestStream() = default;

    void begin(std::string_view what) noexcept { text(what); }
    [[nodiscard]] codec::Digest finish() noexcept {
        const auto left = std::span(buffer_).first(used_);
        used_ = 0;
        if (!is_flushed_) return codec::checksum128(left);
        is_flushed_ = false;
        hash_.update(left);
        return hash_.finish();
    }

    template <std::unsigned_integral T>
    void number(T value) noexcept {
        if (sizeof value > buffer_.size() - used_) flush();
        base::store_le(&buffer_[used_], value);
        used_ += sizeof value;
    }
    void bytes(std::span<const std::byte> added) noexcept {
        if (added.size() > buffer_.size() - used_) flush();
        if (added.size() > buffer_.size()) {
            hash_.update(added);
            return;
        }
        std::copy(added.begin(), added.end(), &buffer_[used_]);
        used_ += added.size();
    }
    /// Its size as u32, and its bytes. Requires: less than 4 GiB.
    void text(std::string_view added) noexcept {
        number(static_cast<std::uint32_t>(added.size()));
        bytes(std::as_bytes(std::span(added)));
    }

private:
    void flush() noexcept {
        hash_.update(std::span(buffer_).first(used_));
        used_ = 0;
        is_flushed_ = true;
    }

    // Most pieces are a few bytes, and hashing piece by piece costs more than hashing.
    std::array<std::byte, 4096> buffer_;
    std::size_t used_ = 0;
    bool is_flushed_ = false;  ///< whether `hash_` has the beginning
    codec::RunningChecksum hash_;
};

}  // namespace milepost::format

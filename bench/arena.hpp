#pragma once

#include <cstddef>
#include <span>
#include <utility>

namespace bench {

/// Memory in huge pages, aligned to 2 MiB, of which every page has been touched: copying to it times the
/// copy, not page faults. Move-only.
class Arena {
public:
    explicit Arena(std::size_t nbytes);
    Arena(Arena&& other) noexcept
        : mapped_(std::exchange(other.mapped_, {})), bytes_(std::exchange(other.bytes_, {})) {}
    Arena& operator=(Arena&&) = delete;
    ~Arena();

    [[nodiscard]] std::span<std::byte> bytes() const noexcept { return bytes_; }
    [[nodiscard]] std::size_t size() const noexcept { return bytes_.size(); }

private:
    std::span<std::byte> mapped_;
    std::span<std::byte> bytes_;
};

}  // namespace bench

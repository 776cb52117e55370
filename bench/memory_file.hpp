#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <stdexcept>

#include <milepost/io.hpp>
#include <milepost/result.hpp>

#include "arena.hpp"

namespace bench {

/// A file in memory that is there: to save to, and to load from.
class MemoryFile : public milepost::Sink {
public:
    explicit MemoryFile(std::size_t capacity) : arena_(capacity) {}

    void clear() noexcept { size_ = 0; }
    [[nodiscard]] std::span<const std::byte> bytes() const noexcept { return arena_.bytes().first(size_); }

    milepost::Result<void> write(std::span<const std::byte> bytes) override {
        if (bytes.size() > arena_.size() - size_)
            throw std::runtime_error("the file does not fit into its memory");
        std::memcpy(arena_.bytes().data() + size_, bytes.data(), bytes.size());
        size_ += bytes.size();
        return {};
    }
    milepost::Result<void> commit() override { return {}; }

private:
    Arena arena_;
    std::size_t size_ = 0;
};

/// Bytes in memory as a file. They must outlive it.
class MemorySource : public milepost::Source {
public:
    explicit MemorySource(std::span<const std::byte> bytes) : bytes_(bytes) {}

    [[nodiscard]] milepost::Result<std::uint64_t> size() const override {
        return std::uint64_t{bytes_.size()};
    }
    [[nodiscard]] milepost::Result<void> read(std::uint64_t offset, std::span<std::byte> to) const override {
        std::memcpy(to.data(), bytes_.data() + offset, to.size());
        return {};
    }

private:
    std::span<const std::byte> bytes_;
};

}  // namespace bench

#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <utility>

#include <milepost/error.hpp>
#include <milepost/io.hpp>
#include <milepost/result.hpp>

/// Files in memory, for tests of formats.
namespace milepost::testing {

/// Counts the bytes that are read of it; fails where it is told to, and beyond its end.
class MemorySource final : public Source {
public:
    explicit MemorySource(std::string content) : content_(std::move(content)) {}
    [[nodiscard]] Result<std::uint64_t> size() const override { return std::uint64_t{content_.size()}; }
    [[nodiscard]] Result<void> read(std::uint64_t offset, std::span<std::byte> to) const override {
        if (failing || offset > content_.size() || to.size() > content_.size() - offset)
            return Error(Condition::read, "read failed");
        if (!to.empty()) std::memcpy(to.data(), content_.data() + offset, to.size());
        count += to.size();
        return {};
    }

    mutable std::atomic<std::uint64_t> count = 0;
    std::atomic<bool> failing = false;

private:
    std::string content_;
};

/// Keeps what is written.
class MemorySink final : public Sink {
public:
    [[nodiscard]] Result<void> write(std::span<const std::byte> bytes) override {
        content.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
        return {};
    }
    [[nodiscard]] Result<void> commit() override { return {}; }

    std::string content;
};

}  // namespace milepost::testing

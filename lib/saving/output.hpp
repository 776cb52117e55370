#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include <milepost/io.hpp>
#include <milepost/result.hpp>

#include "platform/replace.hpp"

namespace milepost::saving {

/// Where a writer's bytes go, forward: a file that will take its place, or the caller's Sink. One thread at a
/// time.
class Output {
public:
    virtual ~Output() = default;
    /// Asks for room for the whole file, where that means something.
    [[nodiscard]] virtual Result<void> reserve(std::uint64_t nbytes) = 0;
    [[nodiscard]] virtual Result<void> write(std::span<const std::byte> bytes) = 0;
    /// After the last write: durable, and under its name.
    [[nodiscard]] virtual Result<void> commit() = 0;
};

class FileOutput final : public Output {
public:
    explicit FileOutput(platform::ReplacingFile file) noexcept : file_(std::move(file)) {}
    Result<void> reserve(std::uint64_t nbytes) override { return file_.reserve(nbytes); }
    Result<void> write(std::span<const std::byte> bytes) override {
        auto written = file_.write(position_, bytes);
        if (written) position_ += bytes.size();
        return written;
    }
    Result<void> commit() override { return file_.commit(position_); }

private:
    platform::ReplacingFile file_;
    std::uint64_t position_ = 0;
};

class SinkOutput final : public Output {
public:
    explicit SinkOutput(Sink& sink) noexcept : sink_(sink) {}
    Result<void> reserve(std::uint64_t) override { return {}; }
    Result<void> write(std::span<const std::byte> bytes) override { return sink_.write(bytes); }
    Result<void> commit() override { return sink_.commit(); }

private:
    Sink& sink_;
};

}  // namespace milepost::saving

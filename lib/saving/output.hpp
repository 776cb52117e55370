#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>

#include <milepost/error.hpp>
#include <milepost/io.hpp>
#include <milepost/result.hpp>

#include "core/callback.hpp"
#include "platform/replace.hpp"

namespace milepost::saving {

/// Where the bytes of a save go: a file or a Sink of the caller. Throws nothing.
class Output {
public:
    virtual ~Output() = default;
    /// See Sink::reserve.
    [[nodiscard]] virtual Result<void> reserve(std::uint64_t nbytes) = 0;
    /// Writes bytes that begin at `offset` of the output. One thread at a time, in the order of the output,
    /// unless max_writers() is larger than 1.
    [[nodiscard]] virtual Result<void> write(std::uint64_t offset, std::span<const std::byte> bytes) = 0;
    /// How many threads may call write() at once, and should.
    [[nodiscard]] virtual unsigned max_writers() const noexcept = 0;
    /// Ends the output, whose size that is.
    [[nodiscard]] virtual Result<void> commit(std::uint64_t nbytes) = 0;
};

/// A file that replaces the one at a path when it is committed.
class FileOutput final : public Output {
public:
    explicit FileOutput(platform::ReplacingFile file) noexcept : file_(std::move(file)) {}

    Result<void> reserve(std::uint64_t nbytes) override { return file_.reserve(nbytes); }
    Result<void> write(std::uint64_t offset, std::span<const std::byte> bytes) override {
        return file_.write(offset, bytes);
    }
    /// A thread that writes past the page cache waits for the disk, which is faster with more than one write
    /// to do; one that writes to the page cache works, and the system lets one at a time do that.
    [[nodiscard]] unsigned max_writers() const noexcept override { return file_.is_direct() ? 3 : 1; }
    Result<void> commit(std::uint64_t nbytes) override { return file_.commit(nbytes); }

private:
    platform::ReplacingFile file_;
};

/// A Sink of which no exception comes: what it throws is the error of the call.
class SinkOutput final : public Output {
public:
    /// `sink` must outlive this.
    explicit SinkOutput(Sink& sink) noexcept : sink_(sink) {}

    Result<void> reserve(std::uint64_t nbytes) override {
        return core::call_guarded(Condition::write, "the sink", [&] { return sink_.reserve(nbytes); });
    }
    Result<void> write(std::uint64_t /*offset*/, std::span<const std::byte> bytes) override {
        return core::call_guarded(Condition::write, "the sink", [&] { return sink_.write(bytes); });
    }
    [[nodiscard]] unsigned max_writers() const noexcept override { return 1; }
    Result<void> commit(std::uint64_t /*nbytes*/) override {
        return core::call_guarded(Condition::write, "the sink", [&] { return sink_.commit(); });
    }

private:
    Sink& sink_;
};

}  // namespace milepost::saving

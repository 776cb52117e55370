#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include <milepost/error.hpp>
#include <milepost/io.hpp>
#include <milepost/result.hpp>

#include "core/callback.hpp"

namespace milepost::saving {

/// A Sink of which no exception comes: what it throws is the error of the call.
class GuardedSink final : public Sink {
public:
    /// `sink` must outlive this.
    explicit GuardedSink(Sink& sink) noexcept : sink_(sink) {}

    Result<void> reserve(std::uint64_t nbytes) override {
        return core::call_guarded(Condition::write, "the sink", [&] { return sink_.reserve(nbytes); });
    }
    Result<void> write(std::span<const std::byte> bytes) override {
        return core::call_guarded(Condition::write, "the sink", [&] { return sink_.write(bytes); });
    }
    Result<void> commit() override {
        return core::call_guarded(Condition::write, "the sink", [&] { return sink_.commit(); });
    }

private:
    Sink& sink_;
};

}  // namespace milepost::saving

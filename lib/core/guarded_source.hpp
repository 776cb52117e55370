#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <utility>

#include <milepost/error.hpp>
#include <milepost/io.hpp>
#include <milepost/result.hpp>

#include "core/callback.hpp"

namespace milepost::core {

/// A caller's Source, of which no exception comes: what it throws is the error of the call.
class GuardedSource final : public Source {
public:
    /// Requires: `source` is not null.
    explicit GuardedSource(std::shared_ptr<const Source> source) noexcept : source_(std::move(source)) {}

    Result<std::uint64_t> size() const override {
        return core::call_guarded(Condition::read, "the source", [&] { return source_->size(); });
    }
    Result<void> read(std::uint64_t offset, std::span<std::byte> to) const override {
        return core::call_guarded(Condition::read, "the source", [&] { return source_->read(offset, to); });
    }
    Result<void> check_unchanged() const override {
        return core::call_guarded(Condition::read, "the source", [&] { return source_->check_unchanged(); });
    }

private:
    std::shared_ptr<const Source> source_;
};

}  // namespace milepost::core

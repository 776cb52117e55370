#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>

#include <milepost/io.hpp>
#include <milepost/result.hpp>

#include "platform/replace.hpp"

namespace milepost::saving {

/// The Sink of a save to a path: a file that replaces the one at the path when it is committed.
class FileSink final : public Sink {
public:
    explicit FileSink(platform::ReplacingFile file) noexcept : file_(std::move(file)) {}

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

}  // namespace milepost::saving

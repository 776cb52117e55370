#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <span>
#include <utility>

#include <milepost/io.hpp>
#include <milepost/result.hpp>

#include "base/aligned_buffer.hpp"
#include "core/guarded_source.hpp"
#include "core/storage_provider.hpp"

namespace milepost::core {

/// One storage that is a range of a Source. It reads what is asked for when it is asked for it, and keeps
/// nothing but what bytes() has returned. Any thread.
class SourceStorage final : public detail::StorageProvider {
public:
    /// Requires: `source` is not null, and has the bytes [begin, begin + nbytes).
    SourceStorage(std::shared_ptr<const Source> source, std::uint64_t begin, std::uint64_t nbytes) noexcept
        : source_(std::move(source)), begin_(begin), nbytes_(nbytes) {}

    Result<std::span<const std::byte>> bytes(std::uint32_t, std::uint64_t begin,
                                             std::uint64_t end) const override;
    Result<void> read(std::uint32_t, std::uint64_t begin, std::span<std::byte> to) const override {
        return source_.read(begin_ + begin, to);
    }
    Result<void> gather(std::uint32_t, const detail::StridedLayout& layout,
                        std::span<std::byte> to) const override;
    Result<void> check(std::uint32_t, std::uint64_t, std::uint64_t) const override { return {}; }
    [[nodiscard]] bool is_mapped(std::uint32_t) const noexcept override { return false; }

private:
    GuardedSource source_;
    std::uint64_t begin_;
    std::uint64_t nbytes_;
    mutable std::mutex mutex_;
    mutable base::AlignedBuffer kept_;
};

}  // namespace milepost::core

#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <utility>

#include <milepost/io.hpp>
#include <milepost/result.hpp>

namespace milepost::convert::numpy {

/// A range of a source that holds big-endian numbers, as little-endian ones. Threads: any.
class SwappedSource final : public Source {
public:
    /// The numbers have `number_nbytes` bytes each, 2 to 8. Requires: the source has the range, which holds
    /// whole numbers.
    SwappedSource(std::shared_ptr<const Source> source, std::uint64_t begin, std::uint64_t nbytes,
                  std::uint32_t number_nbytes) noexcept
        : source_(std::move(source)), begin_(begin), nbytes_(nbytes), number_nbytes_(number_nbytes) {}

    [[nodiscard]] Result<std::uint64_t> size() const override { return nbytes_; }
    [[nodiscard]] Result<void> read(std::uint64_t offset, std::span<std::byte> to) const override;
    [[nodiscard]] Result<void> check_unchanged() const override { return source_->check_unchanged(); }

private:
    std::shared_ptr<const Source> source_;
    std::uint64_t begin_;
    std::uint64_t nbytes_;
    std::uint32_t number_nbytes_;
};

}  // namespace milepost::convert::numpy

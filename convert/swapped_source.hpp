#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <utility>

#include <milepost/io.hpp>
#include <milepost/result.hpp>

namespace milepost::convert {

/// A range of a source that holds big-endian numbers, as little-endian ones: they are swapped when they are
/// read. Threads: any.
class SwappedSource final : public Source {
public:
    /// The numbers have `number_nbytes` bytes each, 2 to 16. Requires: the source has the range, which holds
    /// whole numbers.
    SwappedSource(std::shared_ptr<const Source> source, std::uint64_t begin, std::uint64_t nbytes,
                  std::size_t number_nbytes) noexcept
        : source_(std::move(source)), begin_(begin), nbytes_(nbytes), number_nbytes_(number_nbytes) {}

    [[nodiscard]] Result<std::uint64_t> size() const override { return nbytes_; }
    [[nodiscard]] Result<void> read(std::uint64_t offset, std::span<std::byte> to) const override;
    [[nodiscard]] Result<void> check_unchanged() const override { return source_->check_unchanged(); }

private:
    /// Bytes of one number, from `past` on.
    [[nodiscard]] Result<void> read_part(std::uint64_t number_at, std::size_t past,
                                         std::span<std::byte> to) const;

    std::shared_ptr<const Source> source_;
    std::uint64_t begin_;
    std::uint64_t nbytes_;
    std::size_t number_nbytes_;
};

/// Turns numbers of that many bytes around. Requires: `bytes` holds whole ones.
void swap_numbers(std::span<std::byte> bytes, std::size_t number_nbytes) noexcept;

}  // namespace milepost::convert

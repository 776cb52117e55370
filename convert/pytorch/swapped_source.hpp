#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <utility>

#include <milepost/io.hpp>
#include <milepost/result.hpp>

namespace milepost::convert::pytorch {

/// Numbers of a big-endian machine in the order of this one, swapped when they are read. Requires: the source
/// has whole numbers, of at most 16 bytes.
class SwappedSource final : public Source {
public:
    SwappedSource(std::shared_ptr<const Source> source, std::size_t number_nbytes)
        : source_(std::move(source)), number_nbytes_(number_nbytes) {}

    [[nodiscard]] Result<std::uint64_t> size() const override { return source_->size(); }
    [[nodiscard]] Result<void> read(std::uint64_t offset, std::span<std::byte> to) const override;
    [[nodiscard]] Result<void> check_unchanged() const override { return source_->check_unchanged(); }

private:
    /// Bytes of one number, from `past` on.
    [[nodiscard]] Result<void> read_part(std::uint64_t number_at, std::size_t past,
                                         std::span<std::byte> to) const;

    std::shared_ptr<const Source> source_;
    std::size_t number_nbytes_;
};

}  // namespace milepost::convert::pytorch

#pragma once

#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <span>

#include <milepost/error.hpp>
#include <milepost/io.hpp>
#include <milepost/result.hpp>

#include "convert/zip/archive.hpp"
#include "convert/zip/inflater.hpp"

namespace milepost::convert {

/// The raw bytes of an entry of a zip archive: Archive::source has what the functions do. Threads: any; those
/// that need an entry wait while another one reads it for the first time, or inflates it.
///@{
class StoredEntry final : public Source {
public:
    StoredEntry(std::shared_ptr<const Source> file, ZipEntry entry) noexcept;
    [[nodiscard]] Result<std::uint64_t> size() const override { return entry_.nbytes; }
    [[nodiscard]] Result<void> read(std::uint64_t offset, std::span<std::byte> to) const override;
    [[nodiscard]] Result<void> check_unchanged() const override { return file_->check_unchanged(); }

private:
    [[nodiscard]] Result<void> check() const;

    std::shared_ptr<const Source> file_;
    ZipEntry entry_;
    mutable std::mutex mutex_;
    mutable bool checked_ = false;
    mutable std::optional<Error> damage_;  ///< found by the check; what the file answers is not kept
};

class DeflatedEntry final : public Source {
public:
    DeflatedEntry(std::shared_ptr<const Source> file, ZipEntry entry,
                  std::shared_ptr<InflaterPool> pool) noexcept;
    ~DeflatedEntry() override;
    [[nodiscard]] Result<std::uint64_t> size() const override { return entry_.nbytes; }
    [[nodiscard]] Result<void> read(std::uint64_t offset, std::span<std::byte> to) const override;
    [[nodiscard]] Result<void> check_unchanged() const override { return file_->check_unchanged(); }

private:
    std::shared_ptr<const Source> file_;
    ZipEntry entry_;
    /// While it exists, its thread alone inflates. Of threads that wait the one with the lowest offset is
    /// next: an unfair mutex would let the others run on, beyond the window. Throws std::bad_alloc.
    class Turn {
    public:
        Turn(const DeflatedEntry& entry, std::uint64_t offset);
        Turn(const Turn&) = delete;
        Turn& operator=(const Turn&) = delete;
        ~Turn();

    private:
        const DeflatedEntry& entry_;
    };

    std::shared_ptr<InflaterPool> pool_;
    mutable std::mutex mutex_;
    mutable std::condition_variable turn_ended_;
    mutable bool inflating_ = false;
    mutable std::multiset<std::uint64_t> waiting_;  ///< offsets
    mutable std::optional<Error> damage_;           ///< only for the thread whose turn it is
};
///@}

}  // namespace milepost::convert

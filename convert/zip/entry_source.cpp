#include "convert/zip/entry_source.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <span>
#include <utility>
#include <vector>

#include <zlib.h>

#include <milepost/error.hpp>
#include <milepost/io.hpp>
#include <milepost/result.hpp>
#include <milepost/text.hpp>

#include "base/checked.hpp"
#include "base/message.hpp"
#include "convert/zip/archive.hpp"
#include "convert/zip/inflater.hpp"

namespace milepost::convert {
namespace {

constexpr std::uint64_t kComparedNbytes = std::uint64_t{1} << 20U;

Result<void> check_range(const ZipEntry& entry, std::uint64_t offset, std::uint64_t nbytes) {
    if (base::range_within(offset, nbytes, entry.nbytes)) return {};
    return Error(Condition::read, base::message("zip entry ", escape(entry.name, 120), " has ", entry.nbytes,
                                                " bytes, not ", nbytes, " from ", offset, " on"));
}

/// Whether an error is one of the bytes themselves, which another read would find again.
bool is_damage(const Error& error) noexcept {
    return error.code() == Code::corrupt;
}

}  // namespace

StoredEntry::StoredEntry(std::shared_ptr<const Source> file, ZipEntry entry) noexcept
    : file_(std::move(file)), entry_(std::move(entry)) {}

Result<void> StoredEntry::read(std::uint64_t offset, std::span<std::byte> to) const {
    MILEPOST_TRY(check_range(entry_, offset, to.size()));
    {
        const std::lock_guard checking(mutex_);
        if (damage_) return *damage_;
        if (!checked_) {
            if (auto whole = check(); !whole) {
                if (is_damage(whole.error())) damage_ = whole.error();
                return whole;
            }
            checked_ = true;
        }
    }
    return file_->read(entry_.offset + offset, to);
}

Result<void> StoredEntry::check() const {
    std::vector<std::byte> block(static_cast<std::size_t>(std::min(kComparedNbytes, entry_.nbytes)));
    uLong crc = crc32(0, nullptr, 0);
    for (std::uint64_t at = 0; at < entry_.nbytes;) {
        const std::span<std::byte> part =
            std::span(block).first(static_cast<std::size_t>(std::min(kComparedNbytes, entry_.nbytes - at)));
        MILEPOST_TRY(file_->read(entry_.offset + at, part));
        crc = crc32(crc, reinterpret_cast<const Bytef*>(part.data()), static_cast<uInt>(part.size()));
        at += part.size();
    }
    if (crc == entry_.crc) return {};
    return Error(Condition::foreign_checksum,
                 base::message("zip entry ", escape(entry_.name, 120), " at ", entry_.offset, ": its ",
                               entry_.nbytes, " bytes have CRC-32 ", crc, ", expected ", entry_.crc));
}

DeflatedEntry::DeflatedEntry(std::shared_ptr<const Source> file, ZipEntry entry,
                             std::shared_ptr<InflaterPool> pool) noexcept
    : file_(std::move(file)), entry_(std::move(entry)), pool_(std::move(pool)) {}

DeflatedEntry::~DeflatedEntry() {
    pool_->forget(this);
}

DeflatedEntry::Turn::Turn(const DeflatedEntry& entry, std::uint64_t offset) : entry_(entry) {
    std::unique_lock lock(entry.mutex_);
    const auto place = entry.waiting_.insert(offset);
    entry.turn_ended_.wait(lock, [&] { return !entry.inflating_ && place == entry.waiting_.begin(); });
    entry.waiting_.erase(place);
    entry.inflating_ = true;
}

DeflatedEntry::Turn::~Turn() {
    {
        const std::lock_guard lock(entry_.mutex_);
        entry_.inflating_ = false;
    }
    entry_.turn_ended_.notify_all();
}

Result<void> DeflatedEntry::read(std::uint64_t offset, std::span<std::byte> to) const {
    MILEPOST_TRY(check_range(entry_, offset, to.size()));
    const Turn turn(*this, offset);
    if (damage_) return *damage_;
    std::unique_ptr<Inflater> inflater = pool_->take(this);
    if (inflater == nullptr || !inflater->reaches(offset))
        inflater = std::make_unique<Inflater>(*file_, entry_);
    if (auto read = inflater->read(offset, to); !read) {
        if (is_damage(read.error())) damage_ = read.error();
        return read;
    }
    if (!inflater->is_done()) pool_->keep(this, std::move(inflater));
    return {};
}

}  // namespace milepost::convert

#include "platform/write_mode_posix.hpp"

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <span>

#include <fcntl.h>
#include <sys/types.h>
#include <unistd.h>

#include "platform/descriptor_posix.hpp"

namespace milepost::platform {
namespace {

// The system is asked to begin after each piece of this size: less costs more calls and gains nothing.
constexpr std::uint64_t kEarlyUnit = std::uint64_t{16} << 20U;

bool suits_direct(std::uint64_t offset, std::span<const std::byte> bytes) noexcept {
    const auto address = reinterpret_cast<std::uintptr_t>(bytes.data());
    return bytes.size() >= ModalWriter::kDirectUnit &&
           (address | offset | bytes.size()) % ModalWriter::kDirectAlignment == 0;
}

bool set_direct_flag(int file, bool on) noexcept {
    const int flags = ::fcntl(file, F_GETFL);
    return flags != -1 && ::fcntl(file, F_SETFL, on ? flags | O_DIRECT : flags & ~O_DIRECT) == 0;
}

// Begins to write back the pieces that ended between two offsets. Without effect where there is no such call.
// An error of the disk is not lost by it: fsync reports it.
void begin_write_back(int file, std::uint64_t from, std::uint64_t to) noexcept {
    const std::uint64_t begin = from / kEarlyUnit * kEarlyUnit, end = to / kEarlyUnit * kEarlyUnit;
    if (begin == end) return;
    (void)::sync_file_range(file, static_cast<off_t>(begin), static_cast<off_t>(end - begin),
                            SYNC_FILE_RANGE_WRITE);
}

}  // namespace

bool ModalWriter::enter_direct(int file) noexcept {
    const std::lock_guard lock(mutex_);
    if (mode_ != WriteMode::direct) return false;
    if (!flag_set_) flag_set_ = set_direct_flag(file, true);
    if (!flag_set_) mode_ = WriteMode::early;
    return flag_set_;
}

void ModalWriter::leave_direct(int file) noexcept {
    const std::lock_guard lock(mutex_);
    mode_ = WriteMode::early;
    if (flag_set_ && set_direct_flag(file, false)) flag_set_ = false;
}

int ModalWriter::write(int file, std::uint64_t& offset, std::span<const std::byte>& bytes) noexcept {
    while (!bytes.empty()) {
        const bool direct = mode_ == WriteMode::direct && suits_direct(offset, bytes) && enter_direct(file);
        if (!direct && mode_ == WriteMode::direct) leave_direct(file);
        const ssize_t count = retry_interrupted(
            [&] { return ::pwrite(file, bytes.data(), bytes.size(), static_cast<off_t>(offset)); });
        if (count < 0 && errno == EINVAL && direct) {
            leave_direct(file);  // this file system has its own rules, or does not have this at all
            continue;
        }
        if (count <= 0) return count == 0 ? EIO : errno;
        bytes = bytes.subspan(static_cast<std::size_t>(count));
        offset += static_cast<std::uint64_t>(count);
        if (mode_ == WriteMode::early)
            begin_write_back(file, offset - static_cast<std::uint64_t>(count), offset);
    }
    return 0;
}

}  // namespace milepost::platform

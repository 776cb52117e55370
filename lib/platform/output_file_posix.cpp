#include "platform/output_file_posix.hpp"

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <span>

#include <sys/types.h>
#include <unistd.h>

#include <milepost/error.hpp>
#include <milepost/result.hpp>

#include "base/checked.hpp"
#include "platform/descriptor_posix.hpp"
#include "platform/errno_posix.hpp"
#include "platform/file_system_posix.hpp"
#include "platform/space_posix.hpp"
#include "platform/write_mode_posix.hpp"

namespace milepost::platform {
namespace {

// Direct writes into space that is not allocated yet take a third more time. What is allocated too much is
// cut off at the end.
constexpr std::uint64_t kLeastAhead = std::uint64_t{16} << 20U;
constexpr std::uint64_t kMostAhead = std::uint64_t{256} << 20U;

}  // namespace

void OutputFile::open(int file, bool durable, bool keep_cached) noexcept {
    file_ = file;
    if (!durable) return;
    if (keep_cached) {
        writer_.set_mode(WriteMode::early);
    } else if (is_on_local_file_system(file_)) {
        writer_.set_mode(WriteMode::direct);
    }
}

Result<void> OutputFile::check_size(std::uint64_t end) const {
    const std::uint64_t limit = file_size_limit();
    if (end <= limit) return {};
    return describe(Condition::file_size_limit,
                    {path_, ": cannot grow to ", Decimal(end).text(), " bytes: files are limited to ",
                     Decimal(limit).text(), " bytes for this process (RLIMIT_FSIZE)"});
}

Result<void> OutputFile::reserve(std::uint64_t nbytes) {
    if (nbytes <= extent_) return {};
    if (Result<void> fits = check_size(nbytes); !fits) return fits;
    if (!find_out_whether_it_can_be_cut()) return {};
    const int error = reserve_space(file_, nbytes, extent_);
    if (error == 0) return {};
    return system_error(condition_of(error, Condition::write), path_, "reserve room for a file that ends",
                        nbytes, error);
}

Result<void> OutputFile::write(std::uint64_t offset, std::span<const std::byte> bytes) {
    std::uint64_t end = 0;
    if (!base::checked_add(offset, bytes.size(), end)) end = UINT64_MAX;
    if (Result<void> fits = check_size(end); !fits) return fits;
    if (is_direct() && bytes.size() >= ModalWriter::kDirectUnit) reserve_ahead(end);
    const int error = writer_.write(file_, offset, bytes);
    note_written(offset);
    if (error == 0) return {};
    return system_error(condition_of(error, Condition::write), path_, "write", offset, error);
}

// Space that is not used must be cut off at the end. Without that call nothing is reserved. The size is never
// set to 0: ext4 takes that for a replacement in place, and begins to write all of the file at close.
// Requires: nothing was written beyond extent_, and nothing is being written; the limit lets the file grow.
bool OutputFile::find_out_whether_it_can_be_cut() noexcept {
    if (can_cut_) return *can_cut_;
    const std::uint64_t size = std::max<std::uint64_t>(extent_, 1);
    can_cut_ = retry_interrupted([&] { return ::ftruncate(file_, static_cast<off_t>(size)); }) == 0;
    if (*can_cut_) extent_ = size;
    return *can_cut_;
}

// Comes before the first direct write. For files whose size is not known before. An error is not reported:
// what is written may fit all the same.
void OutputFile::reserve_ahead(std::uint64_t end) noexcept {
    const std::lock_guard lock(mutex_);
    if (end <= extent_ || !reserves_ahead_ || !find_out_whether_it_can_be_cut()) return;
    const std::uint64_t wanted = end + std::clamp(end, kLeastAhead, kMostAhead);
    reserves_ahead_ = wanted <= file_size_limit() && reserve_space(file_, wanted, extent_) == 0;
    ragged_ = ragged_ || !reserves_ahead_;
}

void OutputFile::note_written(std::uint64_t end) noexcept {
    const std::lock_guard lock(mutex_);
    extent_ = std::max(extent_, end);
}

Result<void> OutputFile::cut(std::uint64_t size) {
    if (size == extent_ && !ragged_) return {};
    if (size > extent_) {
        if (Result<void> fits = check_size(size); !fits) return fits;
    }
    if (retry_interrupted([&] { return ::ftruncate(file_, static_cast<off_t>(size)); }) == 0) return {};
    const int error = errno;
    return system_error(condition_of(error, Condition::write), path_, "set its size", error);
}

}  // namespace milepost::platform

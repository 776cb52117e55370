#include "platform/space_posix.hpp"

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <vector>

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/types.h>
#include <unistd.h>

#include "platform/descriptor_posix.hpp"

namespace milepost::platform {
namespace {

constexpr int kReserveAttempts = 16;
constexpr std::uint64_t kPortion = std::uint64_t{64} << 20U;  // of one call of copy_file_range
constexpr std::size_t kBuffer = std::size_t{1} << 20U;

// Returns how much was copied: where the call is not supported, nothing. What it could not copy is copied by
// read and write, which report the cause.
std::uint64_t copy_in_kernel(int from, int to, std::uint64_t nbytes) noexcept {
    std::uint64_t done = 0;
    while (done < nbytes) {
        auto at = static_cast<off_t>(done);
        off_t to_at = at;
        const auto portion = static_cast<std::size_t>(std::min(nbytes - done, kPortion));
        const ssize_t count =
            retry_interrupted([&] { return ::copy_file_range(from, &at, to, &to_at, portion, 0); });
        if (count <= 0) break;
        done += static_cast<std::uint64_t>(count);
    }
    return done;
}

int write_all(int file, const std::byte* from, std::size_t nbytes, std::uint64_t offset) noexcept {
    while (nbytes > 0) {
        const ssize_t count =
            retry_interrupted([&] { return ::pwrite(file, from, nbytes, static_cast<off_t>(offset)); });
        if (count <= 0) return count == 0 ? EIO : errno;
        from += count;
        nbytes -= static_cast<std::size_t>(count);
        offset += static_cast<std::uint64_t>(count);
    }
    return 0;
}

}  // namespace

std::uint64_t file_size_limit() noexcept {
    auto limit = static_cast<std::uint64_t>(std::numeric_limits<off_t>::max());
    rlimit process_limit{};
    if (::getrlimit(RLIMIT_FSIZE, &process_limit) == 0 && process_limit.rlim_cur != RLIM_INFINITY) {
        limit = std::min<std::uint64_t>(limit, process_limit.rlim_cur);
    }
    return limit;
}

int reserve_space(int file, std::uint64_t nbytes, std::uint64_t& extent) noexcept {
    int error = 0;
    // Some file systems start again after a signal. With a timer that fires often, that would never end.
    for (int attempt = 0; attempt < kReserveAttempts; ++attempt) {
        error = ::fallocate(file, 0, 0, static_cast<off_t>(nbytes)) == 0 ? 0 : errno;
        if (error != EINTR) break;
    }
    if (error == 0) extent = nbytes;
    const bool final = error == ENOSPC || error == EDQUOT || error == EFBIG || error == EIO;
    return final ? error : 0;
}

int copy_content(int from, int to, std::uint64_t nbytes) {
    if (nbytes > file_size_limit()) return EFBIG;
    std::uint64_t done = copy_in_kernel(from, to, nbytes);
    std::vector<std::byte> buffer(done < nbytes ? kBuffer : 0);
    while (done < nbytes) {
        const auto wanted = static_cast<std::size_t>(std::min<std::uint64_t>(nbytes - done, buffer.size()));
        const ssize_t count =
            retry_interrupted([&] { return ::pread(from, buffer.data(), wanted, static_cast<off_t>(done)); });
        if (count <= 0) return count == 0 ? EIO : errno;
        const auto portion = static_cast<std::size_t>(count);
        if (const int error = write_all(to, buffer.data(), portion, done); error != 0) return error;
        done += portion;
    }
    return 0;
}

}  // namespace milepost::platform

#include "platform/cold_file.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <span>

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/types.h>
#include <unistd.h>

#include "platform/descriptor_posix.hpp"
#include "platform/file.hpp"

namespace milepost::platform {
namespace {

/// A second description of the open file, whatever its path leads to now; -1 if there is none.
int reopen_direct(int descriptor) noexcept {
    std::array<char, 32> path{};
    std::snprintf(path.data(), path.size(), "/proc/self/fd/%d", descriptor);
    return retry_interrupted([&] { return ::open(path.data(), O_RDONLY | O_CLOEXEC | O_DIRECT); });
}

}  // namespace

ColdFile::ColdFile(const InputFile& file, bool direct) noexcept : file_(file) {
    if (!direct || !file.is_local()) return;
    descriptor_ = reopen_direct(file.descriptor_);
    direct_ = descriptor_ >= 0;
}

ColdFile::~ColdFile() {
    if (descriptor_ >= 0) ::close(descriptor_);
}

bool ColdFile::is_absent(std::uint64_t offset, std::uint64_t nbytes) const noexcept {
    constexpr std::uint64_t kSamples = 8;
    const auto page = static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
    const std::uint64_t begin = offset / page * page;
    const auto length = static_cast<std::size_t>(std::min(offset + nbytes, file_.size()) - begin);
    // Pages are only asked about, never touched: this reads nothing.
    void* const map =
        ::mmap(nullptr, length, PROT_READ, MAP_SHARED, file_.descriptor_, static_cast<off_t>(begin));
    if (map == MAP_FAILED) return false;
    const std::uint64_t pages = (length + page - 1) / page, samples = std::min(pages, kSamples);
    bool absent = false;
    for (std::uint64_t i = 0; i < samples && !absent; ++i) {
        const std::uint64_t number = samples == 1 ? 0 : (pages - 1) * i / (samples - 1);
        unsigned char state = 1;
        const bool told = ::mincore(static_cast<std::byte*>(map) + number * page, 1, &state) == 0;
        absent = told && (state & 1U) == 0;
    }
    ::munmap(map, length);
    return absent;
}

void ColdFile::will_need(std::uint64_t offset, std::uint64_t nbytes) const noexcept {
    ::posix_fadvise(file_.descriptor_, static_cast<off_t>(offset), static_cast<off_t>(nbytes),
                    POSIX_FADV_WILLNEED);
}

bool ColdFile::read(std::uint64_t offset, std::span<std::byte> to, std::size_t needed) noexcept {
    std::size_t done = 0;
    while (done < needed) {
        const ssize_t count = retry_interrupted([&] {
            return ::pread(descriptor_, to.data() + done, to.size() - done,
                           static_cast<off_t>(offset + done));
        });
        // After a part that does not end at a multiple there can only be the end of the file.
        const bool goes_on = count > 0 && (done + static_cast<std::size_t>(count) >= needed ||
                                           static_cast<std::size_t>(count) % kAlignment == 0);
        if (!goes_on) {
            direct_.store(false, std::memory_order_relaxed);
            return false;
        }
        done += static_cast<std::size_t>(count);
    }
    return true;
}

}  // namespace milepost::platform

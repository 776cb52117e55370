#include "platform/temporary_posix.hpp"

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstdint>
#include <ctime>
#include <string_view>
#include <utility>

#include <fcntl.h>
#include <linux/fs.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "platform/descriptor_posix.hpp"
#include "platform/folder_posix.hpp"
#include "platform/open_file_path_posix.hpp"
#include "platform/rights_posix.hpp"

namespace milepost::platform {

namespace {

constexpr std::size_t kDigits = 16;
constexpr std::string_view kSuffix = ".tmp";
constexpr mode_t kPrivate = 0600;
constexpr int kNameAttempts = 16;        // with 64 random bits, even one collision is improbable
constexpr std::time_t kOrphanAge = 600;  // s

// Unpredictable if the kernel can give random bytes at once, else only different at each call, which is
// enough with O_EXCL.
std::uint64_t random_bits() noexcept {
    std::uint64_t bits = 0;
    if (::getrandom(&bits, sizeof bits, GRND_NONBLOCK) == static_cast<ssize_t>(sizeof bits)) return bits;
    static std::atomic<std::uint64_t> calls = 0;
    timespec now{};
    ::clock_gettime(CLOCK_MONOTONIC, &now);
    bits = static_cast<std::uint64_t>(now.tv_nsec) ^ (static_cast<std::uint64_t>(::getpid()) << 32U);
    return (bits + ++calls) * 0x9E3779B97F4A7C15U;
}

bool is_digit(char c) noexcept {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
}

// Errors that mean that the file system, or the machine, does not support files without a name.
bool needs_name(int error) noexcept {
    return error == EOPNOTSUPP || error == EISDIR || error == EINVAL || error == ENOENT;
}

// Errors that mean that a call is not supported, or not permitted, here. EPERM is also the answer of file
// systems without links to linkat, and of those without modes to fchmod.
bool is_refused(int error) noexcept {
    return error == ENOSYS || error == EOPNOTSUPP || error == EINVAL || error == EPERM;
}

// Called by its number, because not every C library has a function for it.
int rename_without_replacing(int folder, const char* from, const char* to) noexcept {
    return static_cast<int>(::syscall(SYS_renameat2, folder, from, folder, to, RENAME_NOREPLACE));
}

Descriptor create(int folder, const char* name, mode_t mode) noexcept {
    constexpr int kFlags = O_CREAT | O_EXCL | O_NOFOLLOW | O_RDWR | O_CLOEXEC;
    return Descriptor(retry_interrupted([&] { return ::openat(folder, name, kFlags, mode); }));
}

Descriptor create_unnamed(int folder, mode_t mode) noexcept {
    return Descriptor(
        retry_interrupted([&] { return ::openat(folder, ".", O_TMPFILE | O_RDWR | O_CLOEXEC, mode); }));
}

Descriptor open_orphan(int folder, const char* entry) noexcept {
    constexpr int kFlags = O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC;
    // NFS needs a file that is open for writing for an exclusive lock. The file's mode may forbid writing.
    Descriptor file(::openat(folder, entry, O_RDWR | kFlags));
    if (!file && errno != ENOENT) file = Descriptor(::openat(folder, entry, O_RDONLY | kFlags));
    return file;
}

bool is_orphan(int folder, const char* entry) noexcept {
    struct stat status {};
    if (::fstatat(folder, entry, &status, AT_SYMLINK_NOFOLLOW) != 0 || !S_ISREG(status.st_mode)) return false;
    const std::time_t now = std::time(nullptr);
    // A time in the future counts as recent: if the clock jumps, the file of a running save must not be
    // removed.
    if (status.st_mtim.tv_sec >= now - kOrphanAge) return false;
    const Descriptor file = open_orphan(folder, entry);
    return file && ::flock(file.get(), LOCK_EX | LOCK_NB) == 0;
}

template <class Matches>
void sweep(const Descriptor& folder, Matches matches) noexcept {
    FolderListing listing(folder);
    while (const char* const entry = listing.next()) {
        if (matches(entry) && is_orphan(folder.get(), entry)) ::unlinkat(folder.get(), entry, 0);
    }
}

}  // namespace

TemporaryName::TemporaryName(std::string_view target, std::size_t max_nbytes) {
    constexpr std::size_t kOthers = 2 + kDigits + kSuffix.size();
    const std::size_t room = max_nbytes > kOthers ? max_nbytes - kOthers : 0;
    std::size_t length = std::min(target.size(), room);
    // Some file systems refuse a name that ends within a UTF-8 character.
    if (length < target.size()) {
        while (length > 0 && (static_cast<unsigned char>(target[length]) & 0xC0U) == 0x80U)
            --length;
    }
    text_.append(".").append(target.substr(0, length)).append(".").append(kDigits, '0').append(kSuffix);
}

void TemporaryName::draw() noexcept {
    constexpr std::string_view kHex = "0123456789abcdef";
    std::uint64_t bits = random_bits();
    const std::size_t first = text_.size() - kSuffix.size() - kDigits;
    for (std::size_t i = 0; i < kDigits; ++i) {
        text_[first + i] = kHex[bits & 15U];
        bits >>= 4U;
    }
}

bool TemporaryName::matches(std::string_view entry) const noexcept {
    if (entry.size() != text_.size() || !entry.ends_with(kSuffix)) return false;
    const std::size_t first = text_.size() - kSuffix.size() - kDigits;
    const std::string_view digits = entry.substr(first, kDigits);
    return entry.substr(0, first) == std::string_view(text_).substr(0, first) &&
           std::all_of(digits.begin(), digits.end(), is_digit);
}

std::string_view TemporaryName::target_of(std::string_view entry) noexcept {
    constexpr std::size_t kOthers = 2 + kDigits + kSuffix.size();
    if (entry.size() <= kOthers || entry.front() != '.' || !entry.ends_with(kSuffix)) return {};
    const std::string_view digits = entry.substr(entry.size() - kSuffix.size() - kDigits, kDigits);
    const bool is_drawn = std::all_of(digits.begin(), digits.end(), is_digit);
    if (!is_drawn || entry[entry.size() - kOthers + 1] != '.') return {};
    return entry.substr(1, entry.size() - kOthers);
}

int Temporary::open(mode_t mode) noexcept {
    const int error = open_unnamed(mode);
    if (needs_name(error)) return open_named(mode);
    if (error == 0) lock();
    return error;
}

int Temporary::open_unnamed(mode_t mode) noexcept {
    file_ = create_unnamed(folder_, mode);
    if (!file_) return errno;
    if (check_link() == 0) return 0;
    file_.reset();
    return EOPNOTSUPP;
}

// Without links, or without /proc, a file without a name could not get one later. This is found out now, not
// after hours of writing, and with another file: one whose only name was removed cannot get a new one.
int Temporary::check_link() noexcept {
    const Descriptor probe = create_unnamed(folder_, kPrivate);
    if (!probe) return errno;
    const int error = link_to_new_name(probe.get());
    if (error == 0) ::unlinkat(folder_, name_.c_str(), 0);
    return error;
}

int Temporary::open_named(mode_t mode) noexcept {
    if (const int error = create_named(kPrivate); error != 0) return error;
    if (::fchmod(file_.get(), kPrivate) != 0 && is_refused(errno)) {
        remove();
        if (const int error = create_named(mode); error != 0) return error;
    }
    lock();
    return 0;
}

int Temporary::create_named(mode_t mode) noexcept {
    for (int attempt = 0; attempt < kNameAttempts; ++attempt) {
        name_.draw();
        file_ = create(folder_, name_.c_str(), mode);
        if (file_) {
            named_ = true;
            return 0;
        }
        if (errno != EEXIST) return errno;
    }
    return EEXIST;
}

void Temporary::lock() noexcept {
    // Best effort: if the file system has no locks, only the age of the file protects it.
    static_cast<void>(::flock(file_.get(), LOCK_EX | LOCK_NB));
}

int Temporary::link() noexcept {
    if (named_) return 0;
    const int error = link_to_new_name(file_.get());
    named_ = error == 0;
    return error;
}

int Temporary::link_to_new_name(int file) noexcept {
    const OpenFilePath path(file);
    for (int attempt = 0; attempt < kNameAttempts; ++attempt) {
        name_.draw();
        if (::linkat(AT_FDCWD, path.c_str(), folder_, name_.c_str(), AT_SYMLINK_FOLLOW) == 0) return 0;
        if (errno != EEXIST) return errno;
    }
    return EEXIST;
}

int Temporary::check_new_name() {
    if (!named_) return 0;  // open() has found that links work
    TemporaryName other = name_;
    int error = EEXIST;
    for (int attempt = 0; attempt < kNameAttempts && error == EEXIST; ++attempt) {
        other.draw();
        error = rename_to_free_name(folder_, name_.c_str(), other.c_str());
    }
    if (error == 0) name_ = std::move(other);
    return error;
}

int Temporary::close() noexcept {
    // Linux frees the descriptor even if close fails, also with EINTR. A second close could close a file of
    // another thread.
    return ::close(file_.release()) == 0 || errno == EINTR ? 0 : errno;
}

void Temporary::remove() noexcept {
    // First, because some file systems give an open file that is removed another name.
    file_.reset();
    // The file of a child process is that of its parent, which goes on with it.
    if (named_ && owner_.is_current()) ::unlinkat(folder_, name_.c_str(), 0);
    named_ = false;
}

int rename_to_free_name(int folder, const char* from, const char* to) noexcept {
    if (rename_without_replacing(folder, from, to) == 0) return 0;
    const int error = errno;
    if (!is_refused(error)) return error;
    if (::linkat(folder, from, folder, to, 0) != 0) return errno;
    ::unlinkat(folder, from, 0);
    return 0;
}

int Temporary::read_rights_of_new_files(const Descriptor& folder, TemporaryName name, Rights& rights) {
    Temporary probe(folder, std::move(name));
    const int error = probe.create_named(kModeOfNewFiles);
    return error != 0 ? error : read_rights(probe.descriptor(), rights);
}

void sweep_orphans(const Descriptor& folder, const TemporaryName& name) noexcept {
    sweep(folder, [&](std::string_view entry) { return name.matches(entry); });
}

void sweep_orphans(const Descriptor& folder, bool (*is_target)(std::string_view)) noexcept {
    sweep(folder, [&](std::string_view entry) {
        const std::string_view target = TemporaryName::target_of(entry);
        return !target.empty() && is_target(target);
    });
}

}  // namespace milepost::platform

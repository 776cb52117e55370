#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <ctime>
#include <limits>
#include <new>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <milepost/error.hpp>
#include <milepost/result.hpp>

#include "base/checked.hpp"
#include "platform/descriptor_posix.hpp"
#include "platform/errno_posix.hpp"
#include "platform/file.hpp"
#include "platform/file_system_posix.hpp"

namespace milepost::platform {

static_assert(sizeof(off_t) == 8, "files beyond 2 GiB need 64-bit offsets: _FILE_OFFSET_BITS=64");

namespace {

constexpr auto kMaxOffset = static_cast<std::uint64_t>(std::numeric_limits<off_t>::max());

// Computed without sign, since any time can be set for a file: the result may wrap, and is only compared.
std::int64_t nanoseconds(const timespec& time) noexcept {
    return static_cast<std::int64_t>(static_cast<std::uint64_t>(time.tv_sec) * 1'000'000'000U +
                                     static_cast<std::uint64_t>(time.tv_nsec));
}

FileIdentity identify(const struct stat& status) noexcept {
    return {.device = static_cast<std::uint64_t>(status.st_dev),
            .inode = static_cast<std::uint64_t>(status.st_ino),
            .size = static_cast<std::uint64_t>(status.st_size),
            .modified_ns = nanoseconds(status.st_mtim)};
}

std::string_view kind_of(mode_t mode) noexcept {
    if (S_ISDIR(mode)) return "a folder";
    if (S_ISFIFO(mode)) return "a FIFO";
    if (S_ISSOCK(mode)) return "a socket";
    return "a device";
}

Error not_regular(std::string_view path, mode_t mode) noexcept {
    return describe(Condition::not_regular, {path, ": is ", kind_of(mode), ", not a regular file"});
}

Error cannot_open(std::string_view path, int error) noexcept {
    const bool absent = error == ENOENT || error == ENOTDIR;
    return system_error(absent ? Condition::file : Condition::open, path, "open", error);
}

// O_NONBLOCK and O_NOCTTY because the path may lead to a FIFO or a terminal.
Descriptor open_to_read(const std::string& path) noexcept {
    return Descriptor(retry_interrupted(
        [&] { return ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY); }));
}

// Fills `to` until the file ends and adds the number of bytes to `done`. Returns an errno, or 0.
int read_until_end(int descriptor, std::uint64_t offset, std::span<std::byte> to,
                   std::size_t& done) noexcept {
    while (done < to.size()) {
        const ssize_t count = retry_interrupted([&] {
            return ::pread(descriptor, to.data() + done, to.size() - done, static_cast<off_t>(offset + done));
        });
        if (count < 0) return errno;
        if (count == 0) return 0;
        done += static_cast<std::size_t>(count);
    }
    return 0;
}

}  // namespace

Mapping::Mapping(Mapping&& other) noexcept : bytes_(std::exchange(other.bytes_, {})) {}

Mapping& Mapping::operator=(Mapping&& other) noexcept {
    Mapping taken(std::move(other));
    std::swap(bytes_, taken.bytes_);
    return *this;
}

Mapping::~Mapping() {
    if (!bytes_.empty()) ::munmap(bytes_.data(), bytes_.size());
}

Result<InputFile> InputFile::open(const std::string& path) try {
    if (path.find('\0') != std::string::npos) return cannot_open(path, ENOENT);
    std::string kept_path = path;
    struct stat status {};
    Descriptor descriptor = open_to_read(path);
    if (!descriptor) {
        // A socket, or a device without a driver, cannot be opened: the message names its kind.
        const int error = errno;
        if (::stat(path.c_str(), &status) == 0 && !S_ISREG(status.st_mode))
            return not_regular(path, status.st_mode);
        return cannot_open(path, error);
    }
    if (::fstat(descriptor.get(), &status) != 0) return cannot_open(path, errno);
    if (!S_ISREG(status.st_mode)) return not_regular(path, status.st_mode);
    return InputFile(descriptor.release(), identify(status), std::move(kept_path));
} catch (const std::bad_alloc&) {
    return describe(Condition::out_of_memory, {"out of memory"});
}

InputFile::InputFile(InputFile&& other) noexcept
    : descriptor_(std::exchange(other.descriptor_, -1)),
      identity_(other.identity_),
      path_(std::move(other.path_)) {}

InputFile& InputFile::operator=(InputFile&& other) noexcept {
    InputFile taken(std::move(other));
    std::swap(descriptor_, taken.descriptor_);
    std::swap(identity_, taken.identity_);
    std::swap(path_, taken.path_);
    return *this;
}

InputFile::~InputFile() {
    if (descriptor_ >= 0) ::close(descriptor_);
}

int InputFile::read_some(std::uint64_t offset, std::span<std::byte> to, std::size_t& done) const noexcept {
    const int error = read_until_end(descriptor_, offset, to, done);
    if (error != ESTALE) return error;
    // NFS has dropped the handle: another client replaced the file, or the server was restarted. Only in the
    // second case the path still leads to the same file.
    const Descriptor again = open_to_read(path_);
    struct stat status {};
    if (!again || ::fstat(again.get(), &status) != 0) return ESTALE;
    if (identify(status) != identity_) return ESTALE;
    return read_until_end(again.get(), offset, to, done);
}

Result<void> InputFile::read(std::uint64_t offset, std::span<std::byte> to) const {
    if (!base::range_within(offset, to.size(), kMaxOffset)) {
        return system_error(Condition::read, path_, "read", offset, EOVERFLOW);
    }
    std::size_t done = 0;
    const int error = read_some(offset, to, done);
    if (error == ESTALE) return system_error(Condition::changed, path_, "read", offset + done, error);
    if (error != 0) return system_error(Condition::read, path_, "read", offset + done, error);
    if (done < to.size()) {
        return describe(Condition::changed,
                        {path_, ": cannot read ", Decimal(to.size()).text(), " bytes at ",
                         Decimal(offset).text(), ": the file now ends at ", Decimal(offset + done).text(),
                         ", at open it had ", Decimal(identity_.size).text(), " bytes"});
    }
    return {};
}

Result<void> InputFile::check_unchanged() const {
    struct stat status {};
    if (::fstat(descriptor_, &status) != 0) {
        const int error = errno;
        return system_error(error == ESTALE ? Condition::changed : Condition::read, path_, "look at", error);
    }
    const FileIdentity now = identify(status);
    if (now.size != identity_.size) {
        return describe(Condition::changed, {path_, ": has ", Decimal(now.size).text(),
                                             " bytes, at open it had ", Decimal(identity_.size).text()});
    }
    if (now.modified_ns != identity_.modified_ns) {
        return describe(Condition::changed, {path_, ": was modified since it was opened"});
    }
    return {};
}

bool InputFile::is_local() const noexcept {
    return is_on_local_file_system(descriptor_);
}

Result<Mapping> InputFile::map_with(int protection, int flags) const {
    Mapping mapping;
    if (identity_.size == 0) return mapping;  // mmap refuses a length of 0
    if (identity_.size > std::numeric_limits<std::size_t>::max() / 2) {
        return system_error(Condition::map, path_, "map", EOVERFLOW);
    }
    const auto nbytes = static_cast<std::size_t>(identity_.size);
    void* begin = ::mmap(nullptr, nbytes, protection, flags, descriptor_, 0);
    // FUSE file systems with direct_io have no shared mappings. For a mapping that is only read, a private
    // one does as well.
    if (begin == MAP_FAILED && errno == ENODEV && flags == MAP_SHARED)
        begin = ::mmap(nullptr, nbytes, protection, MAP_PRIVATE, descriptor_, 0);
    if (begin == MAP_FAILED) return system_error(Condition::map, path_, "map", errno);
    mapping.bytes_ = {static_cast<std::byte*>(begin), nbytes};
    return mapping;
}

Result<Mapping> InputFile::map() const {
    return map_with(PROT_READ, MAP_SHARED);
}

// MAP_NORESERVE: without it the kernel refuses a file that is larger than the memory, although hardly a page
// of it will be written.
Result<Mapping> InputFile::map_private() const {
    return map_with(PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_NORESERVE);
}

}  // namespace milepost::platform

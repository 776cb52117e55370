#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <new>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include <fcntl.h>
#include <linux/fs.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <milepost/error.hpp>
#include <milepost/result.hpp>

#include "base/checked.hpp"
#include "platform/descriptor_posix.hpp"
#include "platform/errno_posix.hpp"
#include "platform/replace.hpp"
#include "platform/target_posix.hpp"
#include "platform/temporary_posix.hpp"

namespace milepost::platform {

static_assert(sizeof(off_t) == 8, "files beyond 2 GiB need 64-bit offsets: _FILE_OFFSET_BITS=64");

namespace {

constexpr int kAttempts = 16;

// Called by its number, because not every C library has a function for it.
int rename_to_new_name(int folder, const char* from, const char* to) noexcept {
    return static_cast<int>(::syscall(SYS_renameat2, folder, from, folder, to, RENAME_NOREPLACE));
}

}  // namespace

// All memory is allocated in create(). After it only messages allocate, and describe() works without memory.
struct ReplacingFile::Impl {
    Impl(std::string whole_path, const ReplaceOptions& asked, Descriptor opened, std::string target_name)
        : path(std::move(whole_path)),
          options(asked),
          folder(std::move(opened)),
          name(std::move(target_name)),
          previous_name(asked.keep_previous ? name + ".prev" : std::string()),
          previous_link(name),
          temporary(folder, TemporaryName(name)) {}

    Result<void> open_temporary() noexcept;
    Result<void> check_size(std::uint64_t end) const;
    Result<void> reserve(std::uint64_t nbytes);
    Result<void> write(std::uint64_t offset, std::span<const std::byte> bytes);
    Result<void> commit(std::uint64_t size);
    Result<void> cut(std::uint64_t size);
    Result<void> keep_old_file();
    Result<void> take_place();
    Result<void> take_free_place();

    const std::string path;  // as the caller wrote it
    const ReplaceOptions options;
    const Descriptor folder;
    const std::string name, previous_name;
    TemporaryName previous_link;
    Temporary temporary;
    TargetStatus target;       // as it was when this object was created
    std::uint64_t extent = 0;  // size of the temporary file: the end of what was reserved or written
    bool failed = false;
};

Result<void> ReplacingFile::Impl::open_temporary() noexcept {
    const int error = temporary.open();
    if (error != 0)
        return system_error(condition_of(error, Condition::open), path, "create a file beside it", error);
    // Best effort: not every file system has modes.
    if (target.exists) static_cast<void>(::fchmod(temporary.descriptor(), target.permissions));
    return {};
}

// The kernel answers a write beyond the limit with SIGXFSZ, which ends the process, so the limit is checked
// first.
Result<void> ReplacingFile::Impl::check_size(std::uint64_t end) const {
    auto limit = static_cast<std::uint64_t>(std::numeric_limits<off_t>::max());
    rlimit process_limit{};
    if (::getrlimit(RLIMIT_FSIZE, &process_limit) == 0 && process_limit.rlim_cur != RLIM_INFINITY) {
        limit = std::min<std::uint64_t>(limit, process_limit.rlim_cur);
    }
    if (end <= limit) return {};
    return describe(Condition::file_size_limit,
                    {path, ": cannot grow to ", Decimal(end).text(), " bytes: files are limited to ",
                     Decimal(limit).text(), " bytes for this process (RLIMIT_FSIZE)"});
}

Result<void> ReplacingFile::Impl::reserve(std::uint64_t nbytes) {
    if (nbytes <= extent) return {};
    if (Result<void> fits = check_size(nbytes); !fits) return fits;
    int error = 0;
    // Some file systems start again after a signal. With a timer that fires often, that would never end.
    for (int attempt = 0; attempt < kAttempts; ++attempt) {
        error = ::fallocate(temporary.descriptor(), 0, 0, static_cast<off_t>(nbytes)) == 0 ? 0 : errno;
        if (error != EINTR) break;
    }
    switch (error) {
        case 0:
            extent = nbytes;
            return {};
        case EINTR:
        case ENOSYS:
        case EOPNOTSUPP:
        case EINVAL:
        case EPERM:
            return {};  // cannot be reserved here: the writes will report a lack of space
        default:
            return system_error(condition_of(error, Condition::write), path,
                                "reserve room for a file that ends", nbytes, error);
    }
}

Result<void> ReplacingFile::Impl::write(std::uint64_t offset, std::span<const std::byte> bytes) {
    std::uint64_t end = 0;
    if (!base::checked_add(offset, bytes.size(), end)) end = UINT64_MAX;
    if (Result<void> fits = check_size(end); !fits) return fits;
    while (!bytes.empty()) {
        const ssize_t count = retry_interrupted([&] {
            return ::pwrite(temporary.descriptor(), bytes.data(), bytes.size(), static_cast<off_t>(offset));
        });
        if (count <= 0) {
            const int error = count == 0 ? EIO : errno;
            return system_error(condition_of(error, Condition::write), path, "write", offset, error);
        }
        bytes = bytes.subspan(static_cast<std::size_t>(count));
        offset += static_cast<std::uint64_t>(count);
        extent = std::max(extent, offset);
    }
    return {};
}

Result<void> ReplacingFile::Impl::cut(std::uint64_t size) {
    if (size == extent) return {};
    if (size > extent) {
        if (Result<void> fits = check_size(size); !fits) return fits;
    }
    const int file = temporary.descriptor();
    if (retry_interrupted([&] { return ::ftruncate(file, static_cast<off_t>(size)); }) == 0) return {};
    const int error = errno;
    return system_error(condition_of(error, Condition::write), path, "set its size", error);
}

// Steps as in docs/design.md, "Saving". The order is the protocol.
Result<void> ReplacingFile::Impl::commit(std::uint64_t size) {
    if (Result<void> done = cut(size); !done) return done;
    // Not repeated after an error: the kernel reports it once, drops the pages, and reports success the
    // second time.
    const int file = temporary.descriptor();
    if (options.durable && retry_interrupted([&] { return ::fsync(file); }) != 0) {
        return system_error(Condition::sync, path, "sync what was written", errno);
    }
    if (const int error = temporary.link(); error != 0) {
        return system_error(Condition::link, path, "link the new file", error);
    }
    if (const int error = temporary.close(); error != 0) {
        return system_error(Condition::close, path, "close the new file", error);
    }
    if (options.keep_previous && !options.create_only) {
        if (Result<void> done = keep_old_file(); !done) return done;
    }
    if (Result<void> done = options.create_only ? take_free_place() : take_place(); !done) return done;
    if (options.durable && retry_interrupted([&] { return ::fsync(folder.get()); }) != 0) {
        return system_error(Condition::directory_sync, path, "sync its folder; the new file is in place",
                            errno);
    }
    return {};
}

Result<void> ReplacingFile::Impl::keep_old_file() {
    int error = EEXIST;
    for (int attempt = 0; attempt < kAttempts; ++attempt) {
        previous_link.draw();
        if (::linkat(folder.get(), name.c_str(), folder.get(), previous_link.c_str(), 0) != 0) {
            error = errno;
            if (error == ENOENT) return {};  // no old file to keep
            if (error == EEXIST) continue;
            break;
        }
        const bool renamed =
            ::renameat(folder.get(), previous_link.c_str(), folder.get(), previous_name.c_str()) == 0;
        error = errno;
        // Also after success: if both names were links to the same file, as after a save that failed at this
        // point, the rename has done nothing.
        ::unlinkat(folder.get(), previous_link.c_str(), 0);
        if (renamed) return {};
        // ENOENT: another save removed the link as an orphan: it is as old as the old file, and not locked.
        if (error != ENOENT) break;
    }
    return system_error(Condition::link, path, "keep the old file as its .prev", error);
}

Result<void> ReplacingFile::Impl::take_place() {
    if (::renameat(folder.get(), temporary.name(), folder.get(), name.c_str()) != 0) {
        return system_error(Condition::rename, path, "rename the new file to it", errno);
    }
    temporary.forget();
    return {};
}

Result<void> ReplacingFile::Impl::take_free_place() {
    if (rename_to_new_name(folder.get(), temporary.name(), name.c_str()) == 0) {
        temporary.forget();
        return {};
    }
    // If the kernel or the file system does not have this call, a link is used: it never replaces a file
    // either.
    const bool missing = errno == ENOSYS || errno == EINVAL;
    if (missing && ::linkat(folder.get(), temporary.name(), folder.get(), name.c_str(), 0) == 0) {
        temporary.remove();
        return {};
    }
    if (errno == EEXIST) return bad_target(path, "it exists already");
    return system_error(Condition::rename, path, "rename the new file to it", errno);
}

Result<ReplacingFile> ReplacingFile::create(const std::string& path, const ReplaceOptions& options) try {
    if (path.find('\0') != std::string::npos) return bad_target(path, "it contains a NUL character");
    SplitPath parts = split_path(path);
    Descriptor folder(
        retry_interrupted([&] { return ::open(parts.folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC); }));
    if (!folder) return system_error(Condition::open, path, "open its folder", errno);

    auto impl = std::make_unique<Impl>(path, options, std::move(folder), std::move(parts.name));
    auto target = inspect_target(impl->folder, path, impl->name, options.create_only);
    if (!target) return std::move(target).error();
    impl->target = *target;
    if (options.keep_previous) {
        auto fits = check_previous(impl->folder, path, impl->previous_name);
        if (!fits) return std::move(fits).error();
    }
    sweep_orphans(impl->folder, impl->previous_link);
    if (Result<void> done = impl->open_temporary(); !done) return std::move(done).error();
    return ReplacingFile(std::move(impl));
} catch (const std::bad_alloc&) {
    return describe(Condition::out_of_memory, {"out of memory"});
}

ReplacingFile::ReplacingFile(std::unique_ptr<Impl> impl) noexcept : impl_(std::move(impl)) {}
ReplacingFile::ReplacingFile(ReplacingFile&&) noexcept = default;
ReplacingFile& ReplacingFile::operator=(ReplacingFile&&) noexcept = default;
ReplacingFile::~ReplacingFile() = default;

Result<void> ReplacingFile::reserve(std::uint64_t nbytes) {
    if (!impl_) return describe(Condition::option, {"this save has ended: nothing can be reserved"});
    Result<void> done = impl_->reserve(nbytes);
    if (!done) impl_->failed = true;
    return done;
}

Result<void> ReplacingFile::write(std::uint64_t offset, std::span<const std::byte> bytes) {
    if (!impl_) return describe(Condition::option, {"this save has ended: nothing can be written"});
    Result<void> done = impl_->write(offset, bytes);
    if (!done) impl_->failed = true;
    return done;
}

Result<void> ReplacingFile::commit(std::uint64_t size) {
    // This save ends here in any case. The destructor removes the temporary file if it is still there.
    const std::unique_ptr<Impl> impl = std::move(impl_);
    if (!impl) return describe(Condition::option, {"this save has ended: nothing can be committed"});
    if (impl->failed) {
        return describe(Condition::write, {impl->path, ": cannot be saved: a write failed before"});
    }
    return impl->commit(size);
}

}  // namespace milepost::platform

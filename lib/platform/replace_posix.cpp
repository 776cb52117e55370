#include <atomic>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <new>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include <sys/types.h>
#include <unistd.h>

#include <milepost/error.hpp>
#include <milepost/result.hpp>

#include "platform/descriptor_posix.hpp"
#include "platform/errno_posix.hpp"
#include "platform/extended_attribute_posix.hpp"
#include "platform/folder_posix.hpp"
#include "platform/output_file_posix.hpp"
#include "platform/previous_posix.hpp"
#include "platform/process.hpp"
#include "platform/replace.hpp"
#include "platform/rights_posix.hpp"
#include "platform/target_posix.hpp"
#include "platform/temporary_posix.hpp"

namespace milepost::platform {

static_assert(sizeof(off_t) == 8, "files beyond 2 GiB need 64-bit offsets: _FILE_OFFSET_BITS=64");

struct ReplacingFile::Impl {
    Impl(std::string whole_path, const ReplaceOptions& asked, Descriptor opened, std::string target_name)
        : path(std::move(whole_path)),
          options(asked),
          folder(std::move(opened)),
          name(std::move(target_name)),
          temporary_name(name, max_name_nbytes(folder)),
          temporary(folder, temporary_name),
          content(path) {}

    Result<void> prepare();
    int read_rights_of_target();
    Result<void> open_temporary();
    Result<void> prepare_names();
    Result<void> commit(std::uint64_t size);
    void set_rights();
    Result<void> keep_old_file();
    Result<void> take_place();

    const std::string path;  // as the caller wrote it
    const ReplaceOptions options;
    const Descriptor folder;
    const std::string name;
    const TemporaryName temporary_name;
    Temporary temporary;
    std::optional<PreviousFile> previous;
    std::optional<Rights> rights;  // that the new file gets if the path is free at commit
    OutputFile content;
    std::atomic<bool> failed = false;
    OwnerProcess owner;
};

Result<void> ReplacingFile::Impl::prepare() {
    MILEPOST_TRY_ASSIGN(auto target_exists, inspect_target(folder, path, name, options.create_only));
    if (target_exists) {
        if (const int error = read_rights_of_target(); error != 0 && error != ENOENT)
            return system_error(Condition::open, path, "look at", error);
    }
    if (options.keep_previous) {
        previous.emplace(folder, name, temporary_name);
        if (Result<void> fits = check_previous(folder, path, previous->name()); !fits) return fits;
    }
    sweep_orphans(folder, temporary_name);
    if (Result<void> done = open_temporary(); !done) return done;
    return prepare_names();
}

int ReplacingFile::Impl::read_rights_of_target() {
    const Descriptor target = open_to_look(folder, name.c_str());
    if (!target) return errno;
    Rights found;
    const int error = read_rights(target.get(), found);
    if (error == 0) rights = std::move(found);
    return error;
}

Result<void> ReplacingFile::Impl::open_temporary() {
    int error = temporary.open(rights ? cautious_mode(*rights) : kModeOfNewFiles);
    if (error == 0 && temporary.is_named() && !rights) {
        Rights usual;
        error = Temporary::read_rights_of_new_files(folder, temporary_name, usual);
        if (error == 0) rights = std::move(usual);
    }
    if (error != 0)
        return system_error(condition_of(error, Condition::open), path, "create a file beside it", error);
    content.open(temporary.descriptor(), options.durable, options.keep_cached);
    return {};
}

// What commit() will need and the file system may not have is found out now, not after hours of writing.
Result<void> ReplacingFile::Impl::prepare_names() {
    if (options.create_only) {
        const int error = temporary.check_new_name();
        if (error == 0) return {};
        return system_error(condition_of(error, Condition::link), path,
                            "take a name beside it without replacing a file, as create_only requires", error);
    }
    const int error = previous ? previous->prepare(options.durable) : 0;
    if (error == 0) return {};
    return system_error(condition_of(error, Condition::link), path, "keep the old file as its .prev", error);
}

// Until here a file with a name could be opened by its owner only. Who may see the old file may see the new
// one from now on. Best effort: not every file system has groups, modes, lists and attributes.
void ReplacingFile::Impl::set_rights() {
    if (const Descriptor target = open_to_look(folder, name.c_str())) {
        Rights found;
        if (read_rights(target.get(), found) == 0) rights = std::move(found);
        copy_extended_attributes(target.get(), temporary.descriptor());
    }
    if (rights) give_rights(*rights, temporary.descriptor());
}

// Steps as in docs/design.md, "Saving". The order is the protocol.
Result<void> ReplacingFile::Impl::commit(std::uint64_t size) {
    if (Result<void> done = content.cut(size); !done) return done;
    set_rights();
    if (const int error = options.durable ? sync_file(temporary.descriptor()) : 0; error != 0) {
        return system_error(Condition::sync, path, "sync what was written", error);
    }
    if (const int error = temporary.link(); error != 0) {
        return system_error(Condition::link, path, "link the new file", error);
    }
    if (const int error = temporary.close(); error != 0) {
        return system_error(Condition::close, path, "close the new file", error);
    }
    if (Result<void> done = keep_old_file(); !done) return done;
    if (Result<void> done = take_place(); !done) return done;
    if (const int error = options.durable ? sync_folder(folder, name.c_str()) : 0; error != 0) {
        return system_error(Condition::directory_sync, path, "sync its folder; the new file is in place",
                            error);
    }
    return {};
}

Result<void> ReplacingFile::Impl::keep_old_file() {
    if (!previous || options.create_only) return {};
    const int error = previous->keep(options.durable);
    if (error == 0) return {};
    return system_error(condition_of(error, Condition::link), path, "keep the old file as its .prev", error);
}

Result<void> ReplacingFile::Impl::take_place() {
    int error = 0;
    if (options.create_only) {
        error = rename_to_free_name(folder.get(), temporary.name(), name.c_str());
        if (error == EEXIST) return bad_target(path, "it exists already");
    } else if (::renameat(folder.get(), temporary.name(), folder.get(), name.c_str()) != 0) {
        error = errno;
    }
    if (error != 0) return system_error(Condition::rename, path, "rename the new file to it", error);
    temporary.forget();
    return {};
}

Result<ReplacingFile> ReplacingFile::create(const std::string& path, const ReplaceOptions& options) try {
    if (path.find('\0') != std::string::npos) return bad_target(path, "it contains a NUL character");
    SplitPath parts = split_path(path);
    Descriptor folder = open_folder(parts.folder);
    if (!folder) return system_error(Condition::open, path, "open its folder", errno);
    auto impl = std::make_unique<Impl>(path, options, std::move(folder), std::move(parts.name));
    if (Result<void> done = impl->prepare(); !done) return std::move(done).error();
    return ReplacingFile(std::move(impl));
} catch (const std::bad_alloc&) {
    return describe(Condition::out_of_memory, {"out of memory"});
}

ReplacingFile::ReplacingFile(std::unique_ptr<Impl> impl) noexcept : impl_(std::move(impl)) {}
ReplacingFile::ReplacingFile(ReplacingFile&&) noexcept = default;
ReplacingFile& ReplacingFile::operator=(ReplacingFile&&) noexcept = default;
ReplacingFile::~ReplacingFile() = default;

Result<void> ReplacingFile::check_usable(std::string_view done) const {
    if (!impl_) return describe(Condition::option, {"this save has ended: nothing can be ", done});
    if (impl_->owner.is_current()) return {};
    return describe(Condition::option,
                    {impl_->path, ": this save belongs to the parent process: nothing can be ", done});
}

Result<void> ReplacingFile::reserve(std::uint64_t nbytes) {
    if (Result<void> usable = check_usable("reserved"); !usable) return usable;
    Result<void> done = impl_->content.reserve(nbytes);
    if (!done) impl_->failed = true;
    return done;
}

Result<void> ReplacingFile::write(std::uint64_t offset, std::span<const std::byte> bytes) {
    if (Result<void> usable = check_usable("written"); !usable) return usable;
    Result<void> done = impl_->content.write(offset, bytes);
    if (!done) impl_->failed = true;
    return done;
}

bool ReplacingFile::is_direct() const noexcept {
    return impl_ && impl_->content.is_direct();
}

Result<void> ReplacingFile::commit(std::uint64_t size) try {
    if (Result<void> usable = check_usable("committed"); !usable) return usable;
    // This save ends here in any case. The destructor removes the temporary file if it is still there.
    const std::unique_ptr<Impl> impl = std::move(impl_);
    if (impl->failed) {
        return describe(Condition::write, {impl->path, ": cannot be saved: a write failed before"});
    }
    return impl->commit(size);
} catch (const std::bad_alloc&) {
    return describe(Condition::out_of_memory, {"out of memory"});
}

}  // namespace milepost::platform

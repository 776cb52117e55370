#include "pass_through.hpp"

#include <cerrno>
#include <csignal>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <string>
#include <string_view>

#define FUSE_USE_VERSION 31
#include <dirent.h>
#include <fcntl.h>
#include <fuse.h>
#include <linux/fs.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>

namespace milepost::testing {
namespace {

// Of the serving process, which serves one file system in one thread.
std::string source;
PassThroughOptions refused;

std::string real(const char* path) {
    return source + path;
}

int answer(long result) {
    return result < 0 ? -errno : static_cast<int>(result);
}

int get_status(const char* path, struct stat* status, fuse_file_info* file) {
    if (file != nullptr) return answer(::fstat(static_cast<int>(file->fh), status));
    const std::string_view whole = path;
    if (whole.size() - whole.rfind('/') - 1 > refused.max_name) return -ENAMETOOLONG;
    return answer(::lstat(real(path).c_str(), status));
}

int list(const char* path, void* to, fuse_fill_dir_t fill, off_t, fuse_file_info*, fuse_readdir_flags) {
    DIR* const entries = ::opendir(real(path).c_str());
    if (entries == nullptr) return -errno;
    while (const dirent* const entry = ::readdir(entries))
        fill(to, entry->d_name, nullptr, 0, {});
    ::closedir(entries);
    return 0;
}

int open_file(const char* path, int flags, mode_t mode, fuse_file_info* file) {
    const int opened = ::open(real(path).c_str(), flags | O_CLOEXEC, mode);
    if (opened < 0) return -errno;
    file->fh = static_cast<std::uint64_t>(opened);
    file->direct_io = refused.direct_io;
    return 0;
}

int open_existing(const char* path, fuse_file_info* file) {
    return open_file(path, file->flags, 0, file);
}

int create(const char* path, mode_t mode, fuse_file_info* file) {
    return open_file(path, file->flags | O_CREAT, mode, file);
}

int read(const char*, char* to, std::size_t nbytes, off_t offset, fuse_file_info* file) {
    return answer(::pread(static_cast<int>(file->fh), to, nbytes, offset));
}

int write(const char*, const char* from, std::size_t nbytes, off_t offset, fuse_file_info* file) {
    if (refused.write_at_most != 0 && nbytes > refused.write_at_most) nbytes = refused.write_at_most;
    return answer(::pwrite(static_cast<int>(file->fh), from, nbytes, offset));
}

int release(const char*, fuse_file_info* file) {
    return answer(::close(static_cast<int>(file->fh)));
}

int sync_file(const char*, int, fuse_file_info* file) {
    return refused.sync_file != 0 ? -refused.sync_file : answer(::fsync(static_cast<int>(file->fh)));
}

int sync_folder(const char*, int, fuse_file_info*) {
    return -refused.sync_folder;
}

int make_folder(const char* path, mode_t mode) {
    return answer(::mkdir(real(path).c_str(), mode));
}

int remove_file(const char* path) {
    return answer(::unlink(real(path).c_str()));
}

int remove_folder(const char* path) {
    return answer(::rmdir(real(path).c_str()));
}

int rename_file(const char* from, const char* to, unsigned flags) {
    if (flags != 0 && refused.rename_flags != 0) return -refused.rename_flags;
    return answer(::syscall(SYS_renameat2, AT_FDCWD, real(from).c_str(), AT_FDCWD, real(to).c_str(), flags));
}

int link_file(const char* from, const char* to) {
    return refused.link != 0 ? -refused.link : answer(::link(real(from).c_str(), real(to).c_str()));
}

int change_mode(const char* path, mode_t mode, fuse_file_info* file) {
    if (refused.chmod != 0) return -refused.chmod;
    if (file != nullptr) return answer(::fchmod(static_cast<int>(file->fh), mode));
    return answer(::chmod(real(path).c_str(), mode));
}

int change_owner(const char* path, uid_t user, gid_t group, fuse_file_info* file) {
    if (refused.chown != 0) return -refused.chown;
    if (file != nullptr) return answer(::fchown(static_cast<int>(file->fh), user, group));
    return answer(::lchown(real(path).c_str(), user, group));
}

int set_size(const char* path, off_t size, fuse_file_info* file) {
    if (refused.truncate != 0) return -refused.truncate;
    if (file != nullptr) return answer(::ftruncate(static_cast<int>(file->fh), size));
    return answer(::truncate(real(path).c_str(), size));
}

int allocate(const char*, int mode, off_t offset, off_t size, fuse_file_info* file) {
    if (refused.allocate != 0) return -refused.allocate;
    return answer(::fallocate(static_cast<int>(file->fh), mode, offset, size));
}

int set_times(const char* path, const timespec times[2], fuse_file_info* file) {
    if (file != nullptr) return answer(::futimens(static_cast<int>(file->fh), times));
    return answer(::utimensat(AT_FDCWD, real(path).c_str(), times, AT_SYMLINK_NOFOLLOW));
}

int get_attribute(const char* path, const char* name, char* to, std::size_t nbytes) {
    if (refused.attributes != 0) return -refused.attributes;
    return answer(::lgetxattr(real(path).c_str(), name, to, nbytes));
}

int set_attribute(const char* path, const char* name, const char* from, std::size_t nbytes, int flags) {
    if (refused.attributes != 0) return -refused.attributes;
    return answer(::lsetxattr(real(path).c_str(), name, from, nbytes, flags));
}

int list_attributes(const char* path, char* to, std::size_t nbytes) {
    if (refused.attributes != 0) return -refused.attributes;
    return answer(::llistxattr(real(path).c_str(), to, nbytes));
}

int remove_attribute(const char* path, const char* name) {
    if (refused.attributes != 0) return -refused.attributes;
    return answer(::lremovexattr(real(path).c_str(), name));
}

int get_space(const char* path, struct statvfs* space) {
    const int error = answer(::statvfs(real(path).c_str(), space));
    space->f_namemax = refused.max_name;
    return error;
}

void* start(fuse_conn_info*, fuse_config* settings) {
    settings->use_ino = 1;
    settings->hard_remove = refused.hide_removed ? 0 : 1;
    settings->entry_timeout = 0;
    settings->attr_timeout = 0;
    settings->negative_timeout = 0;
    return nullptr;
}

fuse_operations operations() {
    fuse_operations calls{};
    calls.init = start;
    calls.getattr = get_status;
    calls.readdir = list;
    calls.open = open_existing;
    calls.create = create;
    calls.read = read;
    calls.write = write;
    calls.release = release;
    calls.fsync = sync_file;
    calls.fsyncdir = sync_folder;
    calls.mkdir = make_folder;
    calls.unlink = remove_file;
    calls.rmdir = remove_folder;
    calls.rename = rename_file;
    calls.link = link_file;
    calls.chmod = change_mode;
    calls.chown = change_owner;
    calls.truncate = set_size;
    calls.fallocate = allocate;
    calls.utimens = set_times;
    calls.getxattr = get_attribute;
    calls.setxattr = set_attribute;
    calls.listxattr = list_attributes;
    calls.removexattr = remove_attribute;
    calls.statfs = get_space;
    return calls;
}

/// Serves until the file system is unmounted. Writes one byte to `ready` once it is mounted.
void serve(const std::string& folder, int ready) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    ::umask(0);
    char program[] = "pass_through", option[] = "-o", values[] = "default_permissions,allow_other";
    char* words[] = {program, option, values};
    fuse_args arguments = FUSE_ARGS_INIT(3, words);
    const fuse_operations calls = operations();
    fuse* const session = ::fuse_new(&arguments, &calls, sizeof calls, nullptr);
    if (session == nullptr || ::fuse_mount(session, folder.c_str()) != 0) return;
    if (::write(ready, "1", 1) != 1) return;
    ::fuse_loop(session);
}

}  // namespace

PassThrough::PassThrough(const std::string& source_folder, const std::string& folder,
                         const PassThroughOptions& options)
    : folder_(folder) {
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) != 0) return;
    server_ = ::fork();
    if (server_ == 0) {
        ::close(ends[0]);
        source = source_folder;
        refused = options;
        serve(folder, ends[1]);
        ::_exit(0);
    }
    ::close(ends[1]);
    char byte = 0;
    mounted_ = server_ > 0 && ::read(ends[0], &byte, 1) == 1;
    ::close(ends[0]);
}

PassThrough::~PassThrough() {
    if (mounted_ && ::umount2(folder_.c_str(), 0) != 0) {
        std::perror("the pass-through is busy");
        ::umount2(folder_.c_str(), MNT_DETACH);
        ::kill(server_, SIGKILL);
    }
    int status = 0;
    if (server_ > 0) ::waitpid(server_, &status, 0);
}

}  // namespace milepost::testing

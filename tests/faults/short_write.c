/* LD_PRELOAD: every third write is interrupted (EINTR), and the others write 1 to SHORT_WRITE_MAX bytes only:
   real ones, where strace can but fake the count. For 64-bit systems. Standard output and error are left
   alone. */
#undef _FILE_OFFSET_BITS /* both names of each call are defined here */
#define _GNU_SOURCE
#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

static atomic_ulong calls;
static unsigned long most = 1;

__attribute__((constructor)) static void start(void) {
    const char* const text = getenv("SHORT_WRITE_MAX");
    if (text != NULL) most = strtoul(text, NULL, 10);
    if (most == 0) most = 1;
}

/* How many of `count` bytes to write now; 0: be interrupted. */
static size_t portion(size_t count) {
    const unsigned long call = atomic_fetch_add(&calls, 1);
    if (count == 0) return count;
    if (call % 3 == 2) return 0;
    const unsigned long chosen = 1 + (call * 0x9E3779B97F4A7C15UL >> 33) % most;
    return chosen < count ? chosen : count;
}

ssize_t write(int file, const void* from, size_t count) {
    if (file <= 2) return syscall(SYS_write, file, from, count);
    const size_t now = portion(count);
    if (now == 0 && count != 0) {
        errno = EINTR;
        return -1;
    }
    return syscall(SYS_write, file, from, now);
}

ssize_t pwrite64(int file, const void* from, size_t count, off64_t offset) {
    const size_t now = portion(count);
    if (now == 0 && count != 0) {
        errno = EINTR;
        return -1;
    }
    return syscall(SYS_pwrite64, file, from, now, offset);
}

ssize_t pwrite(int file, const void* from, size_t count, off_t offset) {
    return pwrite64(file, from, count, offset);
}

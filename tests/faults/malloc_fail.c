/* LD_PRELOAD: the MALLOC_FAIL_AT-th allocation fails; with MALLOC_FAIL_STICKY set, so does every one after
   it. Writes one byte to the descriptor MALLOC_FAIL_REPORT when the first one fails, so that whoever counts
   knows when to stop. Counting starts when this library's constructor has run: by then the C++ library has
   its emergency memory, without which no exception could be thrown at all. Passes on to the C library's own
   names, since dlsym allocates. */
#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

void* __libc_malloc(size_t);
void* __libc_calloc(size_t, size_t);
void* __libc_realloc(void*, size_t);
void* __libc_memalign(size_t, size_t);

static long fail_at, report = -1;
static int sticky;
static atomic_long calls;

__attribute__((constructor)) static void start(void) {
    const char* const at = getenv("MALLOC_FAIL_AT");
    const char* const descriptor = getenv("MALLOC_FAIL_REPORT");
    sticky = getenv("MALLOC_FAIL_STICKY") != NULL;
    if (descriptor != NULL) report = strtol(descriptor, NULL, 10);
    atomic_store(&calls, 0);
    if (at != NULL) fail_at = strtol(at, NULL, 10);
}

static int fails(void) {
    if (fail_at == 0) return 0;
    const long call = atomic_fetch_add(&calls, 1) + 1;
    if (call < fail_at || (call > fail_at && !sticky)) return 0;
    if (call == fail_at && report >= 0) syscall(SYS_write, report, "!", 1);
    errno = ENOMEM;
    return 1;
}

void* malloc(size_t nbytes) {
    return fails() ? NULL : __libc_malloc(nbytes);
}
void* calloc(size_t count, size_t nbytes) {
    return fails() ? NULL : __libc_calloc(count, nbytes);
}
void* realloc(void* old, size_t nbytes) {
    return fails() ? NULL : __libc_realloc(old, nbytes);
}
void* memalign(size_t alignment, size_t nbytes) {
    return fails() ? NULL : __libc_memalign(alignment, nbytes);
}
void* aligned_alloc(size_t alignment, size_t nbytes) {
    return memalign(alignment, nbytes);
}

int posix_memalign(void** out, size_t alignment, size_t nbytes) {
    void* const result = memalign(alignment, nbytes);
    if (result == NULL) return ENOMEM;
    *out = result;
    return 0;
}

/* LD_PRELOAD: a file system without hard links, as FAT and many that are served by programs. */
#include <errno.h>
#include <unistd.h>

int linkat(int from_folder, const char* from, int to_folder, const char* to, int flags) {
    (void)from_folder;
    (void)from;
    (void)to_folder;
    (void)to;
    (void)flags;
    errno = EPERM;
    return -1;
}

/* A disk that loses power, or fails, for one process (LD_PRELOAD).
 *
 * DISK_DURABLE=DIR  what a file had at its last fsync is kept as DIR/NAME: it is
 *                   what a power loss would leave.
 * DISK_NO_SYNC=FILE while FILE is there, every fsync fails with EIO, or only that
 *                   of the file named DISK_NO_SYNC_OF.
 * DISK_FULL=FILE    while FILE is there, every write to a database file fails
 *                   with ENOSPC, the first of them after half of its bytes.
 *
 * Only files in a directory named "data" are looked at.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

static const char *name_of(int fd, char *path, size_t size) {
    char link[64];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t length = readlink(link, path, size - 1);
    if (length < 0) return NULL;
    path[length] = 0;
    char *slash = strrchr(path, '/');
    if (!slash || slash - path < 5 || strncmp(slash - 5, "/data", 5) != 0) return NULL;
    return slash + 1;
}

static int asked_for(const char *variable) {
    const char *path = getenv(variable);
    return path && access(path, F_OK) == 0;
}

static void copy(const char *from, const char *directory, const char *name) {
    char temporary[4096], target[4096], buffer[65536];
    snprintf(target, sizeof target, "%s/%s", directory, name);
    snprintf(temporary, sizeof temporary, "%s/.%s.new", directory, name);
    ssize_t (*real_write)(int, const void *, size_t) = dlsym(RTLD_NEXT, "write");
    int in = open(from, O_RDONLY), out = open(temporary, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    ssize_t count;
    while ((count = read(in, buffer, sizeof buffer)) > 0)
        if (real_write(out, buffer, count) != count) abort();
    close(in);
    close(out);
    rename(temporary, target);
}

static int synced(int fd, const char *function) {
    char path[4096];
    const char *name = name_of(fd, path, sizeof path);
    const char *only = getenv("DISK_NO_SYNC_OF");
    if (name && asked_for("DISK_NO_SYNC") && (!only || strcmp(name, only) == 0)) {
        errno = EIO;
        return -1;
    }
    int (*real)(int) = dlsym(RTLD_NEXT, function);
    int result = real(fd);
    const char *directory = getenv("DISK_DURABLE");
    if (result == 0 && name && directory) copy(path, directory, name);
    return result;
}

int fsync(int fd) { return synced(fd, "fsync"); }
int fdatasync(int fd) { return synced(fd, "fdatasync"); }

static ssize_t written(int fd, const void *bytes, size_t count, off_t at, const char *function) {
    ssize_t (*real)(int, const void *, size_t, off_t) = dlsym(RTLD_NEXT, function);
    char path[4096];
    const char *name = asked_for("DISK_FULL") ? name_of(fd, path, sizeof path) : NULL;
    if (name && strncmp(name, "kelpie.db", 9) == 0) {
        static int failed = 0;
        if (!failed++ && count > 1) return real(fd, bytes, count / 2, at);
        errno = ENOSPC;
        return -1;
    }
    return real(fd, bytes, count, at);
}

ssize_t pwrite(int fd, const void *bytes, size_t count, off_t at) {
    return written(fd, bytes, count, at, "pwrite");
}
ssize_t pwrite64(int fd, const void *bytes, size_t count, off_t at) {
    return written(fd, bytes, count, at, "pwrite64");
}

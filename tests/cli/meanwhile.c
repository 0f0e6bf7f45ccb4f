/* SPDX-License-Identifier: MIT
 *
 * Something happens between two steps of a program. This library is loaded before it (LD_PRELOAD); when the program comes to the step that
 * MEANWHILE_STEP names, the shell command MEANWHILE runs first, once:
 *   look     where a path leads (O_PATH)
 *   read     opens a file that it only reads
 *   write    opens a file that it writes
 *   lock     locks a file
 *   rename   puts a new file in the place of another
 * MEANWHILE_FILE: the step counts only with a path that ends so; of no use with lock and rename.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

static void about_to(const char *step)
{
    const char *wanted = getenv("MEANWHILE_STEP");
    if (!wanted || strcmp(wanted, step))
        return;
    unsetenv("MEANWHILE_STEP");
    unsetenv("LD_PRELOAD");
    if (system(getenv("MEANWHILE")))
        abort();
}

static int open_at(int folder, const char *path, int flags, va_list more)
{
    int (*next)(int, const char *, int, ...) = dlsym(RTLD_NEXT, "openat");
    const char *end = getenv("MEANWHILE_FILE");
    const size_t size = strlen(path), end_size = end ? strlen(end) : 0;
    if (!end || (size >= end_size && !strcmp(path + size - end_size, end)))
        about_to(flags & O_PATH ? "look" : (flags & O_ACCMODE) == O_RDONLY ? "read" : "write");
    return next(folder, path, flags, flags & O_CREAT ? va_arg(more, mode_t) : 0);
}

int openat(int folder, const char *path, int flags, ...)
{
    va_list more;
    va_start(more, flags);
    const int fd = open_at(folder, path, flags, more);
    va_end(more);
    return fd;
}

int open(const char *path, int flags, ...)
{
    va_list more;
    va_start(more, flags);
    const int fd = open_at(AT_FDCWD, path, flags, more);
    va_end(more);
    return fd;
}

/* What programs with _FILE_OFFSET_BITS=64 call. */
int open64(const char *path, int flags, ...) __attribute__((alias("open")));

int flock(int fd, int operation)
{
    int (*next)(int, int) = dlsym(RTLD_NEXT, "flock");
    about_to("lock");
    return next(fd, operation);
}

int renameat(int from_folder, const char *from, int to_folder, const char *to)
{
    int (*next)(int, const char *, int, const char *) = dlsym(RTLD_NEXT, "renameat");
    about_to("rename");
    return next(from_folder, from, to_folder, to);
}

int renameat2(int from_folder, const char *from, int to_folder, const char *to, unsigned flags)
{
    int (*next)(int, const char *, int, const char *, unsigned) = dlsym(RTLD_NEXT, "renameat2");
    about_to("rename");
    return next(from_folder, from, to_folder, to, flags);
}

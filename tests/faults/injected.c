/* SPDX-License-Identifier: MIT */
/* See injected.h. */

#include "injected.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

static struct {
    _Atomic int kind;
    unsigned long at;
    bool always;
    int number;
    atomic_ulong seen;
} fault;
static atomic_long live_blocks;
static atomic_bool struck_library;

void fault_begin(enum fault_kind kind, unsigned long at, bool always, int number)
{
    fault.at = at;
    fault.always = always;
    fault.number = number;
    fault.seen = 0;
    struck_library = false;
    fault.kind = kind;
}

unsigned long fault_end(void)
{
    fault.kind = FAULT_NONE;
    return fault.seen;
}

long fault_live_blocks(void)
{
    return live_blocks;
}

bool fault_strikes(enum fault_kind kind)
{
    if (fault.kind != (int)kind)
        return false;
    const unsigned long n = atomic_fetch_add(&fault.seen, 1);
    return fault.always ? n >= fault.at : n == fault.at;
}

int fault_number(void)
{
    return fault.number;
}

/* A fault of a file call that gives a descriptor or nothing: these cannot be short. */
static bool strikes_file(void)
{
    if (!fault_strikes(FAULT_FILE) || fault.number == FAULT_SHORT)
        return false;
    errno = fault.number;
    return true;
}

#define WRAP(type, name, ...)                                                            \
    type __real_##name(__VA_ARGS__);                                                     \
    type __wrap_##name(__VA_ARGS__);                                                     \
    type __wrap_##name(__VA_ARGS__)

/* --- memory --- */

static void *counted(void *block)
{
    live_blocks += block != NULL;
    return block;
}

static bool no_memory(void)
{
    if (!fault_strikes(FAULT_MEMORY))
        return false;
    errno = ENOMEM;
    return true;
}

WRAP(void *, malloc, size_t size)
{
    return no_memory() ? NULL : counted(__real_malloc(size));
}

WRAP(void *, calloc, size_t count, size_t size)
{
    return no_memory() ? NULL : counted(__real_calloc(count, size));
}

WRAP(void *, aligned_alloc, size_t alignment, size_t size)
{
    return no_memory() ? NULL : counted(__real_aligned_alloc(alignment, size));
}

WRAP(void *, realloc, void *block, size_t size)
{
    if (no_memory())
        return NULL;
    return block ? __real_realloc(block, size) : counted(__real_realloc(NULL, size));
}

WRAP(void, free, void *block)
{
    live_blocks -= block != NULL;
    __real_free(block);
}

WRAP(void *, mmap64, void *at, size_t size, int protection, int flags, int fd, off_t offset)
{
    return no_memory() ? MAP_FAILED
                       : __real_mmap64(at, size, protection, flags, fd, offset);
}

void *fault_malloc(size_t size)
{
    void *const block = __wrap_malloc(size);
    struck_library = struck_library || !block;
    return block;
}

bool fault_struck_library(void)
{
    return struck_library;
}

void fault_free(void *block)
{
    __wrap_free(block);
}

/* --- files --- */

int __real_open64(const char *path, int flags, ...);
int __wrap_open64(const char *path, int flags, ...);
int __real_openat64(int directory, const char *path, int flags, ...);
int __wrap_openat64(int directory, const char *path, int flags, ...);
long __real_syscall(long number, ...);
long __wrap_syscall(long number, ...);

int __wrap_open64(const char *path, int flags, ...)
{
    va_list rest;
    va_start(rest, flags);
    const mode_t mode = flags & O_CREAT ? va_arg(rest, mode_t) : 0;
    va_end(rest);
    return strikes_file() ? -1 : __real_open64(path, flags, mode);
}

int __wrap_openat64(int directory, const char *path, int flags, ...)
{
    return strikes_file() ? -1 : __real_openat64(directory, path, flags);
}

long __wrap_syscall(long number, ...)
{
    va_list all;
    long a[4];
    va_start(all, number);
    for (int i = 0; i < 4; i++)
        a[i] = va_arg(all, long);
    va_end(all);
    if (number == SYS_openat2 && strikes_file())
        return -1;
    return __real_syscall(number, a[0], a[1], a[2], a[3]);
}

WRAP(int, fstat64, int fd, struct stat64 *status)
{
    return strikes_file() ? -1 : __real_fstat64(fd, status);
}

WRAP(int, fstatat64, int directory, const char *path, struct stat64 *status, int flags)
{
    return strikes_file() ? -1 : __real_fstatat64(directory, path, status, flags);
}

WRAP(ssize_t, pread64, int fd, void *out, size_t size, off_t offset)
{
    if (!fault_strikes(FAULT_FILE))
        return __real_pread64(fd, out, size, offset);
    if (fault.number == FAULT_SHORT)
        return __real_pread64(fd, out, size > 1 ? size / 2 : size, offset);
    errno = fault.number;
    return -1;
}

/* --- threads --- */

WRAP(int, pthread_create, pthread_t *thread, const pthread_attr_t *attributes,
     void *(*run)(void *), void *data)
{
    return fault_strikes(FAULT_THREAD) ? EAGAIN
                                 : __real_pthread_create(thread, attributes, run, data);
}

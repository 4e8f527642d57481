/* SPDX-License-Identifier: MIT */
/* Files of a model: opening, whole reads, later reads. What a file was when it was opened
 * (device, inode, size, time of change) is remembered and compared around every read. The
 * change time of the inode is left out: a deleted or renamed file still has its bytes. */

#include "source.h"

#include "../base/memory.h"
#include "../base/pages.h"
#include "open_beneath.h"
#include "uninterrupted.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define MAX_EXTERNAL_BYTES ((uint64_t)4 << 30)
#define MAX_HEAP_BYTES ((uint64_t)256 << 20)

struct file {
    int fd; /* -1: the bytes came from memory */
    dev_t device;
    ino_t inode;
    uint64_t size;
    struct timespec modified;
    char *location; /* external files; NULL for the model */
};

struct nnc_source {
    int directory; /* of the model; -1 if it has none */
    struct file files[1 + NNC_MAX_EXTERNAL_FILES];
    uint32_t n_files;
    uint8_t *bytes; /* of the model, while it is loaded or if it came from memory */
    uint8_t *heap;
    uint64_t heap_size, heap_room;
    uint64_t external_bytes;
};

static const char *file_label(const struct file *file)
{
    return file->location ? file->location : "model";
}

static enum nnc_status fail_errno(int number, struct nnc_error *error)
{
    switch (number) {
    case ENOENT:
    case ENOTDIR:
    case ENAMETOOLONG:
        return nnc_fail(error, NNC_NOT_FOUND, NULL, "file: no such file");
    case EACCES:
    case EPERM:
        return nnc_fail(error, NNC_PERM, NULL, "file: permission denied");
    case ENXIO:
        return nnc_fail(error, NNC_PATH, NULL, "file: not a regular file");
    default:
        return nnc_fail(error, NNC_IO, NULL, "file: cannot be read; system error %d (%s)",
                        number, strerrordesc_np(number));
    }
}

static void remember(struct file *file, const struct stat *status)
{
    file->device = status->st_dev;
    file->inode = status->st_ino;
    file->size = (uint64_t)status->st_size;
    file->modified = status->st_mtim;
}

static enum nnc_status check_unchanged(const struct file *file, struct nnc_error *error)
{
    struct stat now;
    if (NNC_UNINTERRUPTED(fstat(file->fd, &now)))
        return fail_errno(errno, error);
    if ((uint64_t)now.st_size == file->size && now.st_dev == file->device &&
        now.st_ino == file->inode && now.st_mtim.tv_sec == file->modified.tv_sec &&
        now.st_mtim.tv_nsec == file->modified.tv_nsec)
        return NNC_OK;
    return nnc_fail(
        error, NNC_CHANGED, file_label(file),
        "file '%.64s': changed while reading or since it was opened; got %llu "
        "bytes, expected %llu",
        file_label(file), (unsigned long long)now.st_size,
        (unsigned long long)file->size);
}

static enum nnc_status read_fully(const struct file *file, uint64_t offset, uint64_t size,
                                  uint8_t *out, struct nnc_error *error)
{
    while (size) {
        const size_t most = size < (1u << 30) ? (size_t)size : 1u << 30;
        const ssize_t n =
            NNC_UNINTERRUPTED(pread(file->fd, out, most, (off_t)offset));
        if (n < 0)
            return fail_errno(errno, error);
        if (n == 0)
            return nnc_fail(error, NNC_CHANGED, file_label(file),
                            "file '%.64s': changed while reading; it ends at byte %llu",
                            file_label(file), (unsigned long long)offset);
        out += n;
        offset += (uint64_t)n;
        size -= (uint64_t)n;
    }
    return NNC_OK;
}

static enum nnc_status create(struct nnc_source **source, struct nnc_error *error)
{
    struct nnc_source *made = nnc_alloc(1, sizeof *made);
    if (!made)
        return nnc_fail_nomem(error, sizeof *made);
    made->directory = -1;
    made->files[0].fd = -1;
    made->n_files = 1;
    *source = made;
    return NNC_OK;
}

/* The directory is opened first and the file within it, so that both stay together when
 * the path is renamed meanwhile. */
static enum nnc_status open_directory(struct nnc_source *source, const char *path,
                                      const char **base, struct nnc_error *error)
{
    const char *slash = strrchr(path, '/');
    *base = slash ? slash + 1 : path;
    char *directory = slash ? nnc_copy_string(path, (size_t)(slash - path) + 1)
                            : nnc_copy_string(".", 1);
    if (!directory)
        return nnc_fail_nomem(error, strlen(path));
    source->directory =
        (int)NNC_UNINTERRUPTED(open(directory, O_PATH | O_DIRECTORY | O_CLOEXEC));
    const int number = errno;
    free(directory);
    return source->directory < 0 ? fail_errno(number, error) : NNC_OK;
}

static enum nnc_status open_model(struct nnc_source *source, const char *path,
                                  struct nnc_error *error)
{
    const char *base;
    enum nnc_status result = open_directory(source, path, &base, error);
    if (result)
        return result;
    if (!*base)
        return nnc_fail(error, NNC_PATH, NULL, "file: not a regular file");
    struct stat status;
    if (NNC_UNINTERRUPTED(fstatat(source->directory, base, &status, 0)))
        return fail_errno(errno, error);
    if (!S_ISREG(status.st_mode)) /* before opening: devices may react to that */
        return nnc_fail(error, NNC_PATH, NULL, "file: not a regular file");
    struct file *file = &source->files[0];
    file->fd = (int)NNC_UNINTERRUPTED(
        openat(source->directory, base, O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY));
    if (file->fd < 0 || NNC_UNINTERRUPTED(fstat(file->fd, &status)))
        return fail_errno(errno, error);
    if (!S_ISREG(status.st_mode))
        return nnc_fail(error, NNC_PATH, NULL, "file: not a regular file");
    remember(file, &status);
    return NNC_OK;
}

static enum nnc_status check_model_size(uint64_t size, struct nnc_error *error)
{
    if (!size)
        return nnc_fail(error, NNC_PARSE, NULL, "file: empty file");
    if (size > NNC_MAX_MODEL_BYTES)
        return nnc_fail(error, NNC_LIMIT, NULL, "file: file size %llu, limit %llu",
                        (unsigned long long)size, (unsigned long long)NNC_MAX_MODEL_BYTES);
    return NNC_OK;
}

static enum nnc_status read_model(struct nnc_source *source, struct nnc_error *error)
{
    const struct file *file = &source->files[0];
    enum nnc_status status = check_model_size(file->size, error);
    if (status)
        return status;
    source->bytes = nnc_pages_alloc(file->size);
    if (!source->bytes)
        return nnc_fail_nomem(error, file->size);
    status = read_fully(file, 0, file->size, source->bytes, error);
    return status ? status : check_unchanged(file, error);
}

enum nnc_status nnc_source_open(const char *path, struct nnc_source **source,
                                struct nnc_error *error)
{
    struct nnc_source *made = NULL;
    enum nnc_status status = create(&made, error);
    if (status)
        return status;
    status = open_model(made, path, error);
    if (!status)
        status = read_model(made, error);
    if (status)
        nnc_source_destroy(made);
    else
        *source = made;
    return status;
}

enum nnc_status nnc_source_open_memory(const void *bytes, size_t size,
                                       struct nnc_source **source,
                                       struct nnc_error *error)
{
    enum nnc_status status = check_model_size(size, error);
    if (status)
        return status;
    struct nnc_source *made = NULL;
    status = create(&made, error);
    if (status)
        return status;
    made->files[0].size = size;
    made->bytes = nnc_pages_alloc(size);
    if (!made->bytes) {
        nnc_source_destroy(made);
        return nnc_fail_nomem(error, size);
    }
    memcpy(made->bytes, bytes, size);
    *source = made;
    return NNC_OK;
}

void nnc_source_destroy(struct nnc_source *source)
{
    if (!source)
        return;
    for (uint32_t i = 0; i < source->n_files; i++) {
        if (source->files[i].fd >= 0)
            close(source->files[i].fd);
        free(source->files[i].location);
    }
    if (source->directory >= 0)
        close(source->directory);
    nnc_pages_free(source->bytes, source->files[0].size);
    free(source->heap);
    free(source);
}

const uint8_t *nnc_source_bytes(const struct nnc_source *source, uint64_t *size)
{
    *size = source->files[0].size;
    return source->bytes;
}

void nnc_source_forget_bytes(struct nnc_source *source)
{
    if (source->files[0].fd >= 0) {
        nnc_pages_free(source->bytes, source->files[0].size);
        source->bytes = NULL;
    }
    if (source->directory >= 0) { /* all external files are open now */
        close(source->directory);
        source->directory = -1;
    }
}

static bool find_external(const struct nnc_source *source, const char *location,
                          size_t size, uint32_t *file)
{
    for (uint32_t i = 1; i < source->n_files; i++) {
        const char *known = source->files[i].location;
        if (strlen(known) == size && !memcmp(known, location, size)) {
            *file = i;
            return true;
        }
    }
    return false;
}

/* Judges an external file that was just opened and remembers it. */
static enum nnc_status accept_external(struct nnc_source *source, struct file *file,
                                       struct nnc_error *error)
{
    struct stat status;
    if (NNC_UNINTERRUPTED(fstat(file->fd, &status)))
        return fail_errno(errno, error);
    remember(file, &status);
    if (!file->size)
        return nnc_fail(error, NNC_EXTDATA, file->location,
                        "external file '%.64s': size 0", file->location);
    uint64_t total;
    if (!nnc_add(source->external_bytes, file->size, &total) ||
        total > MAX_EXTERNAL_BYTES)
        return nnc_fail(error, NNC_LIMIT, file->location,
                        "external files: more than %llu bytes in total",
                        (unsigned long long)MAX_EXTERNAL_BYTES);
    source->external_bytes = total;
    return NNC_OK;
}

static enum nnc_status open_external(struct nnc_source *source, const char *location,
                                     size_t size, struct nnc_error *error)
{
    if (source->n_files > NNC_MAX_EXTERNAL_FILES)
        return nnc_fail(error, NNC_LIMIT, NULL,
                        "model: too many external files; got %d or more, limit %d",
                        NNC_MAX_EXTERNAL_FILES + 1, NNC_MAX_EXTERNAL_FILES);
    int fd;
    enum nnc_status status =
        nnc_open_beneath(source->directory, location, size, false, &fd, error);
    if (status)
        return status;
    struct file *file = &source->files[source->n_files++];
    file->fd = fd; /* the destructor closes it from here on */
    file->location = nnc_copy_string(location, size);
    return file->location ? accept_external(source, file, error)
                          : nnc_fail_nomem(error, size);
}

enum nnc_status nnc_source_add_external(struct nnc_source *source, const char *location,
                                        size_t size, uint32_t *file, uint64_t *file_size,
                                        struct nnc_error *error)
{
    if (source->directory < 0)
        return nnc_fail(error, NNC_EXTDATA, NULL,
                        "external file: no base directory; the model came from memory");
    if (!find_external(source, location, size, file)) {
        const enum nnc_status status = open_external(source, location, size, error);
        if (status)
            return status;
        *file = source->n_files - 1;
    }
    *file_size = source->files[*file].size;
    return NNC_OK;
}

static enum nnc_status grow_heap(struct nnc_source *source, uint64_t size,
                                 struct nnc_error *error)
{
    uint64_t need;
    if (!nnc_add(source->heap_size, size, &need) || need > MAX_HEAP_BYTES)
        return nnc_fail(error, NNC_LIMIT, NULL,
                        "model: more than %llu bytes of values stored one by one",
                        (unsigned long long)MAX_HEAP_BYTES);
    if (need <= source->heap_room)
        return NNC_OK;
    const uint64_t room = need > source->heap_room * 2 ? need : source->heap_room * 2;
    uint8_t *grown = realloc(source->heap, (size_t)room);
    if (!grown)
        return nnc_fail_nomem(error, room);
    source->heap = grown;
    source->heap_room = room;
    return NNC_OK;
}

enum nnc_status nnc_source_add_heap(struct nnc_source *source, const void *bytes,
                                    uint64_t size, uint64_t *offset,
                                    struct nnc_error *error)
{
    const enum nnc_status status = grow_heap(source, size, error);
    if (status)
        return status;
    if (size)
        memcpy(source->heap + source->heap_size, bytes, (size_t)size);
    *offset = source->heap_size;
    source->heap_size += size;
    return NNC_OK;
}

static enum nnc_status copy_range(const uint8_t *bytes, uint64_t available,
                                  uint64_t offset, uint64_t size, void *out,
                                  struct nnc_error *error)
{
    if (offset > available || size > available - offset)
        return nnc_fail_at(error, NNC_TRUNCATED, NULL, offset,
                           "file: %llu bytes wanted, %llu there",
                           (unsigned long long)size, (unsigned long long)available);
    if (size)
        memcpy(out, bytes + offset, (size_t)size);
    return NNC_OK;
}

enum nnc_status nnc_source_read(const struct nnc_source *source, uint32_t file,
                                uint64_t offset, uint64_t size, void *out,
                                struct nnc_error *error)
{
    if (file == NNC_SOURCE_HEAP)
        return copy_range(source->heap, source->heap_size, offset, size, out, error);
    if (file == NNC_SOURCE_MODEL && source->bytes)
        return copy_range(source->bytes, source->files[0].size, offset, size, out, error);
    if (file >= source->n_files)
        return nnc_fail(error, NNC_INTERNAL, NULL, "file number %u of %u", file,
                        source->n_files);
    const struct file *from = &source->files[file];
    enum nnc_status status = check_unchanged(from, error);
    if (status)
        return status;
    if (offset > from->size || size > from->size - offset)
        return nnc_fail_at(error, NNC_TRUNCATED, file_label(from), offset,
                           "file '%.64s': %llu bytes wanted, %llu there",
                           file_label(from), (unsigned long long)size,
                           (unsigned long long)from->size);
    status = read_fully(from, offset, size, out, error);
    return status ? status : check_unchanged(from, error);
}

uint64_t nnc_source_left(const struct nnc_source *source, uint32_t file, uint64_t offset)
{
    if (file >= source->n_files || (file == NNC_SOURCE_MODEL && source->bytes) ||
        offset > source->files[file].size)
        return 0;
    return source->files[file].size - offset;
}

bool nnc_source_is_file(const struct nnc_source *source, const struct stat *status)
{
    for (uint32_t i = 0; i < source->n_files; i++)
        if (source->files[i].fd >= 0 && source->files[i].device == status->st_dev &&
            source->files[i].inode == status->st_ino)
            return true;
    return false;
}

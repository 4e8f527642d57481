/* SPDX-License-Identifier: MIT */
#ifndef NNC_ONNX_SOURCE_H
#define NNC_ONNX_SOURCE_H

/* Where the bytes of a model are: its file (or a copy of the caller's bytes), the external
 * data files beside it, and a heap of values that had to be converted. Descriptors stay
 * open, nothing is mapped: a file that is truncated or replaced later is noticed
 * (NNC_CHANGED) and cannot raise a signal.
 *
 * Threads: single while a model is loaded; afterwards nnc_source_read is shared. */

#include "../base/error.h"

#include <stdbool.h>
#include <stddef.h>

struct nnc_source;

enum { NNC_SOURCE_MODEL = 0, NNC_MAX_EXTERNAL_FILES = 64 };
#define NNC_SOURCE_HEAP UINT32_MAX /* the number of the converted values */
#define NNC_MAX_MODEL_BYTES ((uint64_t)512 << 20)

/* Opens `path` and reads all of it. Never blocks on a FIFO or device.
 * Fails: NNC_NOT_FOUND, NNC_PERM, NNC_PATH, NNC_LIMIT, NNC_IO, NNC_CHANGED, NNC_NOMEM. */
enum nnc_status nnc_source_open(const char *path, struct nnc_source **source,
                                struct nnc_error *error);
/* Copies the bytes. */
enum nnc_status nnc_source_open_memory(const void *bytes, size_t size,
                                       struct nnc_source **source, struct nnc_error *error);
void nnc_source_destroy(struct nnc_source *source); /* NULL is fine */

/* All bytes of the model, until nnc_source_forget_bytes (which keeps those that came from
 * memory). Borrowed. */
const uint8_t *nnc_source_bytes(const struct nnc_source *source, uint64_t *size);
void nnc_source_forget_bytes(struct nnc_source *source);

/* Opens an external data file by its location relative to the model's directory, or finds
 * it open already. Fails: NNC_PATH, NNC_EXTDATA, NNC_NOT_FOUND, NNC_PERM, NNC_LIMIT. */
enum nnc_status nnc_source_add_external(struct nnc_source *source, const char *location,
                                        size_t size, uint32_t *file, uint64_t *file_size,
                                        struct nnc_error *error);

/* Keeps a copy of converted values; `*offset` is where nnc_source_read finds them. */
enum nnc_status nnc_source_add_heap(struct nnc_source *source, const void *bytes,
                                    uint64_t size, uint64_t *offset,
                                    struct nnc_error *error);

/* Copies bytes [offset, offset + size) of a file. Allocates nothing.
 * Fails: NNC_CHANGED, NNC_TRUNCATED, NNC_IO. */
enum nnc_status nnc_source_read(const struct nnc_source *source, uint32_t file,
                                uint64_t offset, uint64_t size, void *out,
                                struct nnc_error *error);

/* How many bytes there are from `offset` on in a file that is on disk; 0 of what is in memory. */
uint64_t nnc_source_left(const struct nnc_source *source, uint32_t file, uint64_t offset);

/* Whether a file, as stat() describes it, is one of those that the bytes come from. */
struct stat;
bool nnc_source_is_file(const struct nnc_source *source, const struct stat *status);

#endif

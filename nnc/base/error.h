/* SPDX-License-Identifier: MIT */
#ifndef NNC_BASE_ERROR_H
#define NNC_BASE_ERROR_H

/* One way to fail: fill the caller's nnc_error, return the status.
 *
 *     return nnc_fail(error, NNC_SHAPE, node->name, "Conv '%s': ...; got %d, expected %d", ...);
 */

#include <nnc/status.h>

/* Writes status, object (may be NULL) and the formatted message to `error` (may be NULL)
 * and returns `status`. Bytes of object and message that are not printable UTF-8 are
 * escaped as \xNN, too long texts end in "...". */
enum nnc_status nnc_fail(struct nnc_error *error, enum nnc_status status, const char *object,
                         const char *format, ...) __attribute__((format(printf, 4, 5)));

/* The same, with the byte's offset in the file, which the message gets appended as
 * " (offset N)". */
enum nnc_status nnc_fail_at(struct nnc_error *error, enum nnc_status status,
                            const char *object, uint64_t offset, const char *format, ...)
    __attribute__((format(printf, 5, 6)));

/* Puts "prefix: " before the message, e.g. the file's base name. */
void nnc_error_prefix(struct nnc_error *error, const char *prefix);

/* Short for the commonest one. */
enum nnc_status nnc_fail_nomem(struct nnc_error *error, uint64_t bytes);

#endif

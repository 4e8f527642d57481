/* SPDX-License-Identifier: MIT */
#ifndef NNC_ONNX_OPEN_BENEATH_H
#define NNC_ONNX_OPEN_BENEATH_H

/* Opens files that a model names, and only such as lie in the model's directory: no
 * absolute names, no "..", no symbolic links anywhere, no hard links, regular files only.
 * Threads: shared. */

#include "../base/error.h"

#include <stdbool.h>
#include <stddef.h>

/* `directory` is a descriptor. `plain` walks component by component, as on kernels
 * without openat2; both ways refuse the same names. On success `*fd` is the caller's.
 * Fails: NNC_PATH, NNC_NOT_FOUND, NNC_PERM, NNC_IO. */
enum nnc_status nnc_open_beneath(int directory, const char *location, size_t size,
                                 bool plain, int *fd, struct nnc_error *error);

#endif

/* SPDX-License-Identifier: MIT */
#ifndef NNC_EXPERT_REPLACE_FILE_H
#define NNC_EXPERT_REPLACE_FILE_H

/* Writes a file whole or not at all: beside its place, then to the disk, then renamed. */

#include "../base/error.h"

/* Replaces what `path` names, if that is a regular file or nothing. Whatever goes wrong,
 * the old file stays as it was and nothing else is left behind.
 * Fails: NNC_PATH (a folder, a device, no name), NNC_NOT_FOUND (no such folder),
 * NNC_PERM, NNC_IO (a full disk, ...), NNC_NOMEM. */
enum nnc_status nnc_replace_file(const char *path, const void *bytes, uint64_t size,
                                 struct nnc_error *error);

#endif

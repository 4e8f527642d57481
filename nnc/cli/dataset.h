/* SPDX-License-Identifier: MIT */
#ifndef NNC_CLI_DATASET_H
#define NNC_CLI_DATASET_H

/* Labelled pictures from a CIFAR-100 file or from folders, and pictures of nothing that
 * the model knows. Immutable once opened: any thread may read. */

#include "picture.h"

#include <nnc/taxonomy.h>

struct cli_dataset;

/* Opens exactly one of `cifar100` and `folder`, and `unknown_folder` unless it is NULL.
 * NULL with the error said on stderr; folders of pictures that name no class are counted
 * and said in one line. */
struct cli_dataset *cli_dataset_open(const struct nnc_taxonomy *taxonomy,
                                     const char *cifar100, const char *folder,
                                     const char *unknown_folder);
void cli_dataset_close(struct cli_dataset *dataset); /* NULL is fine */

/* All pictures, labels unknown to the model included. Those of the folder of unknown
 * things come last. */
size_t cli_dataset_size(const struct cli_dataset *dataset);

/* The class of picture `index`; NNC_NO_CATEGORY where the model has none for its label.
 */
uint32_t cli_dataset_class(const struct cli_dataset *dataset, size_t index);

/* Whether picture `index` lies in the folder of unknown things. */
bool cli_dataset_unknown(const struct cli_dataset *dataset, size_t index);

/* The file of picture `index`, or "record 12"; free with g_free. */
char *cli_dataset_name(const struct cli_dataset *dataset, size_t index);

/* Loads picture `index`; finish it with cli_picture_finish. false: it cannot be read;
 * `*reason` is a sentence (free with g_free). */
bool cli_dataset_load(const struct cli_dataset *dataset, size_t index,
                      struct cli_picture *picture, char **reason);

#endif

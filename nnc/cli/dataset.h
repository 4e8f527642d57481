/* SPDX-License-Identifier: MIT */
#ifndef NNC_CLI_DATASET_H
#define NNC_CLI_DATASET_H

/* Labelled pictures, one after the other, from a CIFAR-100 file or from folders. */

#include "picture.h"

#include <nnc/taxonomy.h>

struct cli_dataset;

/* Opens exactly one of `cifar100` and `folder`. NULL with the error said on stderr;
 * folders of pictures that name no class are counted and said in one line. */
struct cli_dataset *cli_dataset_open(const struct nnc_taxonomy *taxonomy,
                                     const char *cifar100, const char *folder);
void cli_dataset_close(struct cli_dataset *dataset); /* NULL is fine */

/* All pictures, labels unknown to the model included. */
size_t cli_dataset_size(const struct cli_dataset *dataset);

/* The class of picture `index`; NNC_NO_CATEGORY where the model has none for its label.
 */
uint32_t cli_dataset_class(const struct cli_dataset *dataset, size_t index);

/* Loads picture `index`; finish it with cli_picture_finish. false: it cannot be read,
 * which is said on stderr. */
bool cli_dataset_load(const struct cli_dataset *dataset, size_t index,
                      struct cli_picture *picture);

#endif

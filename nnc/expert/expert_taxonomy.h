/* SPDX-License-Identifier: MIT */
#ifndef NNC_EXPERT_EXPERT_TAXONOMY_H
#define NNC_EXPERT_EXPERT_TAXONOMY_H

/* The metadata of an expert. Threads: single. */

#include "cut.h"

/* The taxonomy of what `cut` keeps, as JSON text that the caller frees: the source's,
 * with the categories that are left and the numbers changed.
 *
 * Keys that nnc does not know stay in `input`, `presence`, `attention` and in each
 * category; at the top, only texts, numbers and truth values stay, as a list or object
 * there may speak of categories or classes that are gone.
 *
 * Fails: NNC_NOMEM; NNC_CHANGED, NNC_IO from reading the source's. */
enum nnc_status nnc_expert_taxonomy(const struct nnc_cut *cut, char **json,
                                    struct nnc_error *error);

/* Where an expert comes from: name, size and SHA-256 of the model file, and the cutout,
 * as JSON text that the caller frees. Fails likewise. */
enum nnc_status nnc_expert_origin(const struct nnc_graph *graph, const char *cutout,
                                  char **json, struct nnc_error *error);

#endif

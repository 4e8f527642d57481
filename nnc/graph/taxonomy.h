/* SPDX-License-Identifier: MIT */
#ifndef NNC_GRAPH_TAXONOMY_H
#define NNC_GRAPH_TAXONOMY_H

/* What is behind nnc/taxonomy.h. The JSON reader fills `categories` (all but path, depth
 * and leaf) and calls nnc_taxonomy_link, which checks the tree and derives the rest. */

#include "../base/error.h"
#include "../base/memory.h"
#include <nnc/taxonomy.h>

struct nnc_taxonomy {
    struct nnc_category *categories;
    uint32_t n_categories;
    uint32_t n_classes;
    uint32_t *class_of_logit; /* [n_classes] category numbers */
    uint32_t *first_child;    /* [n_categories], NNC_NO_CATEGORY if none */
    uint32_t *next_sibling;   /* [n_categories] */
    uint32_t first_top;
};

enum { NNC_MAX_CATEGORIES = 16384, NNC_MAX_CLASSES = 65536, NNC_MAX_DEPTH = 16 };

/* `n_logits` is the size of the network's output. A category is a leaf if it has no
 * children; leaves must have logits, each logit one leaf. Names: not empty, valid UTF-8, no
 * `/ , = : * ? [ ]`, no control bytes, no leading `-`, no outer spaces, unique among
 * siblings. Memory comes from `pool`. Fails: NNC_TAXONOMY, NNC_DUPLICATE, NNC_CYCLE,
 * NNC_DANGLING, NNC_LIMIT, NNC_VALUE, NNC_NOMEM. */
enum nnc_status nnc_taxonomy_link(struct nnc_taxonomy *taxonomy, uint32_t n_logits,
                                  struct nnc_pool *pool, struct nnc_error *error);

#endif

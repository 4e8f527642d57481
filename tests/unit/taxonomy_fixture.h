/* SPDX-License-Identifier: MIT */
#ifndef TAXONOMY_FIXTURE_H
#define TAXONOMY_FIXTURE_H

/* Small taxonomies built by hand, without a model file: a row per category. */

#include "graph/taxonomy.h"

#include <stdlib.h>
#include <string.h>

enum { NO = -1 }; /* no parent, or no logit */

struct fixture_row {
    const char *name;
    int64_t parent, logit;
};

struct fixture {
    struct nnc_pool pool;
    struct nnc_taxonomy taxonomy;
    struct nnc_error error;
    enum nnc_status status;
};

static inline void fixture_build(struct fixture *fixture, const struct fixture_row *rows,
                                 size_t n, uint32_t n_logits)
{
    *fixture = (struct fixture){.pool = {.limit = 16u << 20}};
    struct nnc_category *const categories =
        nnc_pool_alloc(&fixture->pool, n, sizeof *categories);
    for (size_t i = 0; i < n; i++) {
        categories[i].name = rows[i].name;
        categories[i].parent =
            rows[i].parent == NO ? NNC_NO_CATEGORY : (uint32_t)rows[i].parent;
        categories[i].logit =
            rows[i].logit == NO ? NNC_NO_CATEGORY : (uint32_t)rows[i].logit;
        categories[i].label = -1;
    }
    fixture->taxonomy.categories = categories;
    fixture->taxonomy.n_categories = (uint32_t)n;
    fixture->status =
        nnc_taxonomy_link(&fixture->taxonomy, n_logits, &fixture->pool, &fixture->error);
}

static inline void fixture_finish(struct fixture *fixture)
{
    nnc_pool_finish(&fixture->pool);
}

/* Three tops, one of them three levels deep; parents partly after their children, logits
 * in an order of their own, "other" in two branches, one name beyond ASCII. */
static const struct fixture_row small_rows[] = {
    {"bus", 1, 3},          /* 0 vehicles_1/bus */
    {"vehicles_1", NO, NO}, /* 1 */
    {"vehicles_2", NO, NO}, /* 2 */
    {"tank", 2, 0},         /* 3 vehicles_2/tank */
    {"people", NO, NO},     /* 4 */
    {"boy", 4, 1},          /* 5 people/boy */
    {"girl", 4, 2},         /* 6 people/girl */
    {"train", 1, NO},       /* 7 vehicles_1/train */
    {"steam", 7, 5},        /* 8 vehicles_1/train/steam */
    {"other", 7, 4},        /* 9 vehicles_1/train/other */
    {"other", 2, 6},        /* 10 vehicles_2/other */
    {"caf\xc3\xa9", NO, 7}, /* 11 */
};
enum { SMALL_ROWS = sizeof small_rows / sizeof *small_rows, SMALL_CLASSES = 8 };

#endif

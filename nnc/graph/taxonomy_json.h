/* SPDX-License-Identifier: MIT */
#ifndef NNC_GRAPH_TAXONOMY_JSON_H
#define NNC_GRAPH_TAXONOMY_JSON_H

/* The metadata entry "nnc.taxonomy": JSON text to the tree of categories, the input
 * specification, and the names by which it refers to values of the graph. Threads: single.
 */

#include "graph.h"
#include "taxonomy.h"

enum {
    NNC_TAXONOMY_VERSION = 1,
    NNC_MAX_TAXONOMY_BYTES = 1 << 20,
    NNC_MAX_TAXONOMY_NESTING = 16,
    NNC_MAX_TAXONOMY_VALUES = 262144
};

struct nnc_taxonomy_text {
    struct nnc_taxonomy *taxonomy; /* categories filled, not linked */
    struct nnc_branch *branches;   /* features not resolved */
    const char **features;         /* [categories] names of values or NULL */
    struct nnc_input_spec input;
    const char *image;             /* name of the input or NULL */
    const char *logits;            /* names; NULL where the text has none */
    const char *presence;
    const char *attention;
    float presence_threshold;
    struct nnc_preset *presets;    /* texts not checked, see presets.h */
    uint32_t n_presets;
};

/* Memory comes from `pool`. Fails: NNC_TAXONOMY, NNC_LIMIT, NNC_DUPLICATE, NNC_VALUE,
 * NNC_VERSION, NNC_DANGLING (parent), NNC_NOMEM. */
enum nnc_status nnc_taxonomy_parse(const char *json, size_t size, struct nnc_pool *pool,
                                   struct nnc_taxonomy_text *text, struct nnc_error *error);

/* Before a recursive parser may see them: nesting and number of values. */
enum nnc_status nnc_json_prescan(const char *json, size_t size, struct nnc_error *error);

#endif

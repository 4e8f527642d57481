/* SPDX-License-Identifier: MIT */
#ifndef NNC_GRAPH_NAMES_H
#define NNC_GRAPH_NAMES_H

/* Who defines which value: a sorted table of the names of inputs, initializers and node
 * outputs. Sorted and searched by halves instead of hashed, so no choice of names can make
 * it slow. Threads: single. */

#include "../onnx/records.h"
#include "graph.h"

enum nnc_definer { NNC_BY_INPUT, NNC_BY_INITIALIZER, NNC_BY_NODE };

struct nnc_name {
    struct nnc_text text;
    enum nnc_definer by;
    uint32_t definer;  /* number of the input, initializer or node */
    uint32_t position; /* which output of the node */
    bool shadows_input; /* an initializer that is also listed as input ... */
    uint32_t input;     /* ... number this */
    uint32_t value;     /* the graph's value, NNC_NONE until it is made */
    bool unknown;       /* made by something unsupported: its shape is not known */
    bool needed;
};

struct nnc_names {
    struct nnc_name *sorted;
    uint32_t n;
};

/* Collects all names of the model and checks that each has one definer and that nodes come
 * after what they use. Fails: NNC_DUPLICATE, NNC_DANGLING, NNC_CYCLE, NNC_LIMIT,
 * NNC_NOMEM. */
enum nnc_status nnc_names_collect(const struct nnc_onnx_model *model, struct nnc_pool *pool,
                                  struct nnc_names *names, struct nnc_error *error);

/* NULL if nothing has this name. */
struct nnc_name *nnc_names_find(const struct nnc_names *names, struct nnc_text text);

/* Checks the order of the nodes (a part of nnc_names_collect). */
enum nnc_status nnc_names_check_order(const struct nnc_onnx_model *model,
                                      const struct nnc_names *names, struct nnc_pool *pool,
                                      struct nnc_error *error);

/* How messages call a node: its name, or else its first output. */
struct nnc_text nnc_node_label(const struct nnc_onnx_node *node);

#endif

/* SPDX-License-Identifier: MIT */
/* Nodes must come after the nodes they use. A file that breaks this is either merely out
 * of order or has a cycle; which one is found out by peeling off nodes that wait for
 * nothing (Kahn), and a cycle is then shown by walking backwards. No recursion. */

#include "names.h"

#include <stdio.h>

struct peeling {
    const struct nnc_onnx_model *model;
    const struct nnc_names *names;
    uint32_t *waiting;    /* [nodes] inputs not yet produced */
    uint32_t *first_user; /* [nodes + 1] into users */
    uint32_t *users;
    uint32_t *queue;
};

/* The node that produces input `k` of node `i`, or NNC_NONE. */
static uint32_t producer(const struct nnc_onnx_model *model,
                         const struct nnc_names *names, uint32_t i, uint32_t k)
{
    const struct nnc_text text = model->nodes[i].inputs[k];
    const struct nnc_name *name = text.size ? nnc_names_find(names, text) : NULL;
    return name && name->by == NNC_BY_NODE ? name->definer : NNC_NONE;
}

static bool allocate(struct peeling *p, struct nnc_pool *pool)
{
    const uint32_t n = p->model->n_nodes;
    uint64_t edges = 0;
    for (uint32_t i = 0; i < n; i++)
        edges += p->model->nodes[i].n_inputs;
    p->waiting = nnc_pool_alloc(pool, n, sizeof(uint32_t));
    p->first_user = nnc_pool_alloc(pool, (uint64_t)n + 2, sizeof(uint32_t));
    p->users = nnc_pool_alloc(pool, edges, sizeof(uint32_t));
    p->queue = nnc_pool_alloc(pool, n, sizeof(uint32_t));
    return p->waiting && p->first_user && p->users && p->queue;
}

/* Users of node i are users[first_user[i] .. first_user[i + 1]). */
static void collect_users(struct peeling *p)
{
    const uint32_t n = p->model->n_nodes;
    for (uint32_t i = 0; i < n; i++)
        for (uint32_t k = 0; k < p->model->nodes[i].n_inputs; k++) {
            const uint32_t from = producer(p->model, p->names, i, k);
            if (from == NNC_NONE)
                continue;
            p->waiting[i]++;
            p->first_user[from + 2]++;
        }
    for (uint32_t i = 2; i < n + 2; i++)
        p->first_user[i] += p->first_user[i - 1];
    for (uint32_t i = 0; i < n; i++)
        for (uint32_t k = 0; k < p->model->nodes[i].n_inputs; k++) {
            const uint32_t from = producer(p->model, p->names, i, k);
            if (from != NNC_NONE)
                p->users[p->first_user[from + 1]++] = i;
        }
}

/* Number of nodes that can be computed; `waiting` stays above 0 for the others. */
static uint32_t peel(struct peeling *p)
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < p->model->n_nodes; i++)
        if (!p->waiting[i])
            p->queue[n++] = i;
    for (uint32_t done = 0; done < n; done++) {
        const uint32_t node = p->queue[done];
        for (uint32_t k = p->first_user[node]; k < p->first_user[node + 1]; k++)
            if (!--p->waiting[p->users[k]])
                p->queue[n++] = p->users[k];
    }
    return n;
}

/* A node that `i` waits for; there is one, since i was not peeled. */
static uint32_t blocker(const struct peeling *p, uint32_t i)
{
    for (uint32_t k = 0; k < p->model->nodes[i].n_inputs; k++) {
        const uint32_t from = producer(p->model, p->names, i, k);
        if (from != NNC_NONE && p->waiting[from])
            return from;
    }
    return i;
}

static enum nnc_status fail_cycle(const struct peeling *p, struct nnc_error *error)
{
    uint32_t node = 0;
    while (!p->waiting[node])
        node++;
    for (uint32_t i = 0; i < p->model->n_nodes; i++) /* enough steps to be on the cycle */
        node = blocker(p, node);
    char list[320] = "";
    size_t used = 0;
    uint32_t at = node;
    for (uint32_t i = 0; i < 4 && (!i || at != node); i++, at = blocker(p, at))
        used +=
            (size_t)snprintf(list + used, sizeof list - used, "%s'%.*s'", i ? ", " : "",
                             NNC_TEXT(nnc_node_label(&p->model->nodes[at])));
    return nnc_fail_at(error, NNC_CYCLE, NULL, p->model->nodes[node].begin,
                       "graph: cycle through the nodes %s%s", list,
                       at != node ? ", \xe2\x80\xa6" : "");
}

static enum nnc_status fail_order(const struct nnc_onnx_model *model,
                                  const struct nnc_names *names, uint32_t node,
                                  struct nnc_text input, struct nnc_pool *pool,
                                  struct nnc_error *error)
{
    struct peeling p = {.model = model, .names = names};
    if (!allocate(&p, pool))
        return nnc_fail_nomem(error, model->n_nodes);
    collect_users(&p);
    if (peel(&p) < model->n_nodes)
        return fail_cycle(&p, error);
    return nnc_fail_at(error, NNC_DANGLING, NULL, model->nodes[node].begin,
                       "node '%.*s': input '%.*s' is used before it is produced",
                       NNC_TEXT(nnc_node_label(&model->nodes[node])), NNC_TEXT(input));
}

enum nnc_status nnc_names_check_order(const struct nnc_onnx_model *model,
                                      const struct nnc_names *names,
                                      struct nnc_pool *pool, struct nnc_error *error)
{
    for (uint32_t i = 0; i < model->n_nodes; i++)
        for (uint32_t k = 0; k < model->nodes[i].n_inputs; k++) {
            const struct nnc_text input = model->nodes[i].inputs[k];
            const struct nnc_name *name =
                input.size ? nnc_names_find(names, input) : NULL;
            if (input.size && !name)
                return nnc_fail_at(error, NNC_DANGLING, NULL, model->nodes[i].begin,
                                   "node '%.*s': nothing produces its input '%.*s'",
                                   NNC_TEXT(nnc_node_label(&model->nodes[i])),
                                   NNC_TEXT(input));
            if (name && name->by == NNC_BY_NODE && name->definer >= i)
                return fail_order(model, names, i, input, pool, error);
        }
    return NNC_OK;
}

/* SPDX-License-Identifier: MIT */
/* Builds the table of names. An initializer may have the name of a graph input (its
 * default value); every other name has exactly one definer. */

#include "names.h"

#include <stdlib.h>
#include <string.h>

static int compare_texts(struct nnc_text a, struct nnc_text b)
{
    const uint32_t n = a.size < b.size ? a.size : b.size;
    const int order = n ? memcmp(a.bytes, b.bytes, n) : 0;
    return order ? order : (a.size > b.size) - (a.size < b.size);
}

static int compare_names(const void *a, const void *b)
{
    const struct nnc_name *x = a, *y = b;
    const int order = compare_texts(x->text, y->text);
    if (order)
        return order;
    if (x->by != y->by)
        return x->by < y->by ? -1 : 1;
    return (x->definer > y->definer) - (x->definer < y->definer);
}

struct nnc_name *nnc_names_find(const struct nnc_names *names, struct nnc_text text)
{
    uint32_t first = 0, end = names->n;
    while (first < end) {
        const uint32_t middle = first + (end - first) / 2;
        const int order = compare_texts(names->sorted[middle].text, text);
        if (!order)
            return &names->sorted[middle];
        if (order < 0)
            first = middle + 1;
        else
            end = middle;
    }
    return NULL;
}

struct nnc_text nnc_node_label(const struct nnc_onnx_node *node)
{
    if (node->name.size)
        return node->name;
    return node->n_outputs ? node->outputs[0] : (struct nnc_text){"", 0};
}

static void add(struct nnc_names *names, struct nnc_text text, enum nnc_definer by,
                uint32_t definer, uint32_t position)
{
    if (text.size) /* an omitted optional output defines nothing */
        names->sorted[names->n++] = (struct nnc_name){.text = text,
                                                      .by = by,
                                                      .definer = definer,
                                                      .position = position,
                                                      .value = NNC_NONE};
}

static enum nnc_status allocate(const struct nnc_onnx_model *model, struct nnc_pool *pool,
                                struct nnc_names *names, struct nnc_error *error)
{
    uint64_t n = (uint64_t)model->n_inputs + model->n_initializers;
    for (uint32_t i = 0; i < model->n_nodes; i++)
        n += model->nodes[i].n_outputs;
    if (n > NNC_ONNX_MAX_VALUES)
        return nnc_fail(error, NNC_LIMIT, NULL,
                        "graph: too many value names; got %llu, limit %d",
                        (unsigned long long)n, NNC_ONNX_MAX_VALUES);
    names->sorted = nnc_pool_alloc(pool, n, sizeof *names->sorted);
    return names->sorted ? NNC_OK : nnc_fail_nomem(error, n * sizeof *names->sorted);
}

static struct nnc_text definer_label(const struct nnc_onnx_model *model,
                                     const struct nnc_name *name)
{
    static const char *const kinds[] = {"graph input", "initializer"};
    if (name->by == NNC_BY_NODE)
        return nnc_node_label(&model->nodes[name->definer]);
    return (struct nnc_text){kinds[name->by], (uint32_t)strlen(kinds[name->by])};
}

/* Folds an input and its initializer into one entry and refuses other repetitions. */
static enum nnc_status merge(const struct nnc_onnx_model *model, struct nnc_names *names,
                             struct nnc_error *error)
{
    uint32_t kept = 0;
    for (uint32_t i = 0; i < names->n; i++) {
        struct nnc_name *here = &names->sorted[i];
        struct nnc_name *last = kept ? &names->sorted[kept - 1] : NULL;
        if (!last || compare_texts(last->text, here->text)) {
            names->sorted[kept++] = *here;
            continue;
        }
        if (last->by != NNC_BY_INPUT || here->by != NNC_BY_INITIALIZER)
            return nnc_fail(error, NNC_DUPLICATE, NULL,
                            "value '%.*s': defined twice, by '%.*s' and '%.*s'",
                            NNC_TEXT(here->text), NNC_TEXT(definer_label(model, last)),
                            NNC_TEXT(definer_label(model, here)));
        const uint32_t input = last->definer;
        *last = *here;
        last->shadows_input = true;
        last->input = input;
    }
    names->n = kept;
    return NNC_OK;
}

static enum nnc_status check_outputs(const struct nnc_onnx_model *model,
                                     const struct nnc_names *names,
                                     struct nnc_error *error)
{
    for (uint32_t i = 0; i < model->n_outputs; i++)
        if (!nnc_names_find(names, model->outputs[i].name))
            return nnc_fail_at(error, NNC_DANGLING, NULL, model->outputs[i].begin,
                               "graph output '%.*s': nothing produces it",
                               NNC_TEXT(model->outputs[i].name));
    return NNC_OK;
}

enum nnc_status nnc_names_collect(const struct nnc_onnx_model *model,
                                  struct nnc_pool *pool, struct nnc_names *names,
                                  struct nnc_error *error)
{
    enum nnc_status status = allocate(model, pool, names, error);
    if (status)
        return status;
    for (uint32_t i = 0; i < model->n_inputs; i++)
        add(names, model->inputs[i].name, NNC_BY_INPUT, i, 0);
    for (uint32_t i = 0; i < model->n_initializers; i++)
        add(names, model->initializers[i].name, NNC_BY_INITIALIZER, i, 0);
    for (uint32_t i = 0; i < model->n_nodes; i++)
        for (uint32_t k = 0; k < model->nodes[i].n_outputs; k++)
            add(names, model->nodes[i].outputs[k], NNC_BY_NODE, i, k);
    qsort(names->sorted, names->n, sizeof *names->sorted, compare_names);
    status = merge(model, names, error);
    if (!status)
        status = check_outputs(model, names, error);
    return status ? status : nnc_names_check_order(model, names, pool, error);
}

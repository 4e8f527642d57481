/* SPDX-License-Identifier: MIT */
/* Everything about a cutout but its operators: what is where, what is called how, constants,
 * inputs and outputs. */

#include "cut.h"

#include "../graph/taxonomy.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void *nnc_cut_alloc(struct nnc_cut *cut, uint64_t count, uint64_t size)
{
    void *const memory = cut->status ? NULL : nnc_pool_alloc(&cut->pool, count, size);
    if (!memory && !cut->status)
        cut->status = nnc_fail_nomem(cut->error, count * size);
    return memory;
}

static const struct nnc_value *value_at(const struct nnc_cut *cut, uint32_t value)
{
    return &cut->graph->values[value];
}

/* Names -------------------------------------------------------------------------------- */

const char *nnc_cut_make_up(struct nnc_cut *cut, const char *base)
{
    enum { MOST = 200 }; /* a file's name may have 256 bytes */
    const size_t size = strlen(base), room = strlen(cut->prefix) + size + 16;
    char *const name = nnc_cut_alloc(cut, room, 1);
    if (!name)
        return "";
    const char *const kept = size <= MOST ? base : ""; /* not half a character */
    snprintf(name, room, "%s%u_%s", cut->prefix, cut->n_made_up++, kept);
    return name;
}

static bool begins_a_name(const struct nnc_graph *g, const char *prefix)
{
    const size_t n = strlen(prefix);
    for (uint32_t v = 0; v < g->n_values; v++)
        if (!strncmp(g->values[v].name, prefix, n))
            return true;
    for (uint32_t k = 0; k < g->n_nodes; k++)
        if (!strncmp(g->nodes[k].name, prefix, n))
            return true;
    return false;
}

/* "cut", or with as many lines behind it as no name has. */
static const char *choose_prefix(struct nnc_cut *cut)
{
    enum { LONGEST = 256 };
    char *const prefix = nnc_cut_alloc(cut, LONGEST + 8, 1);
    if (!prefix)
        return "";
    strcpy(prefix, "cut");
    while (strlen(prefix) < LONGEST && begins_a_name(cut->graph, prefix))
        strcat(prefix, "_");
    return prefix;
}

static int compare_nodes(const void *a, const void *b)
{
    const struct nnc_node *const x = *(const struct nnc_node *const *)a;
    const struct nnc_node *const y = *(const struct nnc_node *const *)b;
    const int order = strcmp(x->name, y->name);
    return order ? order : (x > y) - (x < y);
}

/* Other engines want different names. Of several nodes that one record became, the last
 * one has its result. */
static void choose_node_names(struct nnc_cut *cut)
{
    const struct nnc_graph *const g = cut->graph;
    const struct nnc_node **const sorted = nnc_cut_alloc(cut, g->n_nodes, sizeof *sorted);
    uint32_t n = 0;
    for (uint32_t k = 0; !cut->status && k < g->n_nodes; k++)
        if (cut->count[g->nodes[k].output])
            sorted[n++] = &g->nodes[k];
    if (n)
        qsort(sorted, n, sizeof *sorted, compare_nodes);
    for (uint32_t k = 0; k < n; k++)
        cut->named[sorted[k] - g->nodes] =
            k + 1 == n || strcmp(sorted[k]->name, sorted[k + 1]->name);
}

void nnc_cut_begin(struct nnc_cut *cut, const struct nnc_node *node, const char *op,
                   const char *const *inputs, uint32_t n_inputs, const char *output)
{
    bool *const named = &cut->named[node - cut->graph->nodes];
    const char *const name = *named ? node->name : nnc_cut_make_up(cut, node->name);
    *named = false;
    nnc_onnx_begin_node(&cut->writer, op, name, inputs, n_inputs, output);
}

/* Channels ----------------------------------------------------------------------------- */

struct nnc_channels nnc_cut_needed(struct nnc_cut *cut, uint32_t value)
{
    const struct nnc_demand *const d = cut->need;
    struct nnc_channels needed = {0};
    uint32_t *const at = nnc_cut_alloc(cut, d->channels[value], sizeof *at);
    for (uint32_t c = 0; at && c < d->channels[value]; c++)
        if (d->labels[value][c] != NNC_NOT_NEEDED)
            at[needed.n++] = c;
    needed.at = at;
    return needed;
}

struct nnc_shape nnc_cut_shape(const struct nnc_cut *cut, uint32_t value)
{
    struct nnc_shape shape = value_at(cut, value)->shape;
    if (shape.rank)
        shape.dim[cut->need->axis[value]] = cut->count[value];
    return shape;
}

static void place_channels(struct nnc_cut *cut, uint32_t value)
{
    const uint32_t channels = cut->need->channels[value];
    const bool whole = value_at(cut, value)->kind == NNC_VALUE_IMAGE;
    for (uint32_t c = 0; c < channels; c++)
        cut->position[value][c] = whole || cut->need->labels[value][c] != NNC_NOT_NEEDED
                                      ? cut->count[value]++
                                      : NNC_NONE;
}

static void place_all(struct nnc_cut *cut)
{
    const struct nnc_graph *const g = cut->graph;
    for (uint32_t v = 0; v < g->n_values && !cut->status; v++) {
        cut->position[v] =
            nnc_cut_alloc(cut, cut->need->channels[v], sizeof *cut->position[v]);
        if (cut->status)
            return;
        place_channels(cut, v);
        if (cut->count[v])
            cut->name[v] = g->values[v].inner ? nnc_cut_make_up(cut, g->values[v].name)
                                              : g->values[v].name;
    }
    for (uint32_t k = 0; k < g->n_nodes; k++)
        for (uint32_t i = 0; i < g->nodes[k].n_inputs; i++)
            if (g->nodes[k].inputs[i] != NNC_NONE)
                cut->uses[g->nodes[k].inputs[i]]++;
    cut->uses[g->logits]++;
    if (g->presence != NNC_NONE)
        cut->uses[g->presence]++;
}

/* Constants ---------------------------------------------------------------------------- */

/* Channels of one constant, read and written piece by piece. */
static void write_values(struct nnc_cut *cut, uint32_t value, uint32_t axis,
                         struct nnc_channels channels)
{
    enum { PIECE = 4096 };
    float piece[PIECE];
    const struct nnc_shape *const shape = &value_at(cut, value)->shape;
    uint64_t outer = 1, inner = 1;
    for (uint32_t i = 0; i < shape->rank; i++)
        *(i < axis ? &outer : &inner) *= i == axis ? 1 : shape->dim[i];
    const uint64_t dim = shape->rank ? shape->dim[axis] : 1;
    for (uint64_t o = 0; o < outer; o++)
        for (uint32_t i = 0, run; i < channels.n; i += run) {
            for (run = 1; i + run < channels.n && channels.at[i + run] == channels.at[i] + run;)
                run++;
            uint64_t at = (o * dim + channels.at[i]) * inner, left = run * inner;
            for (uint64_t n; left && !cut->status; at += n, left -= n) {
                n = left < PIECE ? left : PIECE;
                cut->status = nnc_graph_read_floats(cut->graph, value_at(cut, value)->source,
                                                    at, n, piece, cut->error);
                if (!cut->status)
                    nnc_onnx_put_values(&cut->writer, piece, n);
            }
        }
}

static void write_constant(struct nnc_cut *cut, uint32_t value, uint32_t axis,
                           struct nnc_channels channels, const char *name)
{
    const uint32_t tensor = value_at(cut, value)->source;
    const bool initializer = cut->graph->tensors[tensor].initializer;
    struct nnc_shape shape = value_at(cut, value)->shape;
    if (shape.rank)
        shape.dim[axis] = channels.n;
    if (!initializer)
        nnc_onnx_begin_node(&cut->writer, "Constant", nnc_cut_make_up(cut, name), NULL, 0,
                            name);
    nnc_onnx_begin_floats(&cut->writer, initializer ? name : NULL,
                          (struct nnc_onnx_dims){shape.rank, shape.dim});
    write_values(cut, value, axis, channels);
    nnc_onnx_end_floats(&cut->writer);
    if (!initializer)
        nnc_onnx_end_node(&cut->writer);
    cut->written[tensor] += nnc_shape_elements(&shape);
}

const char *nnc_cut_value(struct nnc_cut *cut, uint32_t value)
{
    const char *const name = cut->name[value];
    cut->read_varying = cut->read_varying || cut->varies[value];
    bool *const shared = value_at(cut, value)->kind == NNC_VALUE_TENSOR
                             ? &cut->shared[value_at(cut, value)->source]
                             : NULL;
    if (shared && !*shared) {
        *shared = true;
        write_constant(cut, value, cut->need->axis[value], nnc_cut_needed(cut, value), name);
    }
    return name ? name : "";
}

/* What all of it need is written once; who needs less gets a copy of its part. */
const char *nnc_cut_rows(struct nnc_cut *cut, uint32_t value, uint32_t axis,
                         struct nnc_channels channels)
{
    const struct nnc_shape *const shape = &value_at(cut, value)->shape;
    const bool along = axis == cut->need->axis[value];
    if (!shape->rank || channels.n == (along ? cut->count[value] : shape->dim[axis]))
        return nnc_cut_value(cut, value);
    const char *const name = nnc_cut_make_up(cut, value_at(cut, value)->name);
    write_constant(cut, value, axis, channels, name);
    return name;
}

const char *nnc_cut_list(struct nnc_cut *cut, const char *base, const int64_t *values,
                         uint32_t n)
{
    const char *const name = nnc_cut_make_up(cut, base);
    nnc_onnx_put_integers(&cut->writer, name, (struct nnc_onnx_dims){1, &n}, values);
    return name;
}

uint64_t nnc_cut_params(const struct nnc_cut *cut)
{
    uint64_t n = 0;
    for (uint32_t t = 0; t < cut->graph->n_tensors; t++)
        if (cut->graph->tensors[t].initializer)
            n += cut->written[t];
    return n;
}

/* Selection ---------------------------------------------------------------------------- */

static bool follow_each_other(const uint32_t *at, uint32_t n)
{
    for (uint32_t i = 1; i < n; i++)
        if (at[i] != at[0] + i)
            return false;
    return true;
}

static void begin_helper(struct nnc_cut *cut, const char *op, const char *const *inputs,
                         uint32_t n_inputs, const char *output)
{
    nnc_onnx_begin_node(&cut->writer, op, nnc_cut_make_up(cut, output), inputs, n_inputs,
                        output);
}

void nnc_cut_select(struct nnc_cut *cut, const char *from, uint32_t axis, const uint32_t *at,
                    uint32_t n, const char *to)
{
    int64_t *const numbers = nnc_cut_alloc(cut, n, sizeof *numbers);
    if (!numbers)
        return;
    for (uint32_t i = 0; i < n; i++)
        numbers[i] = at[i];
    if (follow_each_other(at, n)) {
        const int64_t end = (int64_t)at[0] + n, along = axis;
        const char *const inputs[] = {from, nnc_cut_list(cut, "start", numbers, 1),
                                      nnc_cut_list(cut, "end", &end, 1),
                                      nnc_cut_list(cut, "axis", &along, 1)};
        begin_helper(cut, "Slice", inputs, 4, to);
    } else {
        const char *const inputs[] = {from, nnc_cut_list(cut, "channels", numbers, n)};
        begin_helper(cut, "Gather", inputs, 2, to);
        nnc_onnx_put_int(&cut->writer, "axis", axis);
    }
    nnc_onnx_end_node(&cut->writer);
}

const char *nnc_cut_pick(struct nnc_cut *cut, uint32_t value, uint32_t axis,
                         struct nnc_channels channels)
{
    if (value_at(cut, value)->kind == NNC_VALUE_TENSOR)
        return nnc_cut_rows(cut, value, axis, channels);
    const bool along = axis == cut->need->axis[value];
    const uint32_t there = along ? cut->count[value] : value_at(cut, value)->shape.dim[axis];
    const char *const from = nnc_cut_value(cut, value);
    uint32_t *const at = nnc_cut_alloc(cut, channels.n, sizeof *at);
    if (!at)
        return "";
    for (uint32_t i = 0; i < channels.n; i++)
        at[i] = along ? cut->position[value][channels.at[i]] : channels.at[i];
    if (channels.n == there && !at[0] && follow_each_other(at, channels.n))
        return from;
    const char *const to = nnc_cut_make_up(cut, value_at(cut, value)->name);
    nnc_cut_select(cut, from, axis, at, channels.n, to);
    return to;
}

const char *nnc_cut_places(struct nnc_cut *cut, uint32_t value, uint32_t *at, uint32_t n)
{
    const uint32_t *place = cut->position[value];
    const char *name;
    if (value_at(cut, value)->kind == NNC_VALUE_TENSOR) {
        const uint32_t channels = cut->need->channels[value];
        struct nnc_channels own = {0};
        uint32_t *const listed = nnc_cut_alloc(cut, channels, sizeof *listed);
        uint32_t *const of_own = nnc_cut_alloc(cut, channels, sizeof *of_own);
        if (!listed || !of_own)
            return "";
        for (uint32_t i = 0; i < n; i++)
            of_own[at[i]] = 1;
        for (uint32_t c = 0; c < channels; c++)
            if (of_own[c]) {
                of_own[c] = own.n;
                listed[own.n++] = c;
            }
        own.at = listed;
        place = of_own;
        name = nnc_cut_rows(cut, value, cut->need->axis[value], own);
    } else {
        name = nnc_cut_value(cut, value);
    }
    for (uint32_t i = 0; i < n; i++)
        at[i] = place[at[i]];
    return name;
}

/* Ends --------------------------------------------------------------------------------- */

/* The gains of the kept categories, in their old order. */
static void number_gains(struct nnc_cut *cut)
{
    const struct nnc_graph *const g = cut->graph;
    const uint32_t n = cut->need->channels[g->attention];
    cut->gain = nnc_cut_alloc(cut, n, sizeof *cut->gain);
    for (uint32_t k = 0; cut->gain && k < n; k++)
        cut->gain[k] = NNC_NONE;
    for (uint32_t c = 0; cut->gain && c < g->taxonomy->n_categories; c++)
        if (cut->kept[c] && g->branches[c].gain != NNC_NONE)
            cut->gain[g->branches[c].gain] = 0;
    for (uint32_t k = 0; cut->gain && k < n; k++)
        if (cut->gain[k] != NNC_NONE)
            cut->gain[k] = cut->n_gains++;
}

/* A branch may read the gain of a category that is cut away. It is 1 there, and stays so:
 * behind the input's gains lies a constant 1 for all of these. */
static void add_neutral_gain(struct nnc_cut *cut, uint32_t attention)
{
    static const uint32_t one_dim = 1;
    static const float one = 1;
    const char *const inputs[] = {cut->attention_name, nnc_cut_make_up(cut, "neutral")};
    nnc_onnx_begin_node(&cut->writer, "Constant", nnc_cut_make_up(cut, "neutral"), NULL, 0,
                        inputs[1]);
    nnc_onnx_begin_floats(&cut->writer, NULL, (struct nnc_onnx_dims){1, &one_dim});
    nnc_onnx_put_values(&cut->writer, &one, 1);
    nnc_onnx_end_floats(&cut->writer);
    nnc_onnx_end_node(&cut->writer);
    cut->name[attention] = inputs[1];
    cut->count[attention] = cut->n_gains + 1;
    if (!cut->n_gains)
        return;
    cut->name[attention] = nnc_cut_make_up(cut, "gains");
    begin_helper(cut, "Concat", inputs, 2, cut->name[attention]);
    nnc_onnx_put_int(&cut->writer, "axis", 0);
    nnc_onnx_end_node(&cut->writer);
}

static void write_attention(struct nnc_cut *cut)
{
    const uint32_t attention = cut->graph->attention;
    const char *const name = value_at(cut, attention)->name;
    bool neutral = false;
    number_gains(cut);
    for (uint32_t k = 0; !cut->status && k < cut->need->channels[attention]; k++) {
        const bool needed = cut->position[attention][k] != NNC_NONE;
        neutral = neutral || (needed && cut->gain[k] == NNC_NONE);
        cut->position[attention][k] = cut->gain[k] == NNC_NONE ? cut->n_gains : cut->gain[k];
    }
    cut->count[attention] = cut->n_gains;
    cut->name[attention] = name;
    cut->varies[attention] = cut->n_gains > 0;
    if (!cut->status && cut->n_gains) {
        const struct nnc_onnx_dims dims = {1, &cut->n_gains};
        const float one = 1;
        cut->attention_name = name;
        nnc_onnx_put_input(&cut->writer, name, dims);
        nnc_onnx_begin_floats(&cut->writer, name, dims);
        for (uint32_t k = 0; k < cut->n_gains; k++)
            nnc_onnx_put_values(&cut->writer, &one, 1);
        nnc_onnx_end_floats(&cut->writer);
    }
    if (!cut->status && neutral)
        add_neutral_gain(cut, attention);
}

/* Numbers of the wanted elements of an output. */
static struct nnc_channels wanted(struct nnc_cut *cut, uint32_t n, const uint8_t *marks)
{
    struct nnc_channels channels = {0};
    uint32_t *const at = nnc_cut_alloc(cut, n, sizeof *at);
    for (uint32_t k = 0; at && k < n; k++)
        if (marks[k])
            at[channels.n++] = k;
    channels.at = at;
    return channels;
}

static bool is_whole(const struct nnc_cut *cut, uint32_t value, const uint8_t *marks)
{
    uint32_t n = 0;
    for (uint32_t k = 0; k < cut->need->channels[value]; k++)
        n += marks[k] != 0;
    return n == cut->count[value];
}

/* An output keeps its name. If the value of that name has more than is wanted, because
 * something else reads it too, it is the value that is called differently. */
static void name_outputs(struct nnc_cut *cut)
{
    const struct nnc_graph *const g = cut->graph;
    cut->logits_name = value_at(cut, g->logits)->name;
    if (!is_whole(cut, g->logits, cut->active))
        cut->name[g->logits] = nnc_cut_make_up(cut, cut->logits_name);
    if (!cut->presence)
        return;
    cut->presence_name = value_at(cut, g->presence)->name;
    if (g->presence == g->logits)
        cut->presence_name = nnc_cut_make_up(cut, cut->presence_name);
    else if (!is_whole(cut, g->presence, cut->presence))
        cut->name[g->presence] = nnc_cut_make_up(cut, cut->presence_name);
}

/* What is left of a network may be constants alone; readers take that for a mistake. */
static void write_output(struct nnc_cut *cut, uint32_t value, const uint8_t *marks,
                         const char *name)
{
    if (!cut->varies[value]) {
        cut->status = nnc_fail(cut->error, NNC_UNSUPPORTED, name,
                               "node '%.64s': what this cutout keeps of output '%.64s' does "
                               "not depend on the picture; there is nothing to extract",
                               cut->graph->nodes[value_at(cut, value)->source].name, name);
        return;
    }
    const struct nnc_channels channels = wanted(cut, cut->need->channels[value], marks);
    const uint32_t dim[2] = {1, channels.n};
    uint32_t *const at = nnc_cut_alloc(cut, channels.n, sizeof *at);
    for (uint32_t i = 0; at && i < channels.n; i++)
        at[i] = cut->position[value][channels.at[i]];
    if (at && strcmp(cut->name[value], name))
        nnc_cut_select(cut, cut->name[value], 1, at, channels.n, name);
    nnc_onnx_put_output(&cut->writer, name, (struct nnc_onnx_dims){2, dim});
}

/* The whole ---------------------------------------------------------------------------- */

static void allocate(struct nnc_cut *cut)
{
    const struct nnc_graph *const g = cut->graph;
    cut->position = nnc_cut_alloc(cut, g->n_values, sizeof *cut->position);
    cut->count = nnc_cut_alloc(cut, g->n_values, sizeof *cut->count);
    cut->uses = nnc_cut_alloc(cut, g->n_values, sizeof *cut->uses);
    cut->name = nnc_cut_alloc(cut, g->n_values, sizeof *cut->name);
    cut->varies = nnc_cut_alloc(cut, g->n_values, sizeof *cut->varies);
    cut->named = nnc_cut_alloc(cut, g->n_nodes, sizeof *cut->named);
    cut->done = nnc_cut_alloc(cut, g->n_nodes, sizeof *cut->done);
    cut->shared = nnc_cut_alloc(cut, g->n_tensors, sizeof *cut->shared);
    cut->written = nnc_cut_alloc(cut, g->n_tensors, sizeof *cut->written);
    cut->prefix = choose_prefix(cut);
}

void nnc_cut_init(struct nnc_cut *cut, const struct nnc_graph *graph,
                  const struct nnc_demand *need, const uint8_t *active,
                  const uint8_t *presence, const bool *kept, struct nnc_error *error)
{
    *cut = (struct nnc_cut){.graph = graph,
                            .need = need,
                            .kept = kept,
                            .active = active,
                            .presence = presence,
                            .pool.limit = SIZE_MAX,
                            .error = error};
    allocate(cut);
    if (!cut->status)
        place_all(cut);
    if (!cut->status)
        choose_node_names(cut);
    if (cut->status)
        return;
    const struct nnc_value *const image = value_at(cut, graph->image);
    nnc_onnx_put_input(&cut->writer, image->name,
                       (struct nnc_onnx_dims){image->shape.rank, image->shape.dim});
    cut->name[graph->image] = image->name;
    cut->varies[graph->image] = true;
    if (graph->attention != NNC_NONE)
        write_attention(cut);
    name_outputs(cut);
}

void nnc_cut_write(struct nnc_cut *cut)
{
    const struct nnc_graph *const g = cut->graph;
    for (uint32_t k = 0; k < g->n_nodes && !cut->status; k++)
        if (cut->count[g->nodes[k].output] && !cut->done[k]) {
            cut->read_varying = false;
            nnc_cut_write_node(cut, &g->nodes[k]);
            cut->varies[g->nodes[k].output] = cut->read_varying;
        }
    if (!cut->status)
        write_output(cut, g->logits, cut->active, cut->logits_name);
    if (!cut->status && cut->presence)
        write_output(cut, g->presence, cut->presence, cut->presence_name);
}

void nnc_cut_finish(struct nnc_cut *cut)
{
    nnc_onnx_writer_finish(&cut->writer);
    nnc_pool_finish(&cut->pool);
}

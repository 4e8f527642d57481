/* SPDX-License-Identifier: MIT */
/* The ends of an expert: picture and attention, logits and presences. */

#include "../graph/taxonomy.h"
#include "cut_parts.h"

#include <string.h>

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
    nnc_onnx_begin_node(&cut->writer, "Constant", nnc_cut_make_up(cut, "neutral"), NULL,
                        0, inputs[1]);
    nnc_onnx_begin_floats(&cut->writer, NULL, (struct nnc_onnx_dims){1, &one_dim});
    nnc_onnx_put_values(&cut->writer, &one, 1);
    nnc_onnx_end_floats(&cut->writer);
    nnc_onnx_end_node(&cut->writer);
    cut->name[attention] = inputs[1];
    cut->count[attention] = cut->n_gains + 1;
    if (!cut->n_gains)
        return;
    cut->name[attention] = nnc_cut_make_up(cut, "gains");
    nnc_cut_begin_helper(cut, "Concat", inputs, 2, cut->name[attention]);
    nnc_onnx_put_int(&cut->writer, "axis", 0);
    nnc_onnx_end_node(&cut->writer);
}

static void write_attention(struct nnc_cut *cut)
{
    const uint32_t attention = cut->graph->attention;
    const char *const name = nnc_cut_source(cut, attention)->name;
    bool neutral = false;
    number_gains(cut);
    for (uint32_t k = 0; !cut->status && k < cut->need->channels[attention]; k++) {
        const bool needed = cut->position[attention][k] != NNC_NONE;
        neutral = neutral || (needed && cut->gain[k] == NNC_NONE);
        cut->position[attention][k] =
            cut->gain[k] == NNC_NONE ? cut->n_gains : cut->gain[k];
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
void nnc_cut_name_outputs(struct nnc_cut *cut)
{
    const struct nnc_graph *const g = cut->graph;
    cut->logits_name = nnc_cut_source(cut, g->logits)->name;
    if (!is_whole(cut, g->logits, cut->active))
        cut->name[g->logits] = nnc_cut_make_up(cut, cut->logits_name);
    if (!cut->presence)
        return;
    cut->presence_name = nnc_cut_source(cut, g->presence)->name;
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
        cut->status =
            nnc_fail(cut->error, NNC_UNSUPPORTED, name,
                     "node '%.64s': what this cutout keeps of output '%.64s' does "
                     "not depend on the picture; there is nothing to extract",
                     cut->graph->nodes[nnc_cut_source(cut, value)->source].name, name);
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

void nnc_cut_write_inputs(struct nnc_cut *cut)
{
    const struct nnc_value *const image = nnc_cut_source(cut, cut->graph->image);
    nnc_onnx_put_input(&cut->writer, image->name,
                       (struct nnc_onnx_dims){image->shape.rank, image->shape.dim});
    cut->name[cut->graph->image] = image->name;
    cut->varies[cut->graph->image] = true;
    if (cut->graph->attention != NNC_NONE)
        write_attention(cut);
}

void nnc_cut_write_outputs(struct nnc_cut *cut)
{
    write_output(cut, cut->graph->logits, cut->active, cut->logits_name);
    if (!cut->status && cut->presence)
        write_output(cut, cut->graph->presence, cut->presence, cut->presence_name);
}

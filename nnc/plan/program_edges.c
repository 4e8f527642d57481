/* SPDX-License-Identifier: MIT */
/* Edges and steps as they are added; which layouts of a value there are, and which have to be
 * made. */

#include "program_parts.h"

uint32_t nnc_lower_add_edge(struct nnc_lowering *b, enum nnc_edge_kind kind, uint32_t source,
                            uint32_t value, const struct nnc_shape *shape, bool blocked)
{
    struct nnc_program *const p = b->program;
    if (p->n_edges == b->edge_room)
        return NNC_NONE; /* cannot be: the room is counted beforehand */
    struct nnc_edge *const e = &p->edges[p->n_edges];
    const uint64_t elements = nnc_shape_elements(shape);
    e->kind = kind;
    e->source = source;
    e->value = value;
    e->shape = *shape;
    e->channels = shape->rank >= 2 ? shape->dim[1] : (uint32_t)elements;
    e->pixels = e->channels ? elements / e->channels : 0;
    e->blocked = blocked && e->pixels > 1;
    e->alias = NNC_NONE;
    e->constant = kind == NNC_EDGE_TENSOR;
    e->floats = e->blocked
                    ? (uint64_t)nnc_ceil_div(e->channels, NNC_BLOCK) * NNC_BLOCK * e->pixels
                    : nnc_align(elements, NNC_BLOCK);
    return p->n_edges++;
}

uint32_t nnc_lower_add_alias(struct nnc_lowering *b, uint32_t of, uint64_t offset,
                             uint32_t value, const struct nnc_shape *shape)
{
    const struct nnc_edge *const root = &b->program->edges[of];
    const uint32_t edge =
        nnc_lower_add_edge(b, root->kind, root->source, value, shape, root->blocked);
    b->program->edges[edge].alias = of;
    b->program->edges[edge].alias_offset = offset;
    b->program->edges[edge].constant = root->constant;
    return edge;
}

uint32_t nnc_edge_root(const struct nnc_program *p, uint32_t edge, uint64_t *offset)
{
    *offset = 0;
    for (; p->edges[edge].alias != NNC_NONE; edge = p->edges[edge].alias)
        *offset += p->edges[edge].alias_offset;
    return edge;
}

struct nnc_step *nnc_lower_add_step(struct nnc_lowering *b, enum nnc_step_kind kind,
                                    uint32_t node, uint32_t out, const uint32_t *in,
                                    uint32_t n_in)
{
    struct nnc_program *const p = b->program;
    uint32_t *const copy = nnc_pool_alloc(&p->pool, n_in, sizeof *copy);
    if (!copy || p->n_steps == b->step_room)
        return NULL;
    struct nnc_step *const s = &p->steps[p->n_steps];
    *s = (struct nnc_step){.kind = kind,
                           .node = node,
                           .out = out,
                           .n_in = n_in,
                           .in = copy,
                           .batch_norm = NNC_NONE,
                           .residual = NNC_NONE,
                           .gain = NNC_NONE};
    bool constant = true;
    for (uint32_t i = 0; i < n_in; i++) {
        copy[i] = in[i];
        constant &= p->edges[in[i]].constant;
    }
    p->edges[out].source = p->n_steps++;
    p->edges[out].constant = constant;
    return s;
}

static uint32_t reordered(struct nnc_lowering *b, uint32_t from, bool blocked)
{
    const struct nnc_edge *const e = &b->program->edges[from];
    const uint32_t edge = nnc_lower_add_edge(b, NNC_EDGE_STEP, 0, e->value, &e->shape, blocked);
    return nnc_lower_add_step(b, NNC_STEP_REORDER, NNC_NONE, edge, &from, 1) ? edge : NNC_NONE;
}

/* Whether an edge is the same in both layouts. A single number out of the middle of a tensor
 * is not: who asks for blocks reads sixteen floats there. */
static bool same_in_both(const struct nnc_lowering *b, uint32_t edge)
{
    uint64_t offset;
    nnc_edge_root(b->program, edge, &offset);
    return b->program->edges[edge].pixels <= 1 && offset % NNC_BLOCK == 0;
}

uint32_t nnc_lower_get(struct nnc_lowering *b, uint32_t value, bool blocked)
{
    uint32_t *const wanted = blocked ? &b->blocked[value] : &b->plain[value];
    const uint32_t other = blocked ? b->plain[value] : b->blocked[value];
    if (*wanted == NNC_NONE && other != NNC_NONE)
        *wanted = same_in_both(b, other) ? other : reordered(b, other, blocked);
    return *wanted;
}

uint32_t nnc_lower_get_any(struct nnc_lowering *b, uint32_t value)
{
    return b->blocked[value] != NNC_NONE ? b->blocked[value] : b->plain[value];
}

void nnc_lower_put(struct nnc_lowering *b, uint32_t value, uint32_t edge)
{
    if (b->program->edges[edge].blocked)
        b->blocked[value] = edge;
    else
        b->plain[value] = edge;
}

uint32_t nnc_lower_new_result(struct nnc_lowering *b, uint32_t value, bool blocked)
{
    const uint32_t edge = nnc_lower_add_edge(b, NNC_EDGE_STEP, 0, value,
                                             &nnc_lower_value(b, value)->shape, blocked);
    nnc_lower_put(b, value, edge);
    return edge;
}

/* SPDX-License-Identifier: MIT */
/* The tree of categories and its ends: branches that read the trunk and their parents
 * (and now and then each other), leaves with heads of their own, heads for several
 * leaves, and stacks, where features of all leaves go through one tensor and are taken
 * apart again. */

#include "generator.h"

#include <string.h>

enum { MAX_CATEGORIES = 16, MAX_PARTS = 16 };

struct category {
    uint32_t parent; /* NO_VALUE for a top one */
    uint32_t gain, presence, logit;
    bool leaf;
};

/* Some logits in a row, [1, n], of categories `first` and on. */
struct part {
    uint32_t value, first, n;
};

struct tree {
    struct generator *g;
    struct category categories[MAX_CATEGORIES];
    uint32_t n_categories;
    struct part parts[MAX_PARTS];
    uint32_t n_parts, max_depth;
    uint32_t base; /* a picture of the trunk; NO_VALUE if leaves have their own heads */
    uint32_t presences[MAX_CATEGORIES], n_presences;
    bool presence;
};

typedef uint32_t operator_function(struct generator *g, uint32_t x);

static operator_function *const OPERATORS[] = {add_conv,
                                               add_conv,
                                               add_conv,
                                               add_depthwise,
                                               add_batch_norm,
                                               add_pool,
                                               add_pool,
                                               add_average,
                                               add_chain,
                                               add_chain,
                                               add_chain,
                                               add_activation,
                                               add_activation,
                                               add_gain,
                                               add_binary_constant,
                                               add_gain,
                                               add_binary_constant,
                                               add_binary_computed,
                                               add_product,
                                               add_softmax,
                                               add_renaming,
                                               add_renaming,
                                               add_transpose,
                                               add_slice,
                                               add_slice,
                                               add_split,
                                               add_gather,
                                               add_random_concat,
                                               add_random_concat,
                                               add_pad,
                                               add_other_mean,
                                               add_constant_part};

/* Those whose output channel needs the same input channel alone. */
static operator_function *const BY_CHANNEL[] = {
    add_depthwise, add_batch_norm, add_pool, add_activation, add_gain, add_activation};

static void add_random_operators(struct generator *g, uint32_t n)
{
    while (n-- > 0) {
        const uint32_t which = below(g->dice, sizeof OPERATORS / sizeof *OPERATORS);
        const uint32_t x = pick_value(g), y = OPERATORS[which](g, x);
        if (y != x)
            show(g, y);
    }
}

/* Some way from any value to [1, n]. */
static uint32_t add_head(struct generator *g, uint32_t x, uint32_t n)
{
    const uint32_t before = x;
    if (is_picture(g, x) && one_in(g->dice, 4))
        x = add_average(g, x);
    else if (is_picture(g, x) && one_in(g->dice, 3)) {
        x = add_conv_to(g, x, n);
        if (x != before && dims_of(g, x)->dim[1] == n) {
            x = add_average(g, x);
            return add_matrix(g, x);
        }
    }
    x = add_matrix(g, x);
    if (dims_of(g, x)->dim[1] >= n && one_in(g->dice, 6))
        return add_range(g, x, 1, below(g->dice, dims_of(g, x)->dim[1] - n + 1), n);
    return add_gemm(g, x, n);
}

/* The value that a leaf's logits are made from: the newest, or channels of its own. */
static uint32_t leaf_features(struct tree *t)
{
    struct generator *const g = t->g;
    if (t->base == NO_VALUE)
        return pick_value(g);
    static const uint32_t counts[] = {1, 3, 8, 15, 16, 16, 17, 32};
    const struct dims base = *dims_of(g, t->base);
    uint32_t x = t->base;
    for (uint32_t i = 0; i < g->n_scope; i++) {
        const struct dims *const d = dims_of(g, g->scope[i]);
        if (is_picture(g, g->scope[i]) && d->dim[2] == base.dim[2] &&
            d->dim[3] == base.dim[3])
            x = g->scope[i];
    }
    return add_conv_to(g, x, counts[below(g->dice, sizeof counts / sizeof *counts)]);
}

static uint32_t new_category(struct tree *t, uint32_t parent)
{
    t->categories[t->n_categories] =
        (struct category){parent, NO_VALUE, NO_VALUE, NO_VALUE, false};
    return t->n_categories++;
}

static void add_leaves(struct tree *t, uint32_t first, uint32_t n)
{
    const uint32_t x = leaf_features(t);
    for (uint32_t i = 0; i < n; i++)
        t->categories[first + i].leaf = true;
    t->parts[t->n_parts++] =
        (struct part){t->base == NO_VALUE ? add_head(t->g, x, n) : x, first, n};
}

static void add_presence(struct tree *t, uint32_t category)
{
    if (!t->presence || one_in(t->g->dice, 4))
        return;
    t->categories[category].presence = t->n_presences;
    t->presences[t->n_presences++] = add_head(t->g, pick_value(t->g), 1);
}

static void add_category(struct tree *t, uint32_t parent, uint32_t depth)
{
    struct generator *const g = t->g;
    const uint32_t seen = g->n_scope, me = new_category(t, parent);
    add_random_operators(g, between(g->dice, 0, 5));
    add_presence(t, me);
    const uint32_t room = MAX_CATEGORIES - t->n_categories;
    if (depth >= t->max_depth || room < 4 || one_in(g->dice, 3)) {
        add_leaves(t, me, 1);
    } else if (one_in(g->dice, 3)) { /* several leaves of one head */
        const uint32_t n = between(g->dice, 1, 3), first = t->n_categories;
        for (uint32_t i = 0; i < n; i++)
            new_category(t, me);
        add_leaves(t, first, n);
    } else {
        for (uint32_t n = between(g->dice, 1, 3);
             n > 0 && t->n_categories < MAX_CATEGORIES - 3; n--)
            add_category(t, me, depth + 1);
    }
    if (below(g->dice, 5))
        g->n_scope = seen; /* else the branches beside may read it */
}

/* All features side by side, through operators that keep channels apart, and apart again.
 */
static void take_stack_apart(struct tree *t)
{
    struct generator *const g = t->g;
    uint32_t features[MAX_PARTS], channels[MAX_PARTS], at = 0;
    for (uint32_t i = 0; i < t->n_parts; i++) {
        features[i] = t->parts[i].value;
        channels[i] = dims_of(g, features[i])->dim[1];
    }
    uint32_t x = add_concat(g, features, t->n_parts, 1);
    const uint32_t all = dims_of(g, x)->dim[1];
    for (uint32_t n = between(g->dice, 0, 4); n > 0; n--) {
        const uint32_t y = BY_CHANNEL[below(g->dice, 6)](g, x);
        x = dims_of(g, y)->dim[1] == all ? y : x;
    }
    if (one_in(g->dice, 3))
        x = add_average(g, x);
    if (one_in(g->dice, 3)) {
        onnx_int(&g->onnx, "axis", 1);
        const struct dims *const d = dims_of(g, x);
        const uint32_t per_channel = (uint32_t)n_elements(d) / all;
        x = add_node(g, "Flatten", &x, 1, (struct dims){2, {1, all * per_channel}},
                     g->values[x].size);
        for (uint32_t i = 0; i < t->n_parts; i++)
            channels[i] *= per_channel;
        if (one_in(g->dice,
                   2)) { /* a row in front that may be some head's weights as well */
            const uint32_t row =
                random_constant(g, (struct dims){2, {1, channels[0]}}, 1);
            x = add_concat(g, (uint32_t[]){row, x}, 2, 1);
            at = channels[0];
        }
    }
    for (uint32_t i = 0; i < t->n_parts; i++) {
        const uint32_t mine = add_range(g, x, 1, at, channels[i]);
        at += channels[i];
        t->parts[i].value = add_head(g, mine, t->parts[i].n);
    }
}

/* A part whose head did not fit (an operator was left out) gets one that does. */
static void repair_parts(struct tree *t)
{
    struct generator *const g = t->g;
    for (uint32_t i = 0; i < t->n_parts; i++) {
        struct part *const p = &t->parts[i];
        const struct dims *const d = dims_of(g, p->value);
        if (d->rank == 2 && d->dim[0] == 1 && d->dim[1] == p->n)
            continue;
        const uint32_t x = add_matrix(g, p->value);
        if (dims_of(g, x)->dim[1] >= p->n) {
            p->value = add_range(g, x, 1, 0, p->n);
        } else {
            const struct dims vector = {1, {p->n}};
            p->value = add_binary(g, "Add", add_range(g, x, 1, 0, 1),
                                  random_constant(g, vector, 1));
        }
    }
}

static void number_logits(struct tree *t)
{
    uint32_t logit = 0;
    for (uint32_t i = t->n_parts; i-- > 1;) {
        const uint32_t k = below(t->g->dice, i + 1);
        const struct part moved = t->parts[i];
        t->parts[i] = t->parts[k];
        t->parts[k] = moved;
    }
    for (uint32_t i = 0; i < t->n_parts; i++)
        for (uint32_t k = 0; k < t->parts[i].n; k++)
            t->categories[t->parts[i].first + k].logit = logit++;
}

static uint32_t join_logits(struct tree *t)
{
    struct generator *const g = t->g;
    uint32_t parts[MAX_PARTS];
    for (uint32_t i = 0; i < t->n_parts; i++)
        parts[i] = t->parts[i].value;
    uint32_t x = add_concat(g, parts, t->n_parts, 1);
    const struct dims row = *dims_of(g, x);
    switch (below(g->dice, 12)) {
    case 0:
        return add_binary(g, "Mul", x, random_constant(g, (struct dims){0}, 2));
    case 1:
        return add_binary(g, "Add", x,
                          random_constant(g, (struct dims){1, {row.dim[1]}}, 1));
    case 2:
        return add_gemm(g, x, row.dim[1]);
    case 3:
        return add_activation(g, x);
    case 4:
        return add_reshape(g, add_transpose(g, x), row);
    case 5:
        return add_reshape(g, add_reshape(g, x, (struct dims){4, {1, row.dim[1], 1, 1}}),
                           row);
    case 6:
        return add_binary(g, "Add", x, x);
    case 7:
        return add_softmax(g, x);
    default:
        return x;
    }
}

/* The tree as JSON, categories in a random order. */
static void write_taxonomy(struct tree *t, const struct dims *image, uint32_t logits,
                           uint32_t presence)
{
    struct generator *const g = t->g;
    struct bytes *const out = &g->onnx.taxonomy;
    uint32_t order[MAX_CATEGORIES], place[MAX_CATEGORIES];
    for (uint32_t i = 0; i < t->n_categories; i++)
        order[i] = i;
    for (uint32_t i = one_in(g->dice, 2) ? t->n_categories : 0; i-- > 1;) {
        const uint32_t k = below(g->dice, i + 1), moved = order[i];
        order[i] = order[k];
        order[k] = moved;
    }
    for (uint32_t i = 0; i < t->n_categories; i++)
        place[order[i]] = i;
    const bool gray = image->dim[1] == 1;
    bytes_print(out,
                "{\"version\":1,\"input\":{\"name\":\"v0\",\"size\":[%u,%u],"
                "\"channels\":\"%s\",\"mean\":%s,\"std\":%s},\"logits\":\"v%u\",",
                image->dim[2], image->dim[3], gray ? "GRAY" : "RGB",
                gray ? "[0]" : "[0,0,0]", gray ? "[1]" : "[1,1,1]", logits);
    if (g->attention != NO_VALUE)
        bytes_print(out, "\"attention\":{\"input\":\"v%u\"},", g->attention);
    if (presence != NO_VALUE)
        bytes_print(out, "\"presence\":{\"output\":\"v%u\"},", presence);
    bytes_print(out, "\"categories\":[");
    for (uint32_t i = 0; i < t->n_categories; i++) {
        const struct category *const c = &t->categories[order[i]];
        bytes_print(out, "%s{\"name\":\"c%u\"", i ? "," : "", order[i]);
        if (c->parent != NO_VALUE)
            bytes_print(out, ",\"parent\":%u", place[c->parent]);
        if (c->gain != NO_VALUE)
            bytes_print(out, ",\"gain\":%u", c->gain);
        if (c->presence != NO_VALUE)
            bytes_print(out, ",\"presence\":%u", c->presence);
        if (c->leaf)
            bytes_print(out, ",\"logit\":%u", c->logit);
        bytes_print(out, "}");
    }
    bytes_print(out, "]}");
}

/* The attention input is made first, when nobody knows how many categories there will be;
 * there is at least one. */
static void add_inputs(struct generator *g, struct dims *image)
{
    struct dice *const dice = g->dice;
    const uint32_t most = one_in(dice, 3) ? 20 : 8;
    *image = (struct dims){
        4, {1, one_in(dice, 2) ? 3 : 1, between(dice, 1, most), between(dice, 1, most)}};
    onnx_input(&g->onnx, new_value(g, *image, 1), image);
    g->attention = NO_VALUE;
    if (one_in(dice, 3))
        return;
    g->n_gains = one_in(dice, 2) ? 1 : 2;
    const struct dims gains = {1, {g->n_gains}};
    const float ones[] = {1, 1};
    g->attention = new_value(g, gains, 4);
    onnx_input(&g->onnx, g->attention, &gains);
    if (one_in(dice, 2))
        onnx_floats(&g->onnx, g->attention, &gains, ones);
}

static uint32_t add_presence_output(struct tree *t)
{
    struct generator *const g = t->g;
    for (uint32_t i = 0; i < t->n_presences; i++)
        if (n_elements(dims_of(g, t->presences[i])) != 1)
            t->presences[i] = add_range(g, t->presences[i], 1, 0, 1);
    return t->n_presences ? add_concat(g, t->presences, t->n_presences, 1) : NO_VALUE;
}

void generate_model(struct dice *dice, struct bytes *file)
{
    static struct generator generator; /* too large for a small stack */
    struct generator *const g = &generator;
    struct tree t = {.g = g, .base = NO_VALUE};
    struct dims image;
    memset(g, 0, sizeof *g);
    g->dice = dice;
    g->onnx.opset = (int)between(dice, 13, 18);
    add_inputs(g, &image);
    show(g, 0);
    if (g->attention != NO_VALUE && one_in(dice, 8))
        show(g, g->attention);
    add_random_operators(g, between(dice, 1, 9));
    t.max_depth = between(dice, 0, 2);
    t.presence = one_in(dice, 3);
    if (one_in(dice, 3))
        t.base = add_conv_to(g, add_picture(g, pick_value(g)), 16);
    for (uint32_t n = between(dice, 1, 4); n > 0 && t.n_categories < MAX_CATEGORIES - 4;
         n--)
        add_category(&t, NO_VALUE, 0);
    if (t.n_categories < g->n_gains)
        add_leaves(&t, new_category(&t, NO_VALUE), 1);
    for (uint32_t i = 0; i < g->n_gains; i++)
        t.categories[i].gain = g->n_gains - 1 - i;
    if (t.base != NO_VALUE)
        take_stack_apart(&t);
    repair_parts(&t);
    number_logits(&t);
    const uint32_t logits = join_logits(&t), presence = add_presence_output(&t);
    onnx_output(&g->onnx, logits, dims_of(g, logits));
    if (presence != NO_VALUE)
        onnx_output(&g->onnx, presence, dims_of(g, presence));
    write_taxonomy(&t, &image, logits, presence);
    onnx_encode(&g->onnx, file);
    onnx_free(&g->onnx);
}

/* SPDX-License-Identifier: MIT */
#ifndef TESTS_FUZZ_GENERATOR_H
#define TESTS_FUZZ_GENERATOR_H

/* Makes models up: a small picture, a random tree of categories, for every category a few
 * random operators on what was computed before, and heads that end in the logits. Valid
 * by construction; shapes are derived here once more, on purpose.
 *
 *   generator.c     the tree and its ends
 *   values.c        values, constants, nodes
 *   ops_picture.c   Conv, BatchNormalization, pools, means; chains that fuse or almost do
 *   ops_math.c      activations, arithmetic, products, Softmax, gains
 *   ops_place.c     Reshape and its kin, Transpose, Slice, Split, Gather, Concat, Pad
 *
 * Functions that add an operator answer with its result, or with `x` itself where the
 * operator does not fit. Threads: single. */

#include "dice.h"
#include "onnx_writer.h"

enum { MAX_VALUES = 2048, MAX_SCOPE = 256, MAX_ELEMENTS = 6000, MAX_MACS = 150000 };

struct value {
    struct dims dims;
    bool constant;
    double size; /* a guess of its magnitude, so that products stay finite */
};

struct generator {
    struct dice *dice;
    struct onnx onnx;
    struct value values[MAX_VALUES];
    uint32_t n_values;
    uint32_t attention; /* NO_VALUE if there is none */
    uint32_t n_gains;
    uint32_t scope[MAX_SCOPE]; /* what the branch at hand sees, newest last */
    uint32_t n_scope;
};

/* Appends one model to `file`. */
void generate_model(struct dice *dice, struct bytes *file);

/* values.c */
size_t n_elements(const struct dims *dims);
const struct dims *dims_of(const struct generator *g, uint32_t value);
uint32_t new_value(struct generator *g, struct dims dims, double size);
void show(struct generator *g, uint32_t value); /* puts it into the scope */
uint32_t pick_value(struct generator *g);       /* from the scope, mostly a new one */
uint32_t random_constant(struct generator *g, struct dims dims, double size);
uint32_t positive_constant(struct generator *g, struct dims dims);
uint32_t list_of(struct generator *g, const int64_t *values, uint32_t n);
uint32_t index_of(struct generator *g, int64_t value); /* of rank 0 */
uint32_t add_node(struct generator *g, const char *op, const uint32_t *inputs, size_t n,
                  struct dims dims, double size);
uint32_t add_simple(struct generator *g, const char *op,
                    uint32_t x); /* keeps the shape */

/* ops_picture.c */
bool is_picture(const struct generator *g, uint32_t x);
uint32_t add_conv(struct generator *g, uint32_t x);
uint32_t add_conv_to(struct generator *g, uint32_t x, uint32_t channels); /* same H, W */
uint32_t add_depthwise(struct generator *g, uint32_t x);
uint32_t add_batch_norm(struct generator *g, uint32_t x);
uint32_t add_pool(struct generator *g, uint32_t x);
uint32_t add_average(struct generator *g, uint32_t x); /* [1, C, 1, 1] or [1, C] */
uint32_t add_other_mean(struct generator *g, uint32_t x);
uint32_t add_chain(struct generator *g, uint32_t x);

/* ops_math.c */
uint32_t add_activation(struct generator *g, uint32_t x);
uint32_t add_binary(struct generator *g, const char *op, uint32_t a, uint32_t b);
uint32_t add_binary_constant(struct generator *g, uint32_t x);
uint32_t add_binary_computed(struct generator *g, uint32_t x);
uint32_t add_constant_part(struct generator *g, uint32_t x);
uint32_t add_gain(struct generator *g, uint32_t x);
uint32_t add_gemm(struct generator *g, uint32_t x, uint32_t columns); /* x is [M, K] */
uint32_t add_product(struct generator *g, uint32_t x);
uint32_t add_softmax(struct generator *g, uint32_t x);

/* ops_place.c */
uint32_t add_reshape(struct generator *g, uint32_t x, struct dims dims);
uint32_t add_matrix(struct generator *g, uint32_t x);  /* [1, elements] */
uint32_t add_picture(struct generator *g, uint32_t x); /* [1, C, H, W] */
uint32_t add_renaming(struct generator *g, uint32_t x);
uint32_t add_transpose(struct generator *g, uint32_t x);
uint32_t add_range(struct generator *g, uint32_t x, uint32_t axis, uint32_t start,
                   uint32_t size);
uint32_t add_slice(struct generator *g, uint32_t x);
uint32_t add_split(struct generator *g, uint32_t x);
uint32_t add_gather(struct generator *g, uint32_t x);
uint32_t add_concat(struct generator *g, const uint32_t *parts, uint32_t n,
                    uint32_t axis);
uint32_t add_random_concat(struct generator *g, uint32_t x);
uint32_t add_pad(struct generator *g, uint32_t x);

#endif

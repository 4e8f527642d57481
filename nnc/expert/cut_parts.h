/* SPDX-License-Identifier: MIT */
#ifndef NNC_EXPERT_CUT_PARTS_H
#define NNC_EXPERT_CUT_PARTS_H

/* What the files that write a cut share. Threads: single. */

#include "cut.h"

struct nnc_channels {
    uint32_t n;
    const uint32_t *at; /* rising numbers of the source's channels */
};

static inline const struct nnc_value *nnc_cut_source(const struct nnc_cut *cut,
                                                     uint32_t value)
{
    return &cut->graph->values[value];
}

/* cut.c ------------------------------------------------------------------------------ */

/* Memory that lives as long as the cut; NULL after a failure. */
void *nnc_cut_alloc(struct nnc_cut *cut, uint64_t count, uint64_t size);

/* A new name, `base` in it. Never NULL. */
const char *nnc_cut_make_up(struct nnc_cut *cut, const char *base);

/* The needed channels of a value, and its shape with these alone. */
struct nnc_channels nnc_cut_needed(struct nnc_cut *cut, uint32_t value);
struct nnc_shape nnc_cut_shape(const struct nnc_cut *cut, uint32_t value);

/* Begins a node: with the name of its record, where that is still free, or with a made-up
 * one. Attributes and nnc_onnx_end_node follow. */
void nnc_cut_begin(struct nnc_cut *cut, const struct nnc_node *node, const char *op,
                   const char *const *inputs, uint32_t n_inputs, const char *output);
void nnc_cut_begin_helper(struct nnc_cut *cut, const char *op, const char *const *inputs,
                          uint32_t n_inputs, const char *output);

/* cut_values.c ----------------------------------------------------------------------- */

/* The name of a value; a constant is written when it is first asked for. */
const char *nnc_cut_value(struct nnc_cut *cut, uint32_t value);

/* The value with these channels only along `axis`: a constant is written so, of what is
 * computed they are picked if need be. Along another axis than that of the demand the
 * value must be needed whole. */
const char *nnc_cut_pick(struct nnc_cut *cut, uint32_t value, uint32_t axis,
                         struct nnc_channels channels);

/* The value in which channels `at` along its own axis can be found, and where: the
 * numbers are replaced. Any order, any repetition. */
const char *nnc_cut_places(struct nnc_cut *cut, uint32_t value, uint32_t *at, uint32_t n);

/* A list of integers, and one number, as initializers. */
const char *nnc_cut_list(struct nnc_cut *cut, const char *base, const int64_t *values,
                         uint32_t n);
const char *nnc_cut_number(struct nnc_cut *cut, float value);

/* Elements `at` of axis `axis`, by a Slice where they follow each other, else a Gather.
 */
void nnc_cut_select(struct nnc_cut *cut, const char *from, uint32_t axis,
                    const uint32_t *at, uint32_t n, const char *to);

/* cut_ends.c ------------------------------------------------------------------------- */

void nnc_cut_write_inputs(struct nnc_cut *cut);
void nnc_cut_name_outputs(struct nnc_cut *cut);
void nnc_cut_write_outputs(struct nnc_cut *cut);

/* cut_nodes.c ------------------------------------------------------------------------ */

/* Writes one node of the graph. */
void nnc_cut_write_node(struct nnc_cut *cut, const struct nnc_node *node);

/* What most operators need to know. */
struct nnc_writing {
    struct nnc_cut *cut;
    const struct nnc_node *node;
    const struct nnc_shape *x, *out; /* of the source; x is input 0 */
    uint32_t axis;                   /* of the result's channels */
    struct nnc_channels needed;      /* of the result */
};

/* Input 0 with the result's channels, or whole, as the operator works. */
const char *nnc_writing_operand(const struct nnc_writing *writing);

/* The name that the operator gives its result. An operator on a whole input gives another
 * one than the value's, and `finish` takes the needed channels out of it. */
const char *nnc_writing_result(const struct nnc_writing *writing);
void nnc_writing_finish(const struct nnc_writing *writing, const char *result);

/* An input with all its channels. */
const char *nnc_writing_whole(const struct nnc_writing *writing, uint32_t input);

/* One input, and attributes that `put` writes (NULL = none). */
void nnc_writing_unary(const struct nnc_writing *writing, const char *op,
                       void (*put)(const struct nnc_writing *writing));

/* kernel_shape, strides, pads and dilations. */
void nnc_writing_put_window(const struct nnc_writing *writing, const uint32_t kernel[2],
                            const uint32_t stride[2], const uint32_t dilation[2],
                            const uint32_t begins[2], const uint32_t ends[2]);

static inline const struct nnc_shape *nnc_writing_shape(const struct nnc_writing *writing,
                                                        uint32_t value)
{
    return &nnc_cut_source(writing->cut, value)->shape;
}

static inline const char *nnc_writing_name(const struct nnc_writing *writing)
{
    return writing->cut->name[writing->node->output];
}

/* cut_integers.c --------------------------------------------------------------------- */

/* Operand 0 of a node and its weights, by their names in the file: quantised, if the node is
 * to multiply bytes. `rows` are the wanted channels of the weights along `axis`. */
const char *nnc_cut_multiplied(struct nnc_cut *cut, const struct nnc_node *node,
                               const char *operand);
const char *nnc_cut_weights(struct nnc_cut *cut, const struct nnc_node *node, uint32_t axis,
                            struct nnc_channels rows);

/* cut_products.c --------------------------------------------------------------------- */

void nnc_write_conv(const struct nnc_writing *writing);
void nnc_write_batch_norm(const struct nnc_writing *writing);
void nnc_write_gemm(const struct nnc_writing *writing);
void nnc_write_matmul(const struct nnc_writing *writing);

/* cut_places.c ----------------------------------------------------------------------- */

void nnc_write_concat(const struct nnc_writing *writing);
void nnc_write_reshape(const struct nnc_writing *writing);
void nnc_write_transpose(const struct nnc_writing *writing);
void nnc_write_slice(const struct nnc_writing *writing);
void nnc_write_gather(const struct nnc_writing *writing);
void nnc_write_pad(const struct nnc_writing *writing);

#endif

/* SPDX-License-Identifier: MIT */
#ifndef NNC_ONNX_MODEL_WRITER_H
#define NNC_ONNX_MODEL_WRITER_H

/* Writes the messages of an ONNX file. Nodes must come in an order in which they can be
 * computed; nothing else is checked, and what is written is as valid as what was asked
 * for. Failures stick, as in wire_writer.h. Threads: single. */

#include "records.h"
#include "wire_writer.h"

#include <stdbool.h>

/* What a tensor is like; `dim` is borrowed for the call. */
struct nnc_onnx_dims {
    uint32_t rank;
    const uint32_t *dim;
};

struct nnc_onnx_writer { /* zero-initialise; nnc_onnx_writer_finish */
    struct nnc_wire_writer nodes, tensors, inputs, outputs;
    uint64_t node, tensor[3]; /* messages that are open */
    uint32_t integer_bytes;   /* of the open tensor */
    bool in_attribute;
};

/* A node. Inputs that are NULL are left out (optional ones). Attributes come between the
 * two calls. */
void nnc_onnx_begin_node(struct nnc_onnx_writer *writer, const char *op, const char *name,
                         const char *const *inputs, uint32_t n_inputs,
                         const char *output);
void nnc_onnx_put_int(struct nnc_onnx_writer *writer, const char *attribute,
                      int64_t value);
void nnc_onnx_put_ints(struct nnc_onnx_writer *writer, const char *attribute,
                       const int64_t *values, uint32_t n);
void nnc_onnx_put_float(struct nnc_onnx_writer *writer, const char *attribute,
                        float value);
void nnc_onnx_put_text(struct nnc_onnx_writer *writer, const char *attribute,
                       const char *value);
void nnc_onnx_end_node(struct nnc_onnx_writer *writer);

/* A float tensor, its values in any number of pieces: an initializer of this name, or,
 * with NULL, the attribute `value` of the open node. */
void nnc_onnx_begin_floats(struct nnc_onnx_writer *writer, const char *name,
                           struct nnc_onnx_dims dims);
void nnc_onnx_put_values(struct nnc_onnx_writer *writer, const float *values, uint64_t n);
void nnc_onnx_end_floats(struct nnc_onnx_writer *writer);

/* The same for int8, uint8 or int32 (`type`), as an initializer. */
void nnc_onnx_begin_integers(struct nnc_onnx_writer *writer, const char *name,
                             enum nnc_onnx_type type, struct nnc_onnx_dims dims);
void nnc_onnx_put_numbers(struct nnc_onnx_writer *writer, const int32_t *values, uint64_t n);
void nnc_onnx_end_integers(struct nnc_onnx_writer *writer);

/* An initializer of int64 numbers. */
void nnc_onnx_put_integers(struct nnc_onnx_writer *writer, const char *name,
                           struct nnc_onnx_dims dims, const int64_t *values);

/* Graph inputs and outputs; all are float. */
void nnc_onnx_put_input(struct nnc_onnx_writer *writer, const char *name,
                        struct nnc_onnx_dims dims);
void nnc_onnx_put_output(struct nnc_onnx_writer *writer, const char *name,
                         struct nnc_onnx_dims dims);

struct nnc_onnx_metadata {
    const char *key, *value;
};

/* The whole file, appended to `file`. Fails: NNC_NOMEM; NNC_LIMIT if it is larger than a
 * model may be. */
enum nnc_status nnc_onnx_write_model(const struct nnc_onnx_writer *writer, uint32_t opset,
                                     const char *graph_name,
                                     const struct nnc_onnx_metadata *metadata, uint32_t n,
                                     struct nnc_wire_writer *file,
                                     struct nnc_error *error);

void nnc_onnx_writer_finish(struct nnc_onnx_writer *writer);

#endif

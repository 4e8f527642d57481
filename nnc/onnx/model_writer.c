/* SPDX-License-Identifier: MIT */
/* Field numbers are those of onnx.proto. Parts of the graph are collected apart, so that
 * the file has them in the usual order: nodes, initializers, inputs, outputs. */

#include "model_writer.h"

#include <string.h>

enum attribute_type { FLOAT = 1, INT = 2, STRING = 3, TENSOR = 4, INTS = 7 };

/* Nodes ------------------------------------------------------------------------------ */

void nnc_onnx_begin_node(struct nnc_onnx_writer *w, const char *op, const char *name,
                         const char *const *inputs, uint32_t n_inputs, const char *output)
{
    w->node = nnc_wire_open(&w->nodes, 1);
    for (uint32_t i = 0; i < n_inputs; i++)
        nnc_wire_put_text(&w->nodes, 1, inputs[i] ? inputs[i] : "");
    nnc_wire_put_text(&w->nodes, 2, output);
    nnc_wire_put_text(&w->nodes, 3, name);
    nnc_wire_put_text(&w->nodes, 4, op);
}

void nnc_onnx_end_node(struct nnc_onnx_writer *w)
{
    nnc_wire_close(&w->nodes, w->node);
}

static uint64_t open_attribute(struct nnc_onnx_writer *w, const char *name,
                               enum attribute_type type)
{
    const uint64_t opened = nnc_wire_open(&w->nodes, 5);
    nnc_wire_put_text(&w->nodes, 1, name);
    nnc_wire_put_integer(&w->nodes, 20, type);
    return opened;
}

void nnc_onnx_put_int(struct nnc_onnx_writer *w, const char *attribute, int64_t value)
{
    const uint64_t opened = open_attribute(w, attribute, INT);
    nnc_wire_put_integer(&w->nodes, 3, value);
    nnc_wire_close(&w->nodes, opened);
}

void nnc_onnx_put_ints(struct nnc_onnx_writer *w, const char *attribute,
                       const int64_t *values, uint32_t n)
{
    const uint64_t opened = open_attribute(w, attribute, INTS);
    for (uint32_t i = 0; i < n; i++)
        nnc_wire_put_integer(&w->nodes, 8, values[i]);
    nnc_wire_close(&w->nodes, opened);
}

void nnc_onnx_put_float(struct nnc_onnx_writer *w, const char *attribute, float value)
{
    const uint64_t opened = open_attribute(w, attribute, FLOAT);
    nnc_wire_put_float(&w->nodes, 2, value);
    nnc_wire_close(&w->nodes, opened);
}

void nnc_onnx_put_text(struct nnc_onnx_writer *w, const char *attribute,
                       const char *value)
{
    const uint64_t opened = open_attribute(w, attribute, STRING);
    nnc_wire_put_text(&w->nodes, 4, value);
    nnc_wire_close(&w->nodes, opened);
}

/* Tensors ---------------------------------------------------------------------------- */

static void put_tensor_head(struct nnc_wire_writer *to, struct nnc_onnx_dims dims,
                            enum nnc_onnx_type type, const char *name)
{
    for (uint32_t i = 0; i < dims.rank; i++)
        nnc_wire_put_integer(to, 1, dims.dim[i]);
    nnc_wire_put_integer(to, 2, type);
    if (name)
        nnc_wire_put_text(to, 8, name);
}

static struct nnc_wire_writer *open_tensor(struct nnc_onnx_writer *w)
{
    return w->in_attribute ? &w->nodes : &w->tensors;
}

void nnc_onnx_begin_floats(struct nnc_onnx_writer *w, const char *name,
                           struct nnc_onnx_dims dims)
{
    w->in_attribute = !name;
    if (!name)
        w->tensor[0] = open_attribute(w, "value", TENSOR);
    w->tensor[1] =
        nnc_wire_open(open_tensor(w), 5); /* of a node's attribute and a graph */
    put_tensor_head(open_tensor(w), dims, NNC_ONNX_FLOAT, name);
    w->tensor[2] = nnc_wire_open(open_tensor(w), 9); /* raw_data */
}

void nnc_onnx_put_values(struct nnc_onnx_writer *w, const float *values, uint64_t n)
{
    nnc_wire_append_floats(open_tensor(w), values, n);
}

void nnc_onnx_end_floats(struct nnc_onnx_writer *w)
{
    nnc_wire_close(open_tensor(w), w->tensor[2]);
    nnc_wire_close(open_tensor(w), w->tensor[1]);
    if (w->in_attribute)
        nnc_wire_close(open_tensor(w), w->tensor[0]);
}

void nnc_onnx_begin_integers(struct nnc_onnx_writer *w, const char *name,
                             enum nnc_onnx_type type, struct nnc_onnx_dims dims)
{
    w->integer_bytes = type == NNC_ONNX_INT32 ? 4 : 1;
    w->tensor[1] = nnc_wire_open(&w->tensors, 5);
    put_tensor_head(&w->tensors, dims, type, name);
    w->tensor[2] = nnc_wire_open(&w->tensors, 9); /* raw_data */
}

void nnc_onnx_put_numbers(struct nnc_onnx_writer *w, const int32_t *values, uint64_t n)
{
    for (uint64_t i = 0; i < n; i++) {
        const uint32_t bits = (uint32_t)values[i];
        const uint8_t bytes[4] = {(uint8_t)bits, (uint8_t)(bits >> 8), (uint8_t)(bits >> 16),
                                  (uint8_t)(bits >> 24)};
        nnc_wire_append(&w->tensors, bytes, w->integer_bytes);
    }
}

void nnc_onnx_end_integers(struct nnc_onnx_writer *w)
{
    nnc_wire_close(&w->tensors, w->tensor[2]);
    nnc_wire_close(&w->tensors, w->tensor[1]);
}

void nnc_onnx_put_integers(struct nnc_onnx_writer *w, const char *name,
                           struct nnc_onnx_dims dims, const int64_t *values)
{
    uint64_t n = 1;
    for (uint32_t i = 0; i < dims.rank; i++)
        n *= dims.dim[i];
    const uint64_t tensor = nnc_wire_open(&w->tensors, 5);
    put_tensor_head(&w->tensors, dims, NNC_ONNX_INT64, name);
    const uint64_t data = nnc_wire_open(&w->tensors, 9);
    nnc_wire_append_int64s(&w->tensors, values, n);
    nnc_wire_close(&w->tensors, data);
    nnc_wire_close(&w->tensors, tensor);
}

/* Ends ------------------------------------------------------------------------------- */

/* ValueInfoProto: name, type { tensor_type { elem_type, shape { dim { dim_value } } } }
 */
static void put_value_info(struct nnc_wire_writer *to, uint32_t field, const char *name,
                           struct nnc_onnx_dims dims)
{
    const uint64_t info = nnc_wire_open(to, field);
    nnc_wire_put_text(to, 1, name);
    const uint64_t type = nnc_wire_open(to, 2);
    const uint64_t tensor = nnc_wire_open(to, 1);
    nnc_wire_put_integer(to, 1, NNC_ONNX_FLOAT);
    const uint64_t shape = nnc_wire_open(to, 2);
    for (uint32_t i = 0; i < dims.rank; i++) {
        const uint64_t dim = nnc_wire_open(to, 1);
        nnc_wire_put_integer(to, 1, dims.dim[i]);
        nnc_wire_close(to, dim);
    }
    nnc_wire_close(to, shape);
    nnc_wire_close(to, tensor);
    nnc_wire_close(to, type);
    nnc_wire_close(to, info);
}

void nnc_onnx_put_input(struct nnc_onnx_writer *w, const char *name,
                        struct nnc_onnx_dims dims)
{
    put_value_info(&w->inputs, 11, name, dims);
}

void nnc_onnx_put_output(struct nnc_onnx_writer *w, const char *name,
                         struct nnc_onnx_dims dims)
{
    put_value_info(&w->outputs, 12, name, dims);
}

/* The file --------------------------------------------------------------------------- */

static void append_part(struct nnc_wire_writer *to, const struct nnc_wire_writer *part)
{
    if (!to->status)
        to->status = part->status;
    nnc_wire_append(to, part->bytes, part->size);
}

static void put_graph(const struct nnc_onnx_writer *w, const char *name,
                      struct nnc_wire_writer *to)
{
    const uint64_t graph = nnc_wire_open(to, 7);
    append_part(to, &w->nodes);
    nnc_wire_put_text(to, 2, name);
    append_part(to, &w->tensors);
    append_part(to, &w->inputs);
    append_part(to, &w->outputs);
    nnc_wire_close(to, graph);
}

/* The version of the file format that came with an opset. */
static int64_t ir_version(uint32_t opset)
{
    return opset < 15 ? 7 : opset < 19 ? 8 : opset < 21 ? 9 : 10;
}

enum nnc_status nnc_onnx_write_model(const struct nnc_onnx_writer *w, uint32_t opset,
                                     const char *graph_name,
                                     const struct nnc_onnx_metadata *metadata, uint32_t n,
                                     struct nnc_wire_writer *file,
                                     struct nnc_error *error)
{
    nnc_wire_put_integer(file, 1, ir_version(opset));
    nnc_wire_put_text(file, 2, "nnc");
    put_graph(w, graph_name, file);
    const uint64_t import = nnc_wire_open(file, 8);
    nnc_wire_put_text(file, 1, "");
    nnc_wire_put_integer(file, 2, opset);
    nnc_wire_close(file, import);
    for (uint32_t i = 0; i < n; i++) {
        const uint64_t entry = nnc_wire_open(file, 14);
        nnc_wire_put_text(file, 1, metadata[i].key);
        nnc_wire_put_text(file, 2, metadata[i].value);
        nnc_wire_close(file, entry);
    }
    if (file->status == NNC_LIMIT)
        return nnc_fail(error, NNC_LIMIT, NULL,
                        "the file would be larger than a model may be, %llu bytes",
                        (unsigned long long)NNC_MAX_MODEL_BYTES);
    return file->status ? nnc_fail_nomem(error, file->room) : NNC_OK;
}

void nnc_onnx_writer_finish(struct nnc_onnx_writer *w)
{
    nnc_wire_finish(&w->nodes);
    nnc_wire_finish(&w->tensors);
    nnc_wire_finish(&w->inputs);
    nnc_wire_finish(&w->outputs);
}

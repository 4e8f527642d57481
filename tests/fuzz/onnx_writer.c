/* SPDX-License-Identifier: MIT */
/* The wire format is four kinds of fields; field numbers are those of onnx.proto. */

#include "onnx_writer.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { TYPE_FLOAT = 1, TYPE_INT64 = 7 };

void bytes_add(struct bytes *b, const void *data, size_t size)
{
    if (b->size + size > b->room) {
        b->room = 2 * (b->size + size);
        b->data = realloc(b->data, b->room);
        if (!b->data)
            abort();
    }
    if (size)
        memcpy(b->data + b->size, data, size);
    b->size += size;
}

void bytes_print(struct bytes *b, const char *format, ...)
{
    char text[512];
    va_list args;
    va_start(args, format);
    const int n = vsnprintf(text, sizeof text, format, args);
    va_end(args);
    bytes_add(b, text, (size_t)n);
}

void bytes_free(struct bytes *b)
{
    free(b->data);
    *b = (struct bytes){0};
}

static void put_varint(struct bytes *b, uint64_t value)
{
    for (;;) {
        const uint8_t byte = (uint8_t)(value & 0x7f) | (value > 0x7f ? 0x80 : 0);
        bytes_add(b, &byte, 1);
        value >>= 7;
        if (!value)
            return;
    }
}

static void put_integer(struct bytes *b, uint32_t field, int64_t value)
{
    put_varint(b, field << 3);
    put_varint(b, (uint64_t)value);
}

static void put_fixed32(struct bytes *b, uint32_t field, float value)
{
    put_varint(b, field << 3 | 5);
    bytes_add(b, &value, sizeof value);
}

static void put_data(struct bytes *b, uint32_t field, const void *data, size_t size)
{
    put_varint(b, field << 3 | 2);
    put_varint(b, size);
    bytes_add(b, data, size);
}

static void put_text(struct bytes *b, uint32_t field, const char *text)
{
    put_data(b, field, text, strlen(text));
}

/* A message as a field; it is freed. */
static void put_message(struct bytes *b, uint32_t field, struct bytes *message)
{
    put_data(b, field, message->data, message->size);
    bytes_free(message);
}

static void put_name(struct bytes *b, uint32_t field, uint32_t value)
{
    char name[16] = "";
    if (value != NO_VALUE)
        snprintf(name, sizeof name, "v%u", value);
    put_text(b, field, name);
}

static size_t elements(const struct dims *dims)
{
    size_t n = 1;
    for (uint32_t i = 0; i < dims->rank; i++)
        n *= dims->dim[i];
    return n;
}

/* Attributes ---------------------------------------------------------------------------
 */

static struct bytes attribute(const char *name, int type)
{
    struct bytes b = {0};
    put_text(&b, 1, name);
    put_integer(&b, 20, type);
    return b;
}

void onnx_int(struct onnx *onnx, const char *name, int64_t value)
{
    struct bytes b = attribute(name, 2);
    put_integer(&b, 3, value);
    put_message(&onnx->attributes, 5, &b);
}

void onnx_float(struct onnx *onnx, const char *name, float value)
{
    struct bytes b = attribute(name, 1);
    put_fixed32(&b, 2, value);
    put_message(&onnx->attributes, 5, &b);
}

void onnx_text(struct onnx *onnx, const char *name, const char *value)
{
    struct bytes b = attribute(name, 3);
    put_text(&b, 4, value);
    put_message(&onnx->attributes, 5, &b);
}

void onnx_ints(struct onnx *onnx, const char *name, const int64_t *values, size_t n)
{
    struct bytes b = attribute(name, 7);
    for (size_t i = 0; i < n; i++)
        put_integer(&b, 8, values[i]);
    put_message(&onnx->attributes, 5, &b);
}

static struct bytes tensor(const struct dims *dims, int type, const void *values,
                           size_t size)
{
    struct bytes b = {0};
    for (uint32_t i = 0; i < dims->rank; i++)
        put_integer(&b, 1, dims->dim[i]);
    put_integer(&b, 2, type);
    put_data(&b, 9, values, elements(dims) * size);
    return b;
}

void onnx_tensor(struct onnx *onnx, const char *name, const struct dims *dims,
                 const float *values)
{
    struct bytes b = attribute(name, 4);
    struct bytes t = tensor(dims, TYPE_FLOAT, values, sizeof *values);
    put_message(&b, 5, &t);
    put_message(&onnx->attributes, 5, &b);
}

/* The graph ----------------------------------------------------------------------------
 */

void onnx_node(struct onnx *onnx, const char *op, const uint32_t *inputs, size_t n_inputs,
               const uint32_t *outputs, size_t n_outputs)
{
    struct bytes b = {0};
    for (size_t i = 0; i < n_inputs; i++)
        put_name(&b, 1, inputs[i]);
    for (size_t i = 0; i < n_outputs; i++)
        put_name(&b, 2, outputs[i]);
    put_name(&b, 3, outputs[0]);
    put_text(&b, 4, op);
    bytes_add(&b, onnx->attributes.data, onnx->attributes.size);
    bytes_free(&onnx->attributes);
    put_message(&onnx->nodes, 1, &b);
}

void onnx_floats(struct onnx *onnx, uint32_t value, const struct dims *dims,
                 const float *values)
{
    struct bytes b = tensor(dims, TYPE_FLOAT, values, sizeof *values);
    put_name(&b, 8, value);
    put_message(&onnx->initializers, 5, &b);
}

void onnx_integers(struct onnx *onnx, uint32_t value, const struct dims *dims,
                   const int64_t *values)
{
    struct bytes b = tensor(dims, TYPE_INT64, values, sizeof *values);
    put_name(&b, 8, value);
    put_message(&onnx->initializers, 5, &b);
}

void onnx_external(struct onnx *onnx, uint32_t value, const struct dims *dims,
                   const char *const *entries, const size_t *sizes, size_t n)
{
    struct bytes b = {0};
    for (uint32_t i = 0; i < dims->rank; i++)
        put_integer(&b, 1, dims->dim[i]);
    put_integer(&b, 2, TYPE_FLOAT);
    for (size_t i = 0; i < n; i++) {
        struct bytes entry = {0};
        put_data(&entry, 1, entries[2 * i], sizes[2 * i]);
        put_data(&entry, 2, entries[2 * i + 1], sizes[2 * i + 1]);
        put_message(&b, 13, &entry);
    }
    put_integer(&b, 14, 1);
    put_name(&b, 8, value);
    put_message(&onnx->initializers, 5, &b);
}

static void put_value_info(struct bytes *to, uint32_t field, uint32_t value,
                           const struct dims *dims)
{
    struct bytes info = {0}, type = {0}, of_tensor = {0}, shape = {0};
    for (uint32_t i = 0; i < dims->rank; i++) {
        struct bytes dim = {0};
        put_integer(&dim, 1, dims->dim[i]);
        put_message(&shape, 1, &dim);
    }
    put_integer(&of_tensor, 1, TYPE_FLOAT);
    put_message(&of_tensor, 2, &shape);
    put_message(&type, 1, &of_tensor);
    put_name(&info, 1, value);
    put_message(&info, 2, &type);
    put_message(to, field, &info);
}

void onnx_input(struct onnx *onnx, uint32_t value, const struct dims *dims)
{
    put_value_info(&onnx->inputs, 11, value, dims);
}

void onnx_output(struct onnx *onnx, uint32_t value, const struct dims *dims)
{
    put_value_info(&onnx->outputs, 12, value, dims);
}

void onnx_encode(const struct onnx *onnx, struct bytes *file)
{
    struct bytes graph = {0}, opset = {0}, metadata = {0};
    bytes_add(&graph, onnx->nodes.data, onnx->nodes.size);
    put_text(&graph, 2, "graph");
    bytes_add(&graph, onnx->initializers.data, onnx->initializers.size);
    bytes_add(&graph, onnx->inputs.data, onnx->inputs.size);
    bytes_add(&graph, onnx->outputs.data, onnx->outputs.size);
    put_text(&opset, 1, "");
    put_integer(&opset, 2, onnx->opset);
    put_text(&metadata, 1, "nnc.taxonomy");
    put_data(&metadata, 2, onnx->taxonomy.data, onnx->taxonomy.size);
    put_integer(file, 1, 8);
    put_message(file, 8, &opset);
    put_message(file, 7, &graph);
    put_message(file, 14, &metadata);
}

void onnx_free(struct onnx *onnx)
{
    bytes_free(&onnx->nodes);
    bytes_free(&onnx->initializers);
    bytes_free(&onnx->inputs);
    bytes_free(&onnx->outputs);
    bytes_free(&onnx->taxonomy);
    bytes_free(&onnx->attributes);
}

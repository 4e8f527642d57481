/* SPDX-License-Identifier: MIT */
/* Float constants: reading a range of one as float, and proving all of them finite. Bytes
 * are taken apart little end first, so alignment and the machine's order do not matter.
 * Subnormal values become zero, because arithmetic on them is a hundred times slower. */

#include "../onnx/source.h"
#include "../onnx/wire.h"
#include "builder.h"
#include "read_ahead.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { PIECE = 512 }; /* elements converted at a time, on the stack */

static uint32_t bits_of(float value)
{
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    return bits;
}

static float float_of(uint32_t bits)
{
    float value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

static float flush(float value)
{
    const uint32_t bits = bits_of(value);
    return bits & 0x7f800000 ? value : float_of(bits & 0x80000000);
}

/* Bytes of the file to the floats that they mean. Integer arithmetic without a branch: this
 * loop sees every weight, and compilers make vectors of it. */
static void flush_in_place(float *values, uint64_t count)
{
    uint8_t *const bytes = (uint8_t *)values;
    for (uint64_t i = 0; i < count; i++) {
        const uint32_t bits = nnc_wire_bits32(bytes, 4 * i);
        const uint32_t flushed = bits & (bits & 0x7f800000 ? UINT32_MAX : 0x80000000);
        memcpy(bytes + 4 * i, &flushed, sizeof flushed);
    }
}

/* IEEE binary16. Its subnormal values are normal floats. */
static float half_to_float(uint16_t half)
{
    const uint32_t sign = (uint32_t)(half & 0x8000) << 16;
    const uint32_t exponent = half >> 10 & 31, fraction = half & 1023;
    if (exponent == 31)
        return float_of(sign | 0x7f800000 | fraction << 13);
    if (exponent)
        return float_of(sign | (exponent + 112) << 23 | fraction << 13);
    const float magnitude = (float)fraction * 0x1p-24f;
    return sign ? -magnitude : magnitude;
}

static float double_to_float(uint64_t bits)
{
    double value;
    memcpy(&value, &bits, sizeof value);
    return (float)value; /* too large becomes infinite, and is refused as such */
}

static uint32_t element_bytes(enum nnc_dtype dtype)
{
    if (dtype == NNC_DTYPE_INT8 || dtype == NNC_DTYPE_UINT8)
        return 1;
    return dtype == NNC_DTYPE_FLOAT16 ? 2 : dtype == NNC_DTYPE_DOUBLE ? 8 : 4;
}

static float convert(const uint8_t *bytes, uint64_t i, enum nnc_dtype dtype)
{
    if (dtype == NNC_DTYPE_INT8)
        return (int8_t)bytes[i];
    if (dtype == NNC_DTYPE_UINT8)
        return bytes[i];
    if (dtype == NNC_DTYPE_FLOAT16)
        return half_to_float((uint16_t)(bytes[2 * i] | bytes[2 * i + 1] << 8));
    if (dtype == NNC_DTYPE_DOUBLE)
        return flush(double_to_float(nnc_wire_bits64(bytes, 8 * i)));
    return flush(float_of(nnc_wire_bits32(bytes, 4 * i)));
}

static enum nnc_status read_ahead(const struct nnc_source *source,
                                  struct nnc_read_ahead *ahead, uint32_t file,
                                  uint64_t offset, uint64_t size, void *out,
                                  struct nnc_error *error)
{
    const uint64_t left = nnc_source_left(source, file, offset);
    if (!ahead || size >= sizeof ahead->bytes || size > left)
        return nnc_source_read(source, file, offset, size, out, error);
    if (ahead->file != file || offset < ahead->begin || offset + size > ahead->end) {
        const uint64_t n = left < sizeof ahead->bytes ? left : sizeof ahead->bytes;
        ahead->end = 0;
        const enum nnc_status status =
            nnc_source_read(source, file, offset, n, ahead->bytes, error);
        if (status)
            return status;
        ahead->file = file;
        ahead->begin = offset;
        ahead->end = offset + n;
    }
    memcpy(out, ahead->bytes + (offset - ahead->begin), (size_t)size);
    return NNC_OK;
}

static enum nnc_status read_converted(const struct nnc_graph *graph,
                                      struct nnc_read_ahead *ahead,
                                      const struct nnc_tensor *tensor, uint64_t first,
                                      uint64_t count, float *out, struct nnc_error *error)
{
    uint8_t bytes[PIECE * 8];
    const uint32_t unit = element_bytes(tensor->dtype);
    while (count) {
        const uint64_t n = count < PIECE ? count : PIECE;
        const enum nnc_status status =
            read_ahead(graph->sources, ahead, tensor->file, tensor->offset + first * unit,
                       n * unit, bytes, error);
        if (status)
            return status;
        for (uint64_t i = 0; i < n; i++)
            out[i] = convert(bytes, i, tensor->dtype);
        out += n;
        first += n;
        count -= n;
    }
    return NNC_OK;
}

/* Integers to what they mean. A long one loses its last bits as float, then the zero point
 * is taken away; so it is in double, which holds both. */
static void scale_integers(const struct nnc_tensor *tensor, const int64_t *ints,
                           uint64_t first, uint64_t count, float *out)
{
    const struct nnc_scaling *scaling = tensor->scaling;
    uint64_t inner = 1;
    for (uint32_t i = scaling->axis + 1; i < tensor->shape.rank; i++)
        inner *= tensor->shape.dim[i];
    for (uint64_t i = 0; i < count; i++) {
        const uint64_t k = scaling->n > 1 ? (first + i) / inner % scaling->n : 0;
        const double integer = ints ? (double)ints[first + i] : (double)out[i];
        out[i] = flush((float)(integer - scaling->zero[k]) * scaling->scale[k]);
    }
}

static enum nnc_status read_scaled(const struct nnc_graph *graph,
                                   struct nnc_read_ahead *ahead,
                                   const struct nnc_tensor *tensor, uint64_t first,
                                   uint64_t count, float *out, struct nnc_error *error)
{
    const bool in_file = tensor->dtype != NNC_DTYPE_INT;
    const enum nnc_status status =
        in_file ? read_converted(graph, ahead, tensor, first, count, out, error) : NNC_OK;
    if (!status)
        scale_integers(tensor, in_file ? NULL : tensor->ints, first, count, out);
    return status;
}

enum nnc_status nnc_graph_read_floats(const struct nnc_graph *graph, uint32_t tensor,
                                      uint64_t first, uint64_t count, float *out,
                                      struct nnc_error *error)
{
    return nnc_graph_read_ahead(graph, NULL, tensor, first, count, out, error);
}

enum nnc_status nnc_graph_read_ahead(const struct nnc_graph *graph,
                                     struct nnc_read_ahead *ahead, uint32_t tensor,
                                     uint64_t first, uint64_t count, float *out,
                                     struct nnc_error *error)
{
    const struct nnc_tensor *t = &graph->tensors[tensor];
    const uint64_t elements = nnc_shape_elements(&t->shape);
    if (!nnc_tensor_has_floats(t) || first > elements || count > elements - first)
        return nnc_fail(error, NNC_INTERNAL, t->name, "tensor '%.64s': bad range",
                        t->name);
    if (t->scaling)
        return read_scaled(graph, ahead, t, first, count, out, error);
    if (t->dtype != NNC_DTYPE_FLOAT)
        return read_converted(graph, ahead, t, first, count, out, error);
    /* The commonest kind goes straight to its place: one system call for all of it. */
    const enum nnc_status status =
        read_ahead(graph->sources, ahead, t->file, t->offset + first * 4, count * 4, out,
                   error);
    if (!status)
        flush_in_place(out, count);
    return status;
}

enum nnc_status nnc_graph_read_integers(const struct nnc_graph *graph, uint32_t tensor,
                                        uint64_t first, uint64_t count, int32_t *out,
                                        struct nnc_error *error)
{
    const struct nnc_tensor *t = &graph->tensors[tensor];
    const uint64_t elements = nnc_shape_elements(&t->shape);
    if (!t->scaling || first > elements || count > elements - first)
        return nnc_fail(error, NNC_INTERNAL, t->name, "tensor '%.64s': bad range", t->name);
    if (t->dtype == NNC_DTYPE_INT) {
        for (uint64_t i = 0; i < count; i++)
            out[i] = (int32_t)t->ints[first + i];
        return NNC_OK;
    }
    for (uint64_t n; count; first += n, count -= n, out += n) {
        float piece[PIECE];
        n = count < PIECE ? count : PIECE;
        const enum nnc_status status = read_converted(graph, NULL, t, first, n, piece, error);
        if (status)
            return status;
        for (uint64_t i = 0; i < n; i++)
            out[i] = (int32_t)piece[i];
    }
    return NNC_OK;
}

static enum nnc_status fail_value(const struct nnc_tensor *tensor, uint64_t index,
                                  float value, struct nnc_error *error)
{
    return nnc_fail(error, NNC_VALUE, tensor->name, "tensor '%.64s': %s at index %llu",
                    tensor->name, isnan(value) ? "NaN" : "infinite value",
                    (unsigned long long)index);
}

/* Whether all are finite, without a way out in the middle, for the compiler's sake. */
static bool all_finite(const float *values, uint64_t n)
{
    uint32_t bad = 0;
    for (uint64_t i = 0; i < n; i++)
        bad |= (bits_of(values[i]) & 0x7f800000) == 0x7f800000;
    return !bad;
}

static enum nnc_status check_tensor(const struct nnc_graph *graph,
                                    const struct nnc_tensor *tensor, float *buffer,
                                    uint32_t room, struct nnc_error *error)
{
    const uint32_t number = (uint32_t)(tensor - graph->tensors);
    const uint64_t elements = nnc_shape_elements(&tensor->shape);
    for (uint64_t at = 0; at < elements; at += room) {
        const uint64_t n = elements - at < room ? elements - at : room;
        const enum nnc_status status =
            nnc_graph_read_floats(graph, number, at, n, buffer, error);
        if (status)
            return status;
        if (all_finite(buffer, n))
            continue;
        for (uint64_t i = 0; i < n; i++)
            if (!isfinite(buffer[i]))
                return fail_value(tensor, at + i, buffer[i], error);
    }
    return NNC_OK;
}

static enum nnc_status check_tensors(const struct nnc_graph *graph, struct nnc_pool *pool,
                                     float *buffer, uint32_t room,
                                     struct nnc_error *error)
{
    const struct nnc_tensor **unique;
    uint32_t n;
    enum nnc_status status = nnc_graph_unique_floats(graph, pool, &unique, &n, error);
    for (uint32_t i = 0; !status && i < n; i++)
        status = check_tensor(graph, unique[i], buffer, room, error);
    return status;
}

static enum nnc_status check_variance(const struct nnc_graph *graph,
                                      const struct nnc_node *node, float *buffer,
                                      uint32_t room, struct nnc_error *error)
{
    const struct nnc_value *variance = &graph->values[node->inputs[4]];
    const uint64_t elements = nnc_shape_elements(&variance->shape);
    for (uint64_t at = 0; at < elements; at += room) {
        const uint64_t n = elements - at < room ? elements - at : room;
        const enum nnc_status status =
            nnc_graph_read_floats(graph, variance->source, at, n, buffer, error);
        if (status)
            return status;
        for (uint64_t i = 0; i < n; i++)
            if (buffer[i] < 0 || !(buffer[i] + node->epsilon > 0))
                return nnc_fail(
                    error, NNC_VALUE, variance->name,
                    "tensor '%.64s': variance %g at index %llu, with epsilon %g, "
                    "has no square root to divide by",
                    variance->name, (double)buffer[i], (unsigned long long)(at + i),
                    (double)node->epsilon);
    }
    return NNC_OK;
}

/* Many nodes may share one long variance, so that a small file could keep us reading for
 * hours; no real network has as many channels as the limit. */
static enum nnc_status check_variances(const struct nnc_graph *graph, float *buffer,
                                       uint32_t room, struct nnc_error *error)
{
    enum { MAX_CHANNELS = 1 << 26 };
    uint64_t channels = 0;
    enum nnc_status status = NNC_OK;
    for (uint32_t i = 0; i < graph->n_nodes && !status; i++) {
        const struct nnc_node *node = &graph->nodes[i];
        if (node->op != NNC_OP_BATCH_NORM)
            continue;
        channels += nnc_shape_elements(&graph->values[node->inputs[4]].shape);
        if (channels > MAX_CHANNELS)
            return nnc_fail(error, NNC_LIMIT, node->name,
                            "node '%.64s': too many normalised channels; got %llu up to "
                            "here, limit %d",
                            node->name, (unsigned long long)channels, MAX_CHANNELS);
        status = check_variance(graph, node, buffer, room, error);
    }
    return status;
}

enum nnc_status nnc_graph_check_values(const struct nnc_graph *graph,
                                       struct nnc_pool *pool, struct nnc_error *error)
{
    enum { ROOM = 4096 }; /* what stays in the nearest cache */
    float *buffer = malloc(ROOM * sizeof *buffer);
    if (!buffer)
        return nnc_fail_nomem(error, ROOM * sizeof *buffer);
    enum nnc_status status = check_tensors(graph, pool, buffer, ROOM, error);
    if (!status)
        status = check_variances(graph, buffer, ROOM, error);
    free(buffer);
    return status;
}

/* SPDX-License-Identifier: MIT */
/* TensorProto: judges type, dimensions and the amount of data, and finds out where the
 * values are. Raw and packed floats stay in the file, and so do integers of one byte, which
 * are weights; floats stored one by one, and float16 and bytes coded as int32, are converted
 * to a heap copy; other integers, which the reader itself needs, become int64. Nothing is allocated before the data are known to be there. */

#include "records.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_DIMENSION = 1 << 24, MAX_INTS = 1 << 20 };
#define MAX_ELEMENTS ((uint64_t)INT32_MAX)

/* Numbers of TensorProto's data fields. */
enum {
    DIMS = 1,
    DATA_TYPE,
    FLOAT_DATA = 4,
    INT32_DATA,
    STRING_DATA,
    INT64_DATA,
    RAW_DATA = 9,
    DOUBLE_DATA,
    UINT64_DATA,
    EXTERNAL_DATA = 13,
    DATA_LOCATION
};

static const struct format {
    enum nnc_onnx_type type;
    uint32_t bytes; /* of an element in raw data */
    uint32_t field; /* where it is otherwise */
    bool stays; /* where it is; else it becomes int64 */
} formats[] = {
    {NNC_ONNX_FLOAT, 4, FLOAT_DATA, true},   {NNC_ONNX_FLOAT16, 2, INT32_DATA, true},
    {NNC_ONNX_DOUBLE, 8, DOUBLE_DATA, true}, {NNC_ONNX_INT64, 8, INT64_DATA, false},
    {NNC_ONNX_INT32, 4, INT32_DATA, false},  {NNC_ONNX_INT8, 1, INT32_DATA, true},
    {NNC_ONNX_UINT8, 1, INT32_DATA, true},  {NNC_ONNX_BOOL, 1, INT32_DATA, false},
};

/* What the message holds, before it is judged. */
struct contents {
    const struct format *format;
    int64_t data_type;
    uint64_t dim[NNC_ONNX_MAX_RANK];
    uint32_t fields;       /* one bit per data field that is there */
    struct nnc_field data; /* the last of them */
    uint32_t n_data;       /* how many occurrences */
    bool external;
};

enum nnc_status nnc_onnx_fail_tensor(const struct nnc_onnx_item *item,
                                     enum nnc_status status, struct nnc_error *error,
                                     const char *format, ...)
{
    char name[NNC_ONNX_MAX_NAME + 1] = "", what[400];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(what, sizeof what, format, arguments);
    va_end(arguments);
    if (item->name.size) /* the schema keeps names this short */
        memcpy(name, item->name.bytes, item->name.size);
    return nnc_fail_at(error, status, name, item->begin, "tensor '%.64s': %s", name,
                       what);
}

static enum nnc_status fail(const struct nnc_onnx_item *item, enum nnc_status status,
                            const char *what, uint64_t got, uint64_t expected,
                            struct nnc_error *error)
{
    return nnc_onnx_fail_tensor(item, status, error, "%s; got %llu, expected %llu", what,
                                (unsigned long long)got, (unsigned long long)expected);
}

static const struct format *find_format(int64_t type)
{
    for (size_t i = 0; i < sizeof formats / sizeof *formats; i++)
        if ((int64_t)formats[i].type == type)
            return &formats[i];
    return NULL;
}

static void read_dims(const uint8_t *bytes, const struct nnc_field *field,
                      struct nnc_onnx_tensor *tensor, struct contents *contents)
{
    struct nnc_wire inside = {bytes, field->begin, field->end};
    uint64_t value;
    while (tensor->rank < NNC_ONNX_MAX_RANK && inside.at < inside.end &&
           nnc_wire_varint(&inside, &value))
        contents->dim[tensor->rank++] = value;
}

static void read_contents(const struct nnc_onnx_model *model,
                          const struct nnc_onnx_item *item,
                          struct nnc_onnx_tensor *tensor, struct contents *contents)
{
    struct nnc_wire wire = {model->bytes, item->begin, item->end};
    struct nnc_field field;
    while (nnc_wire_each(&wire, &field)) {
        switch (field.number) {
        case DIMS:
            read_dims(model->bytes, &field, tensor, contents);
            break;
        case DATA_TYPE:
            contents->data_type = (int64_t)field.value;
            break;
        case DATA_LOCATION:
            contents->external = field.value == 1;
            break;
        case FLOAT_DATA:
        case INT32_DATA:
        case STRING_DATA:
        case INT64_DATA:
        case RAW_DATA:
        case DOUBLE_DATA:
        case UINT64_DATA:
            contents->fields |= 1u << field.number;
            contents->data = field;
            contents->n_data++;
            break;
        }
    }
    contents->format = find_format(contents->data_type);
}

static enum nnc_status judge_dims(const struct nnc_onnx_item *item,
                                  const struct contents *contents,
                                  struct nnc_onnx_tensor *tensor, struct nnc_error *error)
{
    uint64_t elements = 1;
    for (uint32_t i = 0; i < tensor->rank; i++) {
        const uint64_t dim = contents->dim[i];
        if ((int64_t)dim < 0)
            return nnc_onnx_fail_tensor(
                item, NNC_SHAPE, error,
                "negative dimension %u; got %lld, expected 1 or more", i, (long long)dim);
        if (!dim && contents->format->stays)
            return nnc_onnx_fail_tensor(item, NNC_SHAPE, error, "dimension %u is zero",
                                        i);
        if (dim > MAX_DIMENSION)
            return fail(item, NNC_LIMIT, "dims too large, one dimension", dim,
                        MAX_DIMENSION, error);
        tensor->dim[i] = (uint32_t)dim;
        elements *= dim; /* both below 2^32 */
        if (elements > MAX_ELEMENTS)
            return fail(item, NNC_LIMIT, "dims too large, elements", elements,
                        MAX_ELEMENTS, error);
    }
    tensor->elements = elements;
    return NNC_OK;
}

static enum nnc_status judge_data_fields(const struct nnc_onnx_item *item,
                                         const struct contents *contents,
                                         struct nnc_error *error)
{
    const uint32_t fields = contents->fields;
    if (contents->external)
        return fields ? fail(item, NNC_DUPLICATE, "data both inside and external", 2, 1,
                             error)
                      : NNC_OK;
    if (fields & (fields - 1))
        return fail(item, NNC_DUPLICATE, "raw_data and typed data are both set", 2, 1,
                    error);
    const uint32_t expected = (1u << contents->format->field) | (1u << RAW_DATA);
    if (fields & ~expected)
        return fail(item, NNC_TYPE, "values in the field of another type",
                    contents->data.number, contents->format->field, error);
    return NNC_OK;
}

static enum nnc_status judge_size(const struct nnc_onnx_item *item, uint64_t got,
                                  uint64_t expected, const char *what,
                                  struct nnc_error *error)
{
    if (got < expected)
        return fail(item, NNC_TRUNCATED, what, got, expected, error);
    if (got > expected)
        return fail(item, NNC_SHAPE, what, got, expected, error);
    return NNC_OK;
}

/* Elements in all occurrences of the typed data field. */
static uint64_t count_typed(const struct nnc_onnx_model *model,
                            const struct nnc_onnx_item *item, const struct format *format)
{
    struct nnc_wire wire = {model->bytes, item->begin, item->end};
    struct nnc_field field;
    uint64_t n = 0, ignored;
    while (nnc_wire_each(&wire, &field)) {
        if (field.number != format->field)
            continue;
        if (format->field == FLOAT_DATA || format->field == DOUBLE_DATA) {
            n += (field.end - field.begin) / format->bytes;
            continue;
        }
        struct nnc_wire inside = {model->bytes, field.begin, field.end};
        while (inside.at < inside.end && nnc_wire_varint(&inside, &ignored))
            n++;
    }
    return n;
}

static int64_t raw_integer(const uint8_t *bytes, uint64_t at, enum nnc_onnx_type type)
{
    switch (type) {
    case NNC_ONNX_INT64:
        return (int64_t)nnc_wire_bits64(bytes, at);
    case NNC_ONNX_INT32:
        return (int32_t)nnc_wire_bits32(bytes, at);
    default:
        return bytes[at];
    }
}

/* Calls for each typed value in order: integers, or float bits. */
static void copy_typed(const struct nnc_onnx_model *model,
                       const struct nnc_onnx_item *item, const struct format *format,
                       int64_t *ints, uint8_t *floats)
{
    struct nnc_wire wire = {model->bytes, item->begin, item->end};
    struct nnc_field field;
    while (nnc_wire_each(&wire, &field)) {
        if (field.number != format->field)
            continue;
        if (format->field == FLOAT_DATA || format->field == DOUBLE_DATA) {
            memcpy(floats, model->bytes + field.begin, field.end - field.begin);
            floats += field.end - field.begin;
            continue;
        }
        struct nnc_wire inside = {model->bytes, field.begin, field.end};
        uint64_t value;
        while (inside.at < inside.end && nnc_wire_varint(&inside, &value)) {
            if (ints) {
                *ints++ = (int64_t)value;
            } else { /* the bits in the low half, or the low byte */
                *floats++ = (uint8_t)value;
                if (format->bytes == 2)
                    *floats++ = (uint8_t)(value >> 8);
            }
        }
    }
}

static enum nnc_status read_ints(const struct nnc_onnx_model *model,
                                 const struct nnc_onnx_item *item,
                                 const struct contents *contents, struct nnc_pool *pool,
                                 struct nnc_onnx_tensor *tensor, struct nnc_error *error)
{
    if (tensor->elements > MAX_INTS)
        return fail(item, NNC_LIMIT, "too many integers", tensor->elements, MAX_INTS,
                    error);
    tensor->ints = nnc_pool_alloc(pool, tensor->elements, sizeof *tensor->ints);
    if (!tensor->ints)
        return nnc_fail_nomem(error, tensor->elements * sizeof *tensor->ints);
    if (contents->data.number != RAW_DATA) {
        copy_typed(model, item, contents->format, tensor->ints, NULL);
        return NNC_OK;
    }
    for (uint64_t i = 0; i < tensor->elements; i++)
        tensor->ints[i] =
            raw_integer(model->bytes, contents->data.begin + i * contents->format->bytes,
                        tensor->type);
    return NNC_OK;
}

static enum nnc_status
keep_floats(const struct nnc_onnx_model *model, const struct nnc_onnx_item *item,
            const struct contents *contents, struct nnc_source *source,
            struct nnc_onnx_tensor *tensor, struct nnc_error *error)
{
    tensor->size = tensor->elements * contents->format->bytes;
    const bool contiguous =
        contents->data.number == RAW_DATA ||
        (contents->n_data == 1 && contents->data.number != INT32_DATA);
    if (contiguous) {
        tensor->file = NNC_SOURCE_MODEL;
        tensor->offset = contents->data.begin;
        return NNC_OK;
    }
    uint8_t *copy = malloc((size_t)tensor->size);
    if (!copy)
        return nnc_fail_nomem(error, tensor->size);
    copy_typed(model, item, contents->format, NULL, copy);
    tensor->file = NNC_SOURCE_HEAP;
    const enum nnc_status status =
        nnc_source_add_heap(source, copy, tensor->size, &tensor->offset, error);
    free(copy);
    return status;
}

static enum nnc_status read_inside(const struct nnc_onnx_model *model,
                                   const struct nnc_onnx_item *item,
                                   const struct contents *contents,
                                   struct nnc_source *source, struct nnc_pool *pool,
                                   struct nnc_onnx_tensor *tensor,
                                   struct nnc_error *error)
{
    const bool raw = contents->data.number == RAW_DATA;
    const enum nnc_status status =
        raw ? judge_size(item, contents->data.end - contents->data.begin,
                         tensor->elements * contents->format->bytes, "bytes of raw_data",
                         error)
            : judge_size(item, count_typed(model, item, contents->format),
                         tensor->elements, "values", error);
    if (status)
        return status;
    return contents->format->stays
               ? keep_floats(model, item, contents, source, tensor, error)
               : read_ints(model, item, contents, pool, tensor, error);
}

static enum nnc_status
read_outside(const struct nnc_onnx_model *model, const struct nnc_onnx_item *item,
             const struct contents *contents, struct nnc_source *source,
             struct nnc_onnx_tensor *tensor, struct nnc_error *error)
{
    if (!contents->format->stays)
        return nnc_onnx_fail_tensor(item, NNC_UNSUPPORTED, error,
                                    "integers as external data are not supported");
    tensor->size = tensor->elements * contents->format->bytes;
    return nnc_onnx_read_external(model, item, tensor->size, source, tensor, error);
}

enum nnc_status nnc_onnx_read_tensor(const struct nnc_onnx_model *model,
                                     const struct nnc_onnx_item *item,
                                     struct nnc_source *source, struct nnc_pool *pool,
                                     struct nnc_onnx_tensor *tensor,
                                     struct nnc_error *error)
{
    struct contents contents = {0};
    *tensor = (struct nnc_onnx_tensor){.name = item->name};
    read_contents(model, item, tensor, &contents);
    if (!contents.format)
        return nnc_onnx_fail_tensor(item, NNC_TYPE, error,
                                    "data type %lld is not supported; expected float, "
                                    "float16, double, int8, uint8, int32 or int64",
                                    (long long)contents.data_type);
    tensor->type = contents.format->type;
    enum nnc_status status = judge_dims(item, &contents, tensor, error);
    if (!status)
        status = judge_data_fields(item, &contents, error);
    if (status)
        return status;
    return contents.external
               ? read_outside(model, item, &contents, source, tensor, error)
               : read_inside(model, item, &contents, source, pool, tensor, error);
}

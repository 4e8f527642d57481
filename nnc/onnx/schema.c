/* SPDX-License-Identifier: MIT */
/* The part of onnx.proto that matters, as a table, and a loop with an explicit stack that
 * holds a file against it. Unknown fields are stepped over, as protobuf wants it; what is
 * not in the table is not looked into. Scalars given twice are refused on purpose:
 * readers disagree which one counts, and a file should have one meaning. */

#include "schema.h"

#include <string.h>

enum message {
    MODEL,
    GRAPH,
    NODE,
    ATTRIBUTE,
    TENSOR,
    VALUE_INFO,
    TYPE,
    TENSOR_TYPE,
    SHAPE,
    DIMENSION,
    WRAPPED_TYPE,
    MAP_TYPE,
    ENTRY,
    METADATA,
    OPSET,
    N_MESSAGES
};

enum kind { VARINT, FIXED32, FIXED64, BYTES, NAME, MESSAGE };

enum { ONCE = 1, NO_LIMIT = 0 };

struct rule {
    uint32_t number;
    enum kind kind;
    enum message message; /* of MESSAGE */
    uint32_t most;        /* how often: ONCE, a limit, NO_LIMIT */
    const char *name;
    const char *counted; /* what the limit counts, if not `name` */
};

enum { MAX_RULES = 20, FEW = 4096, MANY = 65536 };

static const struct rule rules[N_MESSAGES][MAX_RULES] = {
    [MODEL] = {{1, VARINT, 0, ONCE, "ir_version"},
               {2, BYTES, 0, ONCE, "producer_name"},
               {3, BYTES, 0, ONCE, "producer_version"},
               {4, BYTES, 0, ONCE, "domain"},
               {5, VARINT, 0, ONCE, "model_version"},
               {6, BYTES, 0, ONCE, "doc_string"},
               {7, MESSAGE, GRAPH, ONCE, "graph"},
               {8, MESSAGE, OPSET, 64, "opset_import"},
               {14, MESSAGE, METADATA, NNC_ONNX_MAX_METADATA, "metadata_props",
                "metadata entries"},
               {20, BYTES, 0, 64, "training_info"},
               {25, BYTES, 0, NO_LIMIT, "functions"}},
    [OPSET] = {{1, NAME, 0, ONCE, "domain"}, {2, VARINT, 0, ONCE, "version"}},
    [METADATA] = {{1, NAME, 0, ONCE, "key"}, {2, BYTES, 0, ONCE, "value"}},
    [ENTRY] = {{1, BYTES, 0, ONCE, "key"}, {2, BYTES, 0, ONCE, "value"}},
    [GRAPH] = {{1, MESSAGE, NODE, NNC_ONNX_MAX_NODES, "node", "nodes"},
               {2, BYTES, 0, ONCE, "name"},
               {5, MESSAGE, TENSOR, NNC_ONNX_MAX_INITIALIZERS, "initializer",
                "initializers"},
               {10, BYTES, 0, ONCE, "doc_string"},
               {11, MESSAGE, VALUE_INFO, NNC_ONNX_MAX_INITIALIZERS + 64, "input",
                "graph inputs"},
               {12, MESSAGE, VALUE_INFO, 4096, "output", "graph outputs"},
               {13, MESSAGE, VALUE_INFO, MANY, "value_info", "value_info entries"},
               {14, BYTES, 0, MANY, "quantization_annotation"},
               {15, BYTES, 0, MANY, "sparse_initializer"},
               {16, BYTES, 0, MANY, "metadata_props"}},
    [NODE] = {{1, NAME, 0, NNC_ONNX_MAX_NODE_INPUTS, "input", "inputs"},
              {2, NAME, 0, NNC_ONNX_MAX_NODE_INPUTS, "output", "outputs"},
              {3, NAME, 0, ONCE, "name"},
              {4, NAME, 0, ONCE, "op_type"},
              {5, MESSAGE, ATTRIBUTE, NNC_ONNX_MAX_ATTRIBUTES, "attribute", "attributes"},
              {6, BYTES, 0, ONCE, "doc_string"},
              {7, NAME, 0, ONCE, "domain"},
              {8, NAME, 0, ONCE, "overload"},
              {9, BYTES, 0, MANY, "metadata_props"}},
    [ATTRIBUTE] = {{1, NAME, 0, ONCE, "name"},
                   {2, FIXED32, 0, ONCE, "f"},
                   {3, VARINT, 0, ONCE, "i"},
                   {4, BYTES, 0, ONCE, "s"},
                   {5, MESSAGE, TENSOR, ONCE, "t"},
                   {6, MESSAGE, GRAPH, ONCE, "g"},
                   {7, FIXED32, 0, FEW, "floats", "attribute values"},
                   {8, VARINT, 0, FEW, "ints", "attribute values"},
                   {9, BYTES, 0, MANY, "strings", "attribute values"},
                   {10, MESSAGE, TENSOR, MANY, "tensors", "attribute values"},
                   {11, MESSAGE, GRAPH, MANY, "graphs", "attribute values"},
                   {13, BYTES, 0, ONCE, "doc_string"},
                   {14, MESSAGE, TYPE, ONCE, "tp"},
                   {15, MESSAGE, TYPE, MANY, "type_protos", "attribute values"},
                   {20, VARINT, 0, ONCE, "type"},
                   {21, NAME, 0, ONCE, "ref_attr_name"},
                   {22, BYTES, 0, ONCE, "sparse_tensor"},
                   {23, BYTES, 0, MANY, "sparse_tensors", "attribute values"}},
    [TENSOR] = {{1, VARINT, 0, NNC_ONNX_MAX_RANK, "dims", "rank"},
                {2, VARINT, 0, ONCE, "data_type"},
                {3, BYTES, 0, ONCE, "segment"},
                {4, FIXED32, 0, NO_LIMIT, "float_data"},
                {5, VARINT, 0, NO_LIMIT, "int32_data"},
                {6, BYTES, 0, NO_LIMIT, "string_data"},
                {7, VARINT, 0, NO_LIMIT, "int64_data"},
                {8, NAME, 0, ONCE, "name"},
                {9, BYTES, 0, ONCE, "raw_data"},
                {10, FIXED64, 0, NO_LIMIT, "double_data"},
                {11, VARINT, 0, NO_LIMIT, "uint64_data"},
                {12, BYTES, 0, ONCE, "doc_string"},
                {13, MESSAGE, ENTRY, 64, "external_data", "external data entries"},
                {14, VARINT, 0, ONCE, "data_location"}},
    [VALUE_INFO] = {{1, NAME, 0, ONCE, "name"},
                    {2, MESSAGE, TYPE, ONCE, "type"},
                    {3, BYTES, 0, ONCE, "doc_string"}},
    [TYPE] = {{1, MESSAGE, TENSOR_TYPE, ONCE, "tensor_type"},
              {4, MESSAGE, WRAPPED_TYPE, ONCE, "sequence_type"},
              {5, MESSAGE, MAP_TYPE, ONCE, "map_type"},
              {6, BYTES, 0, ONCE, "denotation"},
              {9, MESSAGE, WRAPPED_TYPE, ONCE, "optional_type"}},
    [TENSOR_TYPE] = {{1, VARINT, 0, ONCE, "elem_type"},
                     {2, MESSAGE, SHAPE, ONCE, "shape"}},
    [WRAPPED_TYPE] = {{1, MESSAGE, TYPE, ONCE, "elem_type"}},
    [MAP_TYPE] = {{2, MESSAGE, TYPE, ONCE, "value_type"}},
    [SHAPE] = {{1, MESSAGE, DIMENSION, NNC_ONNX_MAX_RANK, "dim", "rank"}},
    [DIMENSION] = {{1, VARINT, 0, ONCE, "dim_value"},
                   {2, NAME, 0, ONCE, "dim_param"},
                   {3, BYTES, 0, ONCE, "denotation"}},
};

struct level {
    enum message message;
    uint64_t end;
    uint32_t count[MAX_RULES];
};

struct checker {
    struct nnc_wire wire;
    struct level stack[NNC_ONNX_MAX_NESTING];
    uint32_t depth; /* levels in use */
    struct nnc_error *error;
};

static bool is_continuation(const uint8_t *p, uint64_t n)
{
    for (uint64_t i = 0; i < n; i++)
        if ((p[i] & 0xc0) != 0x80)
            return false;
    return true;
}

/* Length of the UTF-8 sequence at `p`, 0 if it is none or a control character. */
static uint64_t clean_length(const uint8_t *p, uint64_t left)
{
    if (p[0] < 0x80)
        return p[0] >= 0x20 && p[0] != 0x7f;
    const uint64_t n = p[0] >= 0xf0 ? 4 : p[0] >= 0xe0 ? 3 : p[0] >= 0xc2 ? 2 : 0;
    if (!n || p[0] > 0xf4 || n > left || !is_continuation(p + 1, n - 1))
        return 0;
    const bool overlong = (p[0] == 0xe0 && p[1] < 0xa0) || (p[0] == 0xf0 && p[1] < 0x90);
    const bool outside = (p[0] == 0xed && p[1] >= 0xa0) || (p[0] == 0xf4 && p[1] >= 0x90);
    const bool control = p[0] == 0xc2 && p[1] < 0xa0;
    return overlong || outside || control ? 0 : n;
}

bool nnc_onnx_name_is_clean(const uint8_t *bytes, uint64_t size)
{
    for (uint64_t i = 0; i < size;) {
        const uint64_t n = clean_length(bytes + i, size - i);
        if (!n)
            return false;
        i += n;
    }
    return true;
}

static enum nnc_status check_name(const struct checker *c, const struct rule *rule,
                                  const struct nnc_field *field)
{
    const uint64_t size = field->end - field->begin;
    const uint8_t *bytes = c->wire.bytes + field->begin;
    if (size > NNC_ONNX_MAX_NAME)
        return nnc_fail_at(c->error, NNC_LIMIT, rule->name, field->offset,
                           "field '%s': name of %llu bytes, limit %d", rule->name,
                           (unsigned long long)size, NNC_ONNX_MAX_NAME);
    if (memchr(bytes, 0, size))
        return nnc_fail_at(c->error, NNC_VALUE, rule->name, field->offset,
                           "field '%s': NUL byte in the name '%.*s'", rule->name, 64,
                           (const char *)bytes);
    if (!nnc_onnx_name_is_clean(bytes, size))
        return nnc_fail_at(c->error, NNC_VALUE, rule->name, field->offset,
                           "field '%s': name '%.*s' is not UTF-8 or has control bytes",
                           rule->name, (int)(size < 64 ? size : 64), (const char *)bytes);
    return NNC_OK;
}

/* Counts `n` more occurrences of a field at this level. */
static enum nnc_status count(const struct checker *c, const struct rule *rule,
                             uint32_t *counter, uint64_t n, const struct nnc_field *field)
{
    if (rule->most == NO_LIMIT)
        return NNC_OK;
    const uint64_t total = (uint64_t)*counter + n; /* both far below 2^63 */
    if (total <= rule->most) {
        *counter = (uint32_t)total;
        return NNC_OK;
    }
    if (rule->most == ONCE)
        return nnc_fail_at(c->error, NNC_DUPLICATE, rule->name, field->offset,
                           "field '%s' occurs %llu times, expected at most once",
                           rule->name, (unsigned long long)total);
    return nnc_fail_at(c->error, NNC_LIMIT, rule->name, field->offset,
                       "field '%s': too many %s; got %llu or more, limit %u", rule->name,
                       rule->counted ? rule->counted : rule->name,
                       (unsigned long long)total, rule->most);
}

static enum nnc_status check_packed(const struct checker *c, const struct rule *rule,
                                    const struct nnc_field *field, uint32_t *counter)
{
    const uint64_t size = field->end - field->begin;
    const uint64_t unit = rule->kind == FIXED32 ? 4 : rule->kind == FIXED64 ? 8 : 1;
    if (size % unit)
        return nnc_fail_at(c->error, NNC_PARSE, rule->name, field->offset,
                           "field '%s': packed values of %llu bytes, expected a multiple "
                           "of %llu",
                           rule->name, (unsigned long long)size,
                           (unsigned long long)unit);
    uint64_t n = size / unit;
    if (rule->kind == VARINT) {
        struct nnc_wire inside = {c->wire.bytes, field->begin, field->end};
        uint64_t ignored;
        for (n = 0; inside.at < inside.end; n++)
            if (!nnc_wire_varint(&inside, &ignored))
                return nnc_fail_at(c->error, NNC_PARSE, rule->name, inside.at,
                                   "field '%s': bad varint among packed values",
                                   rule->name);
    }
    return count(c, rule, counter, n, field);
}

static enum nnc_wire_type wire_type(enum kind kind)
{
    switch (kind) {
    case VARINT:
        return NNC_WIRE_VARINT;
    case FIXED32:
        return NNC_WIRE_FIXED32;
    case FIXED64:
        return NNC_WIRE_FIXED64;
    default:
        return NNC_WIRE_BYTES;
    }
}

static enum nnc_status enter(struct checker *c, enum message message,
                             const struct nnc_field *field)
{
    if (c->depth == NNC_ONNX_MAX_NESTING)
        return nnc_fail_at(c->error, NNC_LIMIT, NULL, field->offset,
                           "file: nesting %u, limit %d", c->depth + 1,
                           NNC_ONNX_MAX_NESTING);
    struct level *level = &c->stack[c->depth++];
    memset(level, 0, sizeof *level);
    level->message = message;
    level->end = field->end;
    c->wire.at = field->begin;
    return NNC_OK;
}

static enum nnc_status check_known(struct checker *c, const struct rule *rule,
                                   const struct nnc_field *field, uint32_t *counter)
{
    const bool repeated = rule->most != ONCE;
    const bool numeric = rule->kind <= FIXED64;
    if (repeated && numeric && field->type == NNC_WIRE_BYTES)
        return check_packed(c, rule, field, counter);
    if (field->type != (uint32_t)wire_type(rule->kind))
        return nnc_fail_at(c->error, NNC_TYPE, rule->name, field->offset,
                           "field '%s': wire type %u, expected %u", rule->name,
                           field->type, wire_type(rule->kind));
    enum nnc_status status = count(c, rule, counter, 1, field);
    if (status)
        return status;
    if (rule->kind == NAME)
        return check_name(c, rule, field);
    return rule->kind == MESSAGE ? enter(c, rule->message, field) : NNC_OK;
}

static enum nnc_status check_field(struct checker *c, struct level *level,
                                   const struct nnc_field *field)
{
    const struct rule *table = rules[level->message];
    for (uint32_t i = 0; i < MAX_RULES && table[i].name; i++)
        if (table[i].number == field->number)
            return check_known(c, &table[i], field, &level->count[i]);
    return NNC_OK;
}

static enum nnc_status check_all(struct checker *c)
{
    while (c->depth) {
        struct level *level = &c->stack[c->depth - 1];
        struct nnc_field field;
        c->wire.end = level->end;
        enum nnc_status status = nnc_wire_next(&c->wire, &field, c->error);
        if (!status && !field.number)
            c->depth--; /* the cursor stands where the parent goes on */
        else if (!status)
            status = check_field(c, level, &field);
        if (status)
            return status;
    }
    return NNC_OK;
}

enum nnc_status nnc_onnx_check(const uint8_t *bytes, uint64_t size,
                               struct nnc_error *error)
{
    struct checker checker = {.wire = {bytes, 0, size}, .error = error};
    const struct nnc_field whole = {.begin = 0, .end = size};
    const enum nnc_status status = enter(&checker, MODEL, &whole);
    return status ? status : check_all(&checker);
}

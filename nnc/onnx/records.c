/* SPDX-License-Identifier: MIT */
/* ModelProto and GraphProto to arrays. Every message is walked twice: once to count, so
 * that arrays are allocated exactly, and once to fill. */

#include "records.h"

#include <string.h>

enum { MIN_IR_VERSION = 3, MAX_IR_VERSION = 13, MIN_OPSET = 13, MAX_OPSET = 21 };

/* What ModelProto's fields say before they are judged. */
struct header {
    bool has_ir_version, has_graph, has_functions, has_opset;
    int64_t ir_version;
    struct nnc_field graph;
};

struct nnc_text nnc_text_of(const char *string)
{
    return (struct nnc_text){string ? string : "", string ? (uint32_t)strlen(string) : 0};
}

bool nnc_text_is(struct nnc_text text, const char *string)
{
    return text.size == strlen(string) && !memcmp(text.bytes, string, text.size);
}

bool nnc_text_equal(struct nnc_text a, struct nnc_text b)
{
    return a.size == b.size && (!a.size || !memcmp(a.bytes, b.bytes, a.size));
}

static struct nnc_text field_text(const uint8_t *bytes, const struct nnc_field *field)
{
    return (struct nnc_text){(const char *)bytes + field->begin,
                             (uint32_t)(field->end - field->begin)};
}

/* The text of the first field with this number; empty if there is none. */
static struct nnc_text find_text(const uint8_t *bytes, uint64_t begin, uint64_t end,
                                 uint32_t number)
{
    struct nnc_wire wire = {bytes, begin, end};
    struct nnc_field field;
    while (nnc_wire_each(&wire, &field))
        if (field.number == number)
            return field_text(bytes, &field);
    return (struct nnc_text){"", 0};
}

static enum nnc_status read_opset(struct nnc_onnx_model *model,
                                  const struct nnc_field *at, struct header *header,
                                  struct nnc_error *error)
{
    struct nnc_wire wire = {model->bytes, at->begin, at->end};
    struct nnc_field field;
    struct nnc_text domain = {"", 0};
    int64_t version = 0;
    while (nnc_wire_each(&wire, &field)) {
        if (field.number == 1)
            domain = field_text(model->bytes, &field);
        else if (field.number == 2)
            version = (int64_t)field.value;
    }
    if (domain.size && !nnc_text_is(domain, "ai.onnx"))
        return NNC_OK; /* matters only to nodes of that domain, and they are refused */
    if (header->has_opset)
        return nnc_fail_at(error, NNC_DUPLICATE, "opset_import", at->offset,
                           "model: the opset of domain '%.*s' is imported twice",
                           NNC_TEXT(domain));
    header->has_opset = true;
    model->opset = version;
    return NNC_OK;
}

static enum nnc_status check_foreign_opsets(const struct nnc_onnx_model *model,
                                            struct nnc_error *error)
{
    struct nnc_text seen[64]; /* the schema's limit */
    uint32_t n = 0;
    struct nnc_wire wire = {model->bytes, 0, model->size};
    struct nnc_field field;
    while (nnc_wire_each(&wire, &field)) {
        if (field.number != 8)
            continue;
        const struct nnc_text domain = find_text(model->bytes, field.begin, field.end, 1);
        for (uint32_t i = 0; i < n; i++)
            if (nnc_text_equal(seen[i], domain))
                return nnc_fail_at(error, NNC_DUPLICATE, "opset_import", field.offset,
                                   "model: the opset of domain '%.*s' is imported twice",
                                   NNC_TEXT(domain));
        seen[n++] = domain;
    }
    return NNC_OK;
}

static enum nnc_status read_metadata(struct nnc_onnx_model *model,
                                     const struct nnc_field *at, struct nnc_error *error)
{
    enum { MAX_VALUE = 1 << 20 };
    const struct nnc_text key = find_text(model->bytes, at->begin, at->end, 1);
    const struct nnc_text value = find_text(model->bytes, at->begin, at->end, 2);
    if (value.size > MAX_VALUE)
        return nnc_fail_at(error, NNC_LIMIT, "metadata_props", at->offset,
                           "metadata '%.*s': taxonomy size or that of any other metadata "
                           "value; got %u bytes, limit %d",
                           NNC_TEXT(key), value.size, MAX_VALUE);
    struct nnc_wire wire = {model->bytes, 0, at->offset};
    struct nnc_field other;
    while (nnc_wire_each(&wire, &other))
        if (other.number == 14 &&
            nnc_text_equal(key, find_text(model->bytes, other.begin, other.end, 1)))
            return nnc_fail_at(error, NNC_DUPLICATE, "metadata_props", at->offset,
                               "metadata '%.*s': the key is given twice", NNC_TEXT(key));
    if (nnc_text_is(key, "nnc.taxonomy")) {
        model->taxonomy = value;
        model->taxonomy_offset = at->offset;
    }
    return NNC_OK;
}

static enum nnc_status read_header(struct nnc_onnx_model *model, struct header *header,
                                   struct nnc_error *error)
{
    struct nnc_wire wire = {model->bytes, 0, model->size};
    struct nnc_field field;
    enum nnc_status status = NNC_OK;
    while (!status && nnc_wire_each(&wire, &field)) {
        switch (field.number) {
        case 1:
            header->has_ir_version = true;
            header->ir_version = (int64_t)field.value;
            break;
        case 7:
            header->has_graph = true;
            header->graph = field;
            break;
        case 8:
            status = read_opset(model, &field, header, error);
            break;
        case 14:
            status = read_metadata(model, &field, error);
            break;
        case 25:
            header->has_functions = true;
            break;
        }
    }
    return status;
}

static enum nnc_status judge_header(const struct nnc_onnx_model *model,
                                    const struct header *header, struct nnc_error *error)
{
    if (!header->has_graph)
        return nnc_fail(error, NNC_PARSE, NULL, "model: no graph");
    if (header->ir_version < MIN_IR_VERSION || header->ir_version > MAX_IR_VERSION)
        return nnc_fail(
            error, NNC_VERSION, NULL, "model: ir_version %lld%s; expected %d to %d",
            (long long)header->ir_version, header->has_ir_version ? "" : " (missing)",
            MIN_IR_VERSION, MAX_IR_VERSION);
    if (!header->has_opset)
        return nnc_fail(
            error, NNC_VERSION, NULL,
            "model: no opset import for the default domain; expected %d to %d", MIN_OPSET,
            MAX_OPSET);
    if (model->opset < MIN_OPSET || model->opset > MAX_OPSET)
        return nnc_fail(error, NNC_VERSION, NULL, "model: opset %lld; expected %d to %d",
                        (long long)model->opset, MIN_OPSET, MAX_OPSET);
    if (header->has_functions)
        return nnc_fail(error, NNC_UNSUPPORTED, NULL,
                        "model: model-local functions are not supported");
    return check_foreign_opsets(model, error);
}

static enum nnc_status count_graph(struct nnc_onnx_model *model,
                                   const struct nnc_field *graph, struct nnc_error *error)
{
    struct nnc_wire wire = {model->bytes, graph->begin, graph->end};
    struct nnc_field field;
    while (nnc_wire_each(&wire, &field)) {
        model->n_nodes += field.number == 1;
        model->n_initializers += field.number == 5;
        model->n_inputs += field.number == 11;
        model->n_outputs += field.number == 12;
        if (field.number == 15)
            return nnc_fail_at(error, NNC_UNSUPPORTED, "sparse_initializer", field.offset,
                               "graph: sparse initializers are not supported");
    }
    const char *missing = !model->n_nodes     ? "nodes"
                          : !model->n_inputs  ? "inputs"
                          : !model->n_outputs ? "outputs"
                                              : NULL;
    if (missing)
        return nnc_fail_at(error, NNC_PARSE, NULL, graph->offset, "graph: no %s",
                           missing);
    return NNC_OK;
}

static bool allocate_arrays(struct nnc_onnx_model *model, struct nnc_pool *pool)
{
    model->nodes = nnc_pool_alloc(pool, model->n_nodes, sizeof *model->nodes);
    model->initializers =
        nnc_pool_alloc(pool, model->n_initializers, sizeof *model->initializers);
    model->inputs = nnc_pool_alloc(pool, model->n_inputs, sizeof *model->inputs);
    model->outputs = nnc_pool_alloc(pool, model->n_outputs, sizeof *model->outputs);
    return model->nodes && model->initializers && model->inputs && model->outputs;
}

static struct nnc_onnx_item item_of(const struct nnc_onnx_model *model,
                                    const struct nnc_field *field, uint32_t name_number)
{
    return (struct nnc_onnx_item){
        find_text(model->bytes, field->begin, field->end, name_number), field->begin,
        field->end};
}

static bool allocate_names(struct nnc_onnx_model *model, struct nnc_onnx_node *node,
                           struct nnc_pool *pool)
{
    struct nnc_wire wire = {model->bytes, node->begin, node->end};
    struct nnc_field field;
    while (nnc_wire_each(&wire, &field)) {
        node->n_inputs += field.number == 1;
        node->n_outputs += field.number == 2;
    }
    node->inputs = nnc_pool_alloc(pool, node->n_inputs, sizeof *node->inputs);
    node->outputs = nnc_pool_alloc(pool, node->n_outputs, sizeof *node->outputs);
    return node->inputs && node->outputs;
}

static void read_node(const struct nnc_onnx_model *model, struct nnc_onnx_node *node)
{
    struct nnc_wire wire = {model->bytes, node->begin, node->end};
    struct nnc_field field;
    uint32_t n_inputs = 0, n_outputs = 0;
    while (nnc_wire_each(&wire, &field)) {
        const struct nnc_text text = field_text(model->bytes, &field);
        if (field.number == 1)
            node->inputs[n_inputs++] = text;
        else if (field.number == 2)
            node->outputs[n_outputs++] = text;
        else if (field.number == 3)
            node->name = text;
        else if (field.number == 4)
            node->op_type = text;
        else if (field.number == 7)
            node->domain = text;
    }
}

static enum nnc_status read_graph(struct nnc_onnx_model *model,
                                  const struct nnc_field *graph, struct nnc_pool *pool,
                                  struct nnc_error *error)
{
    enum nnc_status status = count_graph(model, graph, error);
    if (status)
        return status;
    if (!allocate_arrays(model, pool))
        return nnc_fail_nomem(error, graph->end - graph->begin);
    struct nnc_wire wire = {model->bytes, graph->begin, graph->end};
    struct nnc_field field;
    uint32_t nodes = 0, initializers = 0, inputs = 0, outputs = 0;
    while (nnc_wire_each(&wire, &field)) {
        if (field.number == 5)
            model->initializers[initializers++] = item_of(model, &field, 8);
        else if (field.number == 11)
            model->inputs[inputs++] = item_of(model, &field, 1);
        else if (field.number == 12)
            model->outputs[outputs++] = item_of(model, &field, 1);
        if (field.number != 1)
            continue;
        struct nnc_onnx_node *node = &model->nodes[nodes++];
        node->begin = field.begin;
        node->end = field.end;
        if (!allocate_names(model, node, pool))
            return nnc_fail_nomem(error, node->end - node->begin);
        read_node(model, node);
    }
    return NNC_OK;
}

static enum nnc_status read_checked(struct nnc_pool *pool, struct nnc_onnx_model *model,
                                    struct nnc_error *error)
{
    struct header header = {0};
    enum nnc_status status = nnc_onnx_check(model->bytes, model->size, error);
    if (!status)
        status = read_header(model, &header, error);
    if (!status)
        status = judge_header(model, &header, error);
    if (!status)
        status = read_graph(model, &header.graph, pool, error);
    if (!status && !model->taxonomy.bytes)
        status = nnc_fail(error, NNC_TAXONOMY, "nnc.taxonomy",
                          "model: no metadata entry 'nnc.taxonomy'; add one to "
                          "metadata_props that describes the categories as JSON");
    return status;
}

enum nnc_status nnc_onnx_read_model(const uint8_t *bytes, uint64_t size,
                                    struct nnc_pool *pool, struct nnc_onnx_model *model,
                                    struct nnc_error *error)
{
    *model = (struct nnc_onnx_model){.bytes = bytes, .size = size};
    const enum nnc_status status = read_checked(pool, model, error);
    const bool about_format = status == NNC_PARSE || status == NNC_TRUNCATED ||
                              status == NNC_TYPE || status == NNC_VERSION;
    const char *guess = about_format ? nnc_onnx_guess_format(bytes, size) : NULL;
    if (guess)
        return nnc_fail_at(error, NNC_PARSE, NULL, 0, "file: not an ONNX model; %s",
                           guess);
    return status;
}

static void read_dimension(const struct nnc_onnx_model *model, const struct nnc_field *at,
                           struct nnc_onnx_value_info *info)
{
    struct nnc_wire wire = {model->bytes, at->begin, at->end};
    struct nnc_field field;
    const uint32_t i = info->rank++;
    while (nnc_wire_each(&wire, &field)) {
        if (field.number == 1) {
            info->fixed[i] = true;
            info->dim[i] = (int64_t)field.value;
        } else if (field.number == 2) {
            info->symbol[i] = field_text(model->bytes, &field);
        }
    }
}

void nnc_onnx_read_value_info(const struct nnc_onnx_model *model,
                              const struct nnc_onnx_item *item,
                              struct nnc_onnx_value_info *info)
{
    static const uint32_t path[] = {2, 1}; /* type, tensor_type */
    uint64_t begin = item->begin, end = item->end;
    struct nnc_field field;
    *info = (struct nnc_onnx_value_info){0};
    for (size_t i = 0; i < sizeof path / sizeof *path; i++) {
        struct nnc_wire wire = {model->bytes, begin, end};
        bool found = false;
        while (!found && nnc_wire_each(&wire, &field))
            found = field.number == path[i];
        if (!found)
            return;
        begin = field.begin;
        end = field.end;
    }
    struct nnc_wire wire = {model->bytes, begin, end};
    while (nnc_wire_each(&wire, &field)) {
        if (field.number == 1)
            info->data_type = (int64_t)field.value;
        if (field.number != 2)
            continue;
        struct nnc_wire dimensions = {model->bytes, field.begin, field.end};
        struct nnc_field dimension;
        info->has_shape = true;
        while (nnc_wire_each(&dimensions, &dimension))
            if (dimension.number == 1)
                read_dimension(model, &dimension, info);
    }
}

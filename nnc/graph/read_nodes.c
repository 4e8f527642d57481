/* SPDX-License-Identifier: MIT */
/* The loop over the nodes: which of them are needed, do they have what their table row
 * allows, and then the row's reader. What depends on an unsupported node is skipped, so
 * that one message can name all unsupported nodes. */

#include "operators.h"

#include <stdio.h>
#include <string.h>

static void need(struct nnc_builder *builder, struct nnc_text text)
{
    struct nnc_name *name = text.size ? nnc_names_find(&builder->names, text) : NULL;
    if (!name)
        return;
    name->needed = true;
    if (name->by == NNC_BY_NODE)
        builder->needed[name->definer] = true;
}

/* Backwards is enough: nodes come after what they use. */
static void mark_needed(struct nnc_builder *builder, struct nnc_text logits,
                        struct nnc_text presence)
{
    need(builder, logits);
    need(builder, presence);
    for (uint32_t i = builder->model->n_nodes; i-- > 0;)
        if (builder->needed[i])
            for (uint32_t k = 0; k < builder->model->nodes[i].n_inputs; k++)
                need(builder, builder->model->nodes[i].inputs[k]);
}

static enum nnc_status make_name(struct nnc_reading *reading, uint32_t number)
{
    const struct nnc_onnx_node *record = reading->record;
    struct nnc_pool *pool = &reading->builder->graph->pool;
    char made_up[NNC_ONNX_MAX_NAME + 16];
    if (record->name.size) {
        reading->name = nnc_pool_string(pool, record->name.bytes, record->name.size);
    } else {
        const int n =
            snprintf(made_up, sizeof made_up, "%.*s_%u", (int)record->op_type.size,
                     record->op_type.bytes ? record->op_type.bytes : "", number);
        reading->name = nnc_pool_string(pool, made_up, (size_t)n);
    }
    return reading->name ? NNC_OK
                         : nnc_fail_nomem(reading->builder->error, sizeof made_up);
}

static bool in_default_domain(const struct nnc_onnx_node *record)
{
    return !record->domain.size || nnc_text_is(record->domain, "ai.onnx");
}

static bool allows(const struct nnc_operator *op,
                   const struct nnc_onnx_attribute *attribute, char *type)
{
    for (uint32_t i = 0; i < NNC_MAX_OPERATOR_ATTRIBUTES && op->attributes[i]; i++)
        if (nnc_text_is(attribute->name, op->attributes[i] + 2)) {
            *type = op->attributes[i][0];
            return true;
        }
    return false;
}

static enum nnc_status check_repetition(const struct nnc_reading *reading,
                                        const struct nnc_onnx_attribute *attribute)
{
    struct nnc_onnx_attribute other;
    uint64_t at = reading->record->begin;
    while (
        nnc_onnx_next_attribute(reading->builder->model, reading->record, &at, &other) &&
        other.offset < attribute->offset)
        if (nnc_text_equal(other.name, attribute->name))
            return nnc_reading_fail(reading, NNC_DUPLICATE,
                                    "attribute '%.*s' is given twice",
                                    NNC_TEXT(attribute->name));
    return NNC_OK;
}

static enum nnc_status check_attributes(struct nnc_reading *reading)
{
    struct nnc_onnx_attribute attribute;
    uint64_t at = reading->record->begin;
    while (nnc_onnx_next_attribute(reading->builder->model, reading->record, &at,
                                   &attribute)) {
        char type = 0;
        const enum nnc_status status = check_repetition(reading, &attribute);
        if (status)
            return status;
        if (!allows(reading->op, &attribute, &type))
            return nnc_reading_unsupported(reading, "attribute '%.*s' is not supported",
                                           NNC_TEXT(attribute.name));
        if (attribute.type != type)
            return nnc_reading_fail(reading, NNC_TYPE,
                                    "attribute '%.*s' has the wrong type; expected '%c'",
                                    NNC_TEXT(attribute.name), type);
    }
    return NNC_OK;
}

static enum nnc_status check_arity(struct nnc_reading *reading)
{
    const struct nnc_onnx_node *record = reading->record;
    const struct nnc_operator *op = reading->op;
    uint32_t n = record->n_inputs;
    if (n > op->max_inputs)
        return nnc_reading_fail(reading, NNC_ARITY, "too many inputs; got %u, limit %u",
                                n, op->max_inputs);
    while (n && n > op->min_inputs && !record->inputs[n - 1].size)
        n--;
    if (n < op->min_inputs)
        return nnc_reading_fail(reading, NNC_ARITY, "too few inputs; got %u, expected %u",
                                n, op->min_inputs);
    for (uint32_t i = 0; i < op->min_inputs; i++)
        if (!record->inputs[i].size)
            return nnc_reading_fail(reading, NNC_ARITY, "required input %u is missing",
                                    i);
    reading->n_inputs = n;
    if (!record->n_outputs || !record->outputs[0].size)
        return nnc_reading_fail(reading, NNC_ARITY, "too few outputs; got 0, expected 1");
    return NNC_OK;
}

/* Outputs that nnc does not make may be named as long as nobody uses them. */
static enum nnc_status check_outputs(struct nnc_reading *reading)
{
    const struct nnc_onnx_node *record = reading->record;
    if (record->n_outputs > reading->op->max_outputs)
        return nnc_reading_fail(reading, NNC_ARITY, "too many outputs; got %u, limit %u",
                                record->n_outputs, reading->op->max_outputs);
    if (reading->op->max_outputs == NNC_ONNX_MAX_NODE_INPUTS)
        return NNC_OK;
    for (uint32_t k = 1; k < record->n_outputs; k++) {
        struct nnc_name *name =
            nnc_names_find(&reading->builder->names, record->outputs[k]);
        if (name && name->needed)
            return nnc_reading_unsupported(reading, "output %u is not supported", k);
    }
    return NNC_OK;
}

/* False if an input's shape is unknown, because something before it is unsupported. */
static enum nnc_status find_inputs(struct nnc_reading *reading, bool *known)
{
    struct nnc_builder *b = reading->builder;
    reading->inputs = b->inputs;
    *known = true;
    for (uint32_t i = 0; i < reading->n_inputs; i++) {
        const struct nnc_text text = reading->record->inputs[i];
        struct nnc_name *name = text.size ? nnc_names_find(&b->names, text) : NULL;
        const enum nnc_status status = name ? nnc_builder_value(b, name) : NNC_OK;
        if (status)
            return status;
        reading->inputs[i] = name ? name->value : NNC_NONE;
        *known = *known && !(name && name->unknown);
    }
    return NNC_OK;
}

static bool all_constant_ints(const struct nnc_reading *reading)
{
    for (uint32_t i = 0; i < reading->n_inputs; i++) {
        if (reading->inputs[i] == NNC_NONE)
            continue;
        const struct nnc_tensor *tensor = nnc_input_tensor(reading, i);
        if (!tensor || nnc_tensor_has_floats(tensor))
            return false;
    }
    return reading->n_inputs > 0;
}

static enum nnc_status check_row(struct nnc_reading *reading)
{
    enum nnc_status status = check_attributes(reading);
    if (!status && !reading->unsupported)
        status = check_arity(reading);
    if (!status && !reading->unsupported)
        status = check_outputs(reading);
    return status;
}

static enum nnc_status read_known(struct nnc_reading *reading, bool *known)
{
    enum nnc_status status = check_row(reading);
    if (status || reading->unsupported)
        return status;
    status = find_inputs(reading, known);
    if (status || !*known)
        return status;
    const bool fold = reading->op->fold && all_constant_ints(reading);
    return fold ? reading->op->fold(reading) : reading->op->read(reading);
}

static enum nnc_status find_operator(struct nnc_reading *reading)
{
    const struct nnc_onnx_node *record = reading->record;
    if (!in_default_domain(record))
        return nnc_reading_unsupported(reading, "operator of the domain '%.*s'",
                                       NNC_TEXT(record->domain));
    reading->op = nnc_operator_find(record->op_type);
    return reading->op ? NNC_OK : nnc_reading_unsupported(reading, "unknown operator");
}

static void mark_outputs_unknown(struct nnc_reading *reading)
{
    for (uint32_t k = 0; k < reading->record->n_outputs; k++) {
        const struct nnc_text text = reading->record->outputs[k];
        struct nnc_name *name = nnc_names_find(&reading->builder->names, text);
        if (name)
            name->unknown = true;
    }
}

static enum nnc_status read_node(struct nnc_builder *builder, uint32_t number)
{
    struct nnc_reading reading = {.builder = builder,
                                  .record = &builder->model->nodes[number]};
    bool known = true;
    enum nnc_status status = make_name(&reading, number);
    if (!status)
        status = find_operator(&reading);
    if (!status && reading.op)
        status = read_known(&reading, &known);
    if (reading.unsupported || !known)
        mark_outputs_unknown(&reading);
    return status;
}

static enum nnc_status report_unsupported(struct nnc_builder *builder)
{
    char more[32] = "";
    if (!builder->n_unsupported)
        return NNC_OK;
    if (builder->n_unsupported > builder->n_listed)
        snprintf(more, sizeof more, "; and %u more",
                 builder->n_unsupported - builder->n_listed);
    return nnc_fail(builder->error, NNC_UNSUPPORTED, NULL, "unsupported: %s%s",
                    builder->unsupported, more);
}

enum nnc_status nnc_builder_read_nodes(struct nnc_builder *builder,
                                       struct nnc_text logits, struct nnc_text presence)
{
    mark_needed(builder, logits, presence);
    for (uint32_t i = 0; i < builder->model->n_nodes; i++) {
        const enum nnc_status status =
            builder->needed[i] ? read_node(builder, i) : NNC_OK;
        if (status)
            return status;
    }
    return report_unsupported(builder);
}

/* SPDX-License-Identifier: MIT */
/* Adds values, tensors and nodes to the graph under construction. The arrays were made
 * large enough at the start; running out of them would be a mistake of ours. */

#include "operators.h"

#include <string.h>

enum nnc_status nnc_builder_alloc(struct nnc_builder *builder, uint64_t count,
                                  uint64_t size, void **memory)
{
    struct nnc_pool *pool = &builder->graph->pool;
    *memory = nnc_pool_alloc(pool, count, size);
    if (*memory)
        return NNC_OK;
    uint64_t bytes;
    if (!nnc_mul(count, size, &bytes) || bytes > pool->limit - pool->used)
        return nnc_fail(builder->error, NNC_LIMIT, NULL,
                        "graph: its description needs more than %llu bytes",
                        (unsigned long long)pool->limit);
    return nnc_fail_nomem(builder->error, bytes);
}

static const char *copy_text(struct nnc_builder *builder, struct nnc_text text)
{
    return nnc_pool_string(&builder->graph->pool, text.bytes, text.size);
}

enum nnc_status nnc_builder_add_value(struct nnc_builder *builder, const char *name,
                                      enum nnc_value_kind kind, uint32_t source,
                                      const struct nnc_shape *shape,
                                      struct nnc_value_facts facts, uint32_t *value)
{
    struct nnc_graph *graph = builder->graph;
    if (!name)
        return nnc_fail_nomem(builder->error, NNC_ONNX_MAX_NAME);
    if (graph->n_values == builder->max_values)
        return nnc_fail(builder->error, NNC_INTERNAL, name,
                        "graph: value '%.64s': no room", name);
    builder->facts[graph->n_values] = facts;
    graph->values[graph->n_values] =
        (struct nnc_value){.name = name, .kind = kind, .source = source, .shape = *shape};
    *value = graph->n_values++;
    return NNC_OK;
}

enum nnc_status nnc_builder_add_tensor(struct nnc_builder *builder,
                                       const struct nnc_tensor *tensor,
                                       enum nnc_element element, uint32_t *value)
{
    struct nnc_graph *graph = builder->graph;
    if (graph->n_tensors == builder->max_values)
        return nnc_fail(builder->error, NNC_INTERNAL, NULL,
                        "graph: no room for a tensor");
    graph->tensors[graph->n_tensors] = *tensor;
    return nnc_builder_add_value(builder, tensor->name, NNC_VALUE_TENSOR,
                                 graph->n_tensors++, &tensor->shape,
                                 (struct nnc_value_facts){element, true}, value);
}

static enum nnc_dtype dtype_of(enum nnc_onnx_type type)
{
    switch (type) {
    case NNC_ONNX_FLOAT:
        return NNC_DTYPE_FLOAT;
    case NNC_ONNX_FLOAT16:
        return NNC_DTYPE_FLOAT16;
    case NNC_ONNX_DOUBLE:
        return NNC_DTYPE_DOUBLE;
    case NNC_ONNX_INT8:
        return NNC_DTYPE_INT8;
    case NNC_ONNX_UINT8:
        return NNC_DTYPE_UINT8;
    default:
        return NNC_DTYPE_INT;
    }
}

enum nnc_status nnc_builder_tensor(struct nnc_builder *builder,
                                   const struct nnc_onnx_item *item, bool initializer,
                                   struct nnc_tensor *tensor)
{
    struct nnc_onnx_tensor read;
    const enum nnc_status status =
        nnc_onnx_read_tensor(builder->model, item, builder->graph->sources,
                             &builder->graph->pool, &read, builder->error);
    if (status)
        return status;
    *tensor = (struct nnc_tensor){.name = copy_text(builder, read.name),
                                  .dtype = dtype_of(read.type),
                                  .int32 = read.type == NNC_ONNX_INT32,
                                  .shape = {.rank = read.rank},
                                  .initializer = initializer,
                                  .ints = read.ints,
                                  .file = read.file,
                                  .offset = read.offset,
                                  .size = read.size};
    memcpy(tensor->shape.dim, read.dim, sizeof read.dim);
    return tensor->name ? NNC_OK : nnc_fail_nomem(builder->error, read.name.size);
}

enum nnc_element nnc_element_of(enum nnc_dtype dtype)
{
    switch (dtype) {
    case NNC_DTYPE_INT:
        return NNC_ELEMENT_INT;
    case NNC_DTYPE_FLOAT:
        return NNC_ELEMENT_FLOAT;
    case NNC_DTYPE_INT8:
    case NNC_DTYPE_UINT8:
        return NNC_ELEMENT_BYTE;
    default:
        return NNC_ELEMENT_NARROW;
    }
}

enum nnc_status nnc_builder_value(struct nnc_builder *builder, struct nnc_name *name)
{
    if (name->value != NNC_NONE || name->unknown)
        return NNC_OK;
    if (name->by != NNC_BY_INITIALIZER) /* inputs are made at the start, nodes in order */
        return nnc_fail(builder->error, NNC_INTERNAL, NULL, "value '%.*s' was not made",
                        NNC_TEXT(name->text));
    struct nnc_tensor tensor;
    const enum nnc_status status = nnc_builder_tensor(
        builder, &builder->model->initializers[name->definer], true, &tensor);
    if (status)
        return status;
    return nnc_builder_add_tensor(builder, &tensor, nnc_element_of(tensor.dtype),
                                  &name->value);
}

/* The table entry of an output that somebody may use, else NULL. */
static struct nnc_name *output_name(const struct nnc_reading *reading, uint32_t position)
{
    if (position >= reading->record->n_outputs ||
        !reading->record->outputs[position].size)
        return NULL;
    return nnc_names_find(&reading->builder->names, reading->record->outputs[position]);
}

static enum nnc_status check_activation(const struct nnc_reading *reading,
                                        const struct nnc_shape *shape)
{
    uint64_t elements = 1;
    for (uint32_t i = 0; i < shape->rank; i++) {
        if (!shape->dim[i])
            return nnc_reading_fail(reading, NNC_SHAPE, "output dimension %u is zero", i);
        elements *= shape->dim[i];
        if (shape->dim[i] > NNC_MAX_DIMENSION || elements > NNC_MAX_ELEMENTS)
            return nnc_reading_fail(
                reading, NNC_LIMIT,
                "activations too large; got %llu bytes or more, limit "
                "%llu",
                (unsigned long long)elements * 4, (unsigned long long)512 << 20);
    }
    return NNC_OK;
}

static bool all_constant(const struct nnc_builder *builder, const uint32_t *inputs,
                         uint32_t n_inputs)
{
    for (uint32_t i = 0; i < n_inputs; i++)
        if (inputs[i] != NNC_NONE && !builder->facts[inputs[i]].constant)
            return false;
    return true;
}

static enum nnc_status emit(struct nnc_reading *reading, const char *name, enum nnc_op op,
                            const uint32_t *inputs, uint32_t n_inputs,
                            const struct nnc_shape *shape, struct nnc_node **node)
{
    struct nnc_builder *b = reading->builder;
    struct nnc_graph *graph = b->graph;
    enum nnc_status status = check_activation(reading, shape);
    if (status)
        return status;
    if (graph->n_nodes == b->max_nodes)
        return nnc_reading_fail(reading, NNC_INTERNAL, "no room for the node");
    struct nnc_node *made = &graph->nodes[graph->n_nodes];
    *made = (struct nnc_node){.op = op, .name = reading->name, .n_inputs = n_inputs};
    void *copy;
    status = nnc_builder_alloc(b, n_inputs, sizeof *inputs, &copy);
    if (status)
        return status;
    made->inputs = memcpy(copy, inputs, n_inputs * sizeof *inputs);
    const struct nnc_value_facts facts = {NNC_ELEMENT_FLOAT,
                                          all_constant(b, inputs, n_inputs)};
    status = nnc_builder_add_value(b, name, NNC_VALUE_NODE, graph->n_nodes, shape, facts,
                                   &made->output);
    if (status)
        return status;
    graph->n_nodes++;
    *node = made;
    return NNC_OK;
}

enum nnc_status nnc_emit(struct nnc_reading *reading, uint32_t position, enum nnc_op op,
                         const uint32_t *inputs, uint32_t n_inputs,
                         const struct nnc_shape *shape, struct nnc_node **node)
{
    const char *name = copy_text(reading->builder, reading->record->outputs[position]);
    const enum nnc_status status = emit(reading, name, op, inputs, n_inputs, shape, node);
    struct nnc_name *output = output_name(reading, position);
    if (!status && output)
        output->value = (*node)->output;
    return status;
}

enum nnc_status nnc_emit_inner(struct nnc_reading *reading, enum nnc_op op,
                               const uint32_t *inputs, uint32_t n_inputs,
                               const struct nnc_shape *shape, struct nnc_node **node)
{
    const enum nnc_status status =
        emit(reading, reading->name, op, inputs, n_inputs, shape, node);
    if (!status)
        reading->builder->graph->values[(*node)->output].inner = true;
    return status;
}

enum nnc_status nnc_emit_tensor(struct nnc_reading *reading,
                                const struct nnc_tensor *tensor, enum nnc_element element)
{
    struct nnc_builder *b = reading->builder;
    struct nnc_name *output = output_name(reading, 0);
    if (!output)
        return nnc_reading_fail(reading, NNC_ARITY, "output 0 has no name");
    struct nnc_tensor named = *tensor;
    named.name = copy_text(b, output->text);
    return nnc_builder_add_tensor(b, &named, element, &output->value);
}

enum nnc_status nnc_emit_ints(struct nnc_reading *reading, const struct nnc_shape *shape,
                              const int64_t *ints)
{
    const uint64_t n = nnc_shape_elements(shape);
    void *copy;
    const enum nnc_status status =
        nnc_builder_alloc(reading->builder, n, sizeof *ints, &copy);
    if (status)
        return status;
    if (n)
        memcpy(copy, ints, n * sizeof *ints);
    const struct nnc_tensor tensor = {
        .dtype = NNC_DTYPE_INT, .shape = *shape, .ints = copy};
    return nnc_emit_tensor(reading, &tensor, NNC_ELEMENT_INT);
}

enum nnc_status nnc_emit_reshape(struct nnc_reading *reading,
                                 const struct nnc_shape *shape)
{
    const struct nnc_tensor *tensor = nnc_input_tensor(reading, 0);
    const bool by_axis = tensor && tensor->scaling && tensor->scaling->n > 1;
    if (tensor && !by_axis) {
        struct nnc_tensor view = *tensor;
        view.shape = *shape;
        return nnc_emit_tensor(reading, &view, nnc_input_facts(reading, 0).element);
    }
    struct nnc_node *node = NULL;
    return nnc_emit(reading, 0, NNC_OP_RESHAPE, reading->inputs, 1, shape, &node);
}

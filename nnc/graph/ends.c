/* SPDX-License-Identifier: MIT */
/* The two ends of a network, held against the taxonomy: the picture and the attention
 * that go in, logits and presence that come out, and what categories say about them. */

#include "../onnx/source.h"
#include "builder.h"
#include "taxonomy.h"
#include "taxonomy_json.h"

#include <string.h>

static enum nnc_status fail_input(const struct nnc_builder *b, struct nnc_text name,
                                  const char *what, long long got, long long expected)
{
    return nnc_fail(b->error, NNC_SHAPE, NULL,
                    "graph input '%.*s': %s; got %lld, expected %lld", NNC_TEXT(name),
                    what, got, expected);
}

/* Dimension `i` of the image against what the taxonomy says. */
static enum nnc_status check_image_dimension(const struct nnc_builder *b,
                                             const struct nnc_onnx_item *item,
                                             const struct nnc_onnx_value_info *info,
                                             uint32_t i, uint32_t expected)
{
    static const char *const names[] = {"batch size", "channels", "height", "width"};
    if (!info->fixed[i] && i == 0)
        return NNC_OK; /* a symbolic batch: we compute one picture at a time */
    if (!info->fixed[i])
        return nnc_fail(
            b->error, NNC_SHAPE, NULL,
            "graph input '%.*s': symbolic dimension '%.*s' for the %s, expected "
            "%u",
            NNC_TEXT(item->name), NNC_TEXT(info->symbol[i]), names[i], expected);
    if (info->dim[i] != (int64_t)expected)
        return fail_input(b, item->name, names[i], info->dim[i], expected);
    return NNC_OK;
}

static enum nnc_status read_image(struct nnc_builder *b, struct nnc_name *name)
{
    const struct nnc_onnx_item *item = &b->model->inputs[name->definer];
    const struct nnc_input_spec *spec = &b->graph->input;
    const struct nnc_shape shape = {4, {1, spec->channels, spec->height, spec->width}};
    struct nnc_onnx_value_info info;
    nnc_onnx_read_value_info(b->model, item, &info);
    if (info.data_type != NNC_ONNX_FLOAT)
        return nnc_fail(b->error, NNC_TYPE, NULL,
                        "graph input '%.*s': data type %lld, expected float (1)",
                        NNC_TEXT(item->name), (long long)info.data_type);
    if (info.rank != 4)
        return fail_input(b, item->name, "rank", info.rank, 4);
    for (uint32_t i = 0; i < 4; i++) {
        const enum nnc_status status =
            check_image_dimension(b, item, &info, i, shape.dim[i]);
        if (status)
            return status;
    }
    const char *copy =
        nnc_pool_string(&b->graph->pool, name->text.bytes, name->text.size);
    const struct nnc_value_facts facts = {NNC_ELEMENT_FLOAT, false};
    const enum nnc_status status =
        nnc_builder_add_value(b, copy, NNC_VALUE_IMAGE, 0, &shape, facts, &name->value);
    b->graph->image = name->value;
    return status;
}

static enum nnc_status check_default_gains(struct nnc_builder *b, struct nnc_name *name,
                                           uint32_t *size)
{
    struct nnc_tensor tensor;
    enum nnc_status status =
        nnc_builder_tensor(b, &b->model->initializers[name->definer], true, &tensor);
    if (status)
        return status;
    if (tensor.dtype != NNC_DTYPE_FLOAT || tensor.shape.rank != 1)
        return fail_input(b, name->text, "the default must be a list of floats; rank",
                          tensor.shape.rank, 1);
    *size = tensor.shape.dim[0];
    for (uint32_t i = 0; i < *size; i++) {
        uint8_t bytes[4];
        status = nnc_source_read(b->graph->sources, tensor.file, tensor.offset + 4ull * i,
                                 4, bytes, b->error);
        if (status)
            return status;
        if (nnc_wire_bits32(bytes, 0) != 0x3f800000)
            return nnc_fail(b->error, NNC_VALUE, NULL,
                            "graph input '%.*s': the default gain %u is not 1",
                            NNC_TEXT(name->text), i);
    }
    return NNC_OK;
}

/* The size the input declares, against `size` from its default (0 if it has none). */
static enum nnc_status check_declared_gains(const struct nnc_builder *b, uint32_t input,
                                            uint32_t *size)
{
    const struct nnc_onnx_item *item = &b->model->inputs[input];
    struct nnc_onnx_value_info info;
    nnc_onnx_read_value_info(b->model, item, &info);
    if (info.data_type != NNC_ONNX_FLOAT)
        return nnc_fail(b->error, NNC_TYPE, NULL,
                        "graph input '%.*s': data type %lld, expected float (1)",
                        NNC_TEXT(item->name), (long long)info.data_type);
    if (info.rank != 1)
        return fail_input(b, item->name, "rank", info.rank, 1);
    if (info.fixed[0] && *size && info.dim[0] != (int64_t)*size)
        return fail_input(b, item->name, "size contradicts its default", info.dim[0],
                          *size);
    if (*size)
        return NNC_OK;
    if (!info.fixed[0] || info.dim[0] < 1 || info.dim[0] > NNC_MAX_CATEGORIES)
        return fail_input(b, item->name, "size", info.fixed[0] ? info.dim[0] : 0,
                          NNC_MAX_CATEGORIES);
    *size = (uint32_t)info.dim[0];
    return NNC_OK;
}

static enum nnc_status read_attention(struct nnc_builder *b, const char *wanted)
{
    struct nnc_name *name = nnc_names_find(&b->names, nnc_text_of(wanted));
    uint32_t size = 0;
    const bool is_input =
        name && (name->by == NNC_BY_INPUT ||
                 (name->by == NNC_BY_INITIALIZER && name->shadows_input));
    if (!is_input)
        return nnc_fail(b->error, NNC_DANGLING, wanted,
                        "taxonomy: attention names '%.64s', which is no graph input",
                        wanted);
    enum nnc_status status =
        name->by == NNC_BY_INITIALIZER ? check_default_gains(b, name, &size) : NNC_OK;
    if (!status)
        status = check_declared_gains(
            b, name->by == NNC_BY_INPUT ? name->definer : name->input, &size);
    if (status)
        return status;
    const struct nnc_shape shape = {1, {size}};
    const struct nnc_value_facts facts = {NNC_ELEMENT_FLOAT, false};
    const char *copy =
        nnc_pool_string(&b->graph->pool, name->text.bytes, name->text.size);
    status = nnc_builder_add_value(b, copy, NNC_VALUE_ATTENTION, 0, &shape, facts,
                                   &name->value);
    b->graph->attention = name->value;
    return status;
}

/* The one input that must be fed is the picture. */
enum nnc_status nnc_builder_read_inputs(struct nnc_builder *b,
                                        const struct nnc_taxonomy_text *text)
{
    struct nnc_name *image = NULL;
    for (uint32_t i = 0; i < b->model->n_inputs; i++) {
        struct nnc_name *name = nnc_names_find(&b->names, b->model->inputs[i].name);
        if (!name || name->by != NNC_BY_INPUT ||
            (text->attention && nnc_text_is(name->text, text->attention)))
            continue;
        const bool wanted = !text->image || nnc_text_is(name->text, text->image);
        if (!wanted || image)
            return nnc_fail(
                b->error, NNC_SHAPE, NULL,
                "graph input '%.*s': a second input without a default; expected "
                "only the picture and the attention",
                NNC_TEXT(name->text));
        image = name;
    }
    if (!image)
        return nnc_fail(b->error, NNC_DANGLING, text->image,
                        "taxonomy: the picture's input '%.64s' is no graph input",
                        text->image ? text->image : "");
    const enum nnc_status status = read_image(b, image);
    if (status || !text->attention)
        return status;
    return read_attention(b, text->attention);
}

/* A graph output must say the shape that was found, or nothing. */
static enum nnc_status check_declared_output(const struct nnc_builder *b,
                                             struct nnc_text name,
                                             const struct nnc_shape *shape)
{
    struct nnc_onnx_value_info info = {0};
    for (uint32_t i = 0; i < b->model->n_outputs; i++)
        if (nnc_text_equal(b->model->outputs[i].name, name))
            nnc_onnx_read_value_info(b->model, &b->model->outputs[i], &info);
    bool fits = !info.has_shape || info.rank == shape->rank;
    for (uint32_t i = 0; fits && i < info.rank; i++) {
        fits = !info.fixed[i] || info.dim[i] == (int64_t)shape->dim[i];
        if (!fits)
            return nnc_fail(b->error, NNC_SHAPE, NULL,
                            "graph output '%.*s': declared dimension %u is %lld, but %u "
                            "comes out",
                            NNC_TEXT(name), i, (long long)info.dim[i], shape->dim[i]);
    }
    if (fits)
        return NNC_OK;
    return nnc_fail(b->error, NNC_SHAPE, NULL,
                    "graph output '%.*s': declared rank is %u, but %u comes out",
                    NNC_TEXT(name), info.rank, shape->rank);
}

/* Finds an output that the taxonomy names: computed, and of shape [1, n]. */
static enum nnc_status find_output(const struct nnc_builder *b, const char *wanted,
                                   uint32_t *value)
{
    const struct nnc_name *name = nnc_names_find(&b->names, nnc_text_of(wanted));
    const struct nnc_value *found =
        name->value == NNC_NONE ? NULL : &b->graph->values[name->value];
    if (!found || found->kind != NNC_VALUE_NODE || b->facts[name->value].constant)
        return nnc_fail(b->error, NNC_TAXONOMY, wanted,
                        "taxonomy: output '%.64s' does not depend on the picture",
                        wanted);
    if (b->facts[name->value].element != NNC_ELEMENT_FLOAT)
        return nnc_fail(b->error, NNC_TYPE, wanted,
                        "graph output '%.64s': it is quantised, expected float "
                        "(DequantizeLinear first)",
                        wanted);
    if (found->shape.rank != 2 || found->shape.dim[0] != 1)
        return nnc_fail(b->error, NNC_SHAPE, wanted,
                        "graph output '%.64s': rank %u, expected [1, n]", wanted,
                        found->shape.rank);
    *value = name->value;
    return check_declared_output(b, name->text, &found->shape);
}

static bool is_graph_output(const struct nnc_onnx_model *model, struct nnc_text name)
{
    for (uint32_t i = 0; i < model->n_outputs; i++)
        if (nnc_text_equal(model->outputs[i].name, name))
            return true;
    return false;
}

enum nnc_status nnc_builder_check_output_names(const struct nnc_builder *b,
                                               const struct nnc_taxonomy_text *text)
{
    const char *const wanted[] = {text->logits, text->presence};
    for (int i = 0; i < 2; i++)
        if (wanted[i] && !is_graph_output(b->model, nnc_text_of(wanted[i])))
            return nnc_fail(b->error, NNC_DANGLING, wanted[i],
                            "taxonomy: '%.64s' is no graph output", wanted[i]);
    return NNC_OK;
}

/* Every index below `size` at most once; if `all`, each one exactly once. */
static enum nnc_status check_indices(const struct nnc_builder *b, const char *what,
                                     size_t member, uint32_t size, bool all)
{
    const struct nnc_taxonomy *taxonomy = b->graph->taxonomy;
    struct nnc_pool pool = {.limit = 1 << 20};
    enum nnc_status status = NNC_OK;
    uint32_t n = 0;
    bool *seen = nnc_pool_alloc(&pool, size, sizeof *seen);
    if (!seen)
        status = nnc_fail_nomem(b->error, size);
    for (uint32_t i = 0; i < taxonomy->n_categories && !status; i++) {
        const char *name = taxonomy->categories[i].name;
        uint32_t index;
        memcpy(&index, (const char *)&b->graph->branches[i] + member, sizeof index);
        if (index == NNC_NONE)
            continue;
        if (index >= size)
            status = nnc_fail(b->error, NNC_TAXONOMY, name,
                              "category '%.64s': %s index %u, limit %u", name, what,
                              index, size);
        else if (seen[index])
            status = nnc_fail(b->error, NNC_DUPLICATE, name,
                              "category '%.64s': %s index %u is used twice", name, what,
                              index);
        else
            seen[index] = true;
        n++;
    }
    nnc_pool_finish(&pool);
    if (!status && all && n != size)
        status = nnc_fail(b->error, NNC_TAXONOMY, NULL,
                          "taxonomy: %u categories have a %s index, expected %u", n, what,
                          size);
    return status;
}

static uint32_t columns(const struct nnc_graph *graph, uint32_t value)
{
    return value == NNC_NONE ? 0 : graph->values[value].shape.dim[1];
}

static enum nnc_status check_branches(const struct nnc_builder *b)
{
    const struct nnc_graph *graph = b->graph;
    const uint32_t n_gains =
        graph->attention == NNC_NONE ? 0 : graph->values[graph->attention].shape.dim[0];
    const enum nnc_status status =
        check_indices(b, "gain", offsetof(struct nnc_branch, gain), n_gains, true);
    return status ? status
                  : check_indices(b, "presence", offsetof(struct nnc_branch, presence),
                                  columns(graph, graph->presence), false);
}

/* Names of features to values; those that were pruned or folded away have none. */
static enum nnc_status find_features(const struct nnc_builder *b,
                                     const struct nnc_taxonomy_text *text)
{
    for (uint32_t i = 0; i < text->taxonomy->n_categories; i++) {
        const char *wanted = text->features[i];
        const struct nnc_name *name =
            wanted ? nnc_names_find(&b->names, nnc_text_of(wanted)) : NULL;
        if (wanted && !name)
            return nnc_fail(b->error, NNC_DANGLING, wanted,
                            "category '%.64s': features '%.64s' is not in the graph",
                            text->taxonomy->categories[i].name, wanted);
        b->graph->branches[i].features = name ? name->value : NNC_NONE;
    }
    return NNC_OK;
}

enum nnc_status nnc_builder_find_outputs(struct nnc_builder *b,
                                         const struct nnc_taxonomy_text *text)
{
    struct nnc_graph *graph = b->graph;
    enum nnc_status status = find_output(b, text->logits, &graph->logits);
    if (!status && text->presence)
        status = find_output(b, text->presence, &graph->presence);
    if (status)
        return status;
    if (columns(graph, graph->logits) > NNC_MAX_CLASSES)
        return nnc_fail(b->error, NNC_LIMIT, text->logits,
                        "graph output '%.64s': too many classes; count %u, limit %d",
                        text->logits, columns(graph, graph->logits), NNC_MAX_CLASSES);
    graph->taxonomy = text->taxonomy;
    graph->branches = text->branches;
    status = nnc_taxonomy_link(graph->taxonomy, columns(graph, graph->logits),
                               &graph->pool, b->error);
    if (!status)
        status = check_branches(b);
    return status ? status : find_features(b, text);
}

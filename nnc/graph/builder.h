/* SPDX-License-Identifier: MIT */
#ifndef NNC_GRAPH_BUILDER_H
#define NNC_GRAPH_BUILDER_H

/* How a graph comes to be: the state of one reading, and what the readers of operators
 * (operators.h) use to look at their node and to add to the graph. Only nodes that the
 * wanted outputs need are read, in the order of the file. Threads: single. */

#include "graph.h"
#include "names.h"

enum { NNC_MAX_STEP = 65535 }; /* of strides, dilations, pads */
#define NNC_MAX_DIMENSION ((uint64_t)1 << 24)
#define NNC_MAX_ELEMENTS ((uint64_t)INT32_MAX)

enum nnc_element { /* what an operator sees; a cast float16 constant is FLOAT */
    NNC_ELEMENT_FLOAT,
    NNC_ELEMENT_NARROW, /* float16 or double that was not cast */
    NNC_ELEMENT_BYTE,   /* constant int8 or uint8, for DequantizeLinear */
    NNC_ELEMENT_U8,     /* computed by QuantizeLinear, for DequantizeLinear */
    NNC_ELEMENT_S8,
    NNC_ELEMENT_INT
};

struct nnc_value_facts {
    enum nnc_element element;
    bool constant; /* depends on no input of the graph */
};

struct nnc_builder {
    struct nnc_graph *graph;
    const struct nnc_onnx_model *model;
    struct nnc_names names;
    struct nnc_pool scratch; /* until the end of reading */
    struct nnc_value_facts *facts; /* [n_values] */
    uint32_t max_values, max_nodes; /* room in the graph's arrays */
    bool *needed;                  /* [model->n_nodes] */
    uint32_t *inputs;              /* room for the inputs of one node */
    uint32_t n_unsupported, n_listed;
    char unsupported[400]; /* the sentences of those that are listed */
    struct nnc_error *error;
};

/* One node being read. */
struct nnc_reading {
    struct nnc_builder *builder;
    const struct nnc_onnx_node *record;
    const struct nnc_operator *op;
    const char *name;    /* terminated, in the graph's pool */
    uint32_t n_inputs;   /* without omitted ones at the end */
    uint32_t *inputs;    /* value numbers or NNC_NONE */
    bool unsupported;
};

/* Fails with "node 'name' (Op): ...". */
enum nnc_status nnc_reading_fail(const struct nnc_reading *reading, enum nnc_status status,
                                 const char *format, ...) __attribute__((format(printf, 3, 4)));

/* Notes that this node cannot be done, and why; reading goes on, so that all such nodes
 * come into one message. Returns NNC_OK. */
enum nnc_status nnc_reading_unsupported(struct nnc_reading *reading, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Inputs. `has` is false for omitted ones. The others require i < n_inputs and given. */
bool nnc_input_has(const struct nnc_reading *reading, uint32_t i);
const struct nnc_shape *nnc_input_shape(const struct nnc_reading *reading, uint32_t i);
struct nnc_value_facts nnc_input_facts(const struct nnc_reading *reading, uint32_t i);
/* The constant behind an input, or NULL if it is computed. */
const struct nnc_tensor *nnc_input_tensor(const struct nnc_reading *reading, uint32_t i);
/* NNC_TYPE unless the input is there and float. */
enum nnc_status nnc_input_float(const struct nnc_reading *reading, uint32_t i);
/* Constant integers; NNC_SHAPE if they are computed, NNC_TYPE if not integers. */
enum nnc_status nnc_input_ints(const struct nnc_reading *reading, uint32_t i,
                               const int64_t **ints, uint32_t *n);
/* One constant float, also from an integer-free tensor of one element. */
enum nnc_status nnc_input_scalar(struct nnc_reading *reading, uint32_t i, float *value);

/* Attributes, with defaults. Types were checked against the operator's table row. */
bool nnc_attribute_find(const struct nnc_reading *reading, const char *name,
                        struct nnc_onnx_attribute *attribute);
int64_t nnc_attribute_int(const struct nnc_reading *reading, const char *name,
                          int64_t otherwise);
/* NNC_VALUE unless finite. */
enum nnc_status nnc_attribute_float(const struct nnc_reading *reading, const char *name,
                                    float otherwise, float *value);
/* Fills up to `n` values; `*given` says how many the file has, 0 if none. */
void nnc_attribute_ints(const struct nnc_reading *reading, const char *name, uint32_t n,
                        int64_t *values, uint32_t *given);
/* The constants of an axis attribute: -rank <= axis < rank, negative ones resolved.
 * NNC_VALUE. */
enum nnc_status nnc_resolve_axis(const struct nnc_reading *reading, int64_t axis,
                                 uint32_t rank, uint32_t *resolved);
/* A list of different axes from integers, as one bit each. */
enum nnc_status nnc_resolve_axes(const struct nnc_reading *reading, const int64_t *axes,
                                 uint32_t n, uint32_t rank, uint32_t *mask);

/* Adds a node whose value is output `position` of the record. `*node` is there to be
 * filled with parameters. The inputs are copied. */
enum nnc_status nnc_emit(struct nnc_reading *reading, uint32_t position, enum nnc_op op,
                         const uint32_t *inputs, uint32_t n_inputs,
                         const struct nnc_shape *shape, struct nnc_node **node);
/* The same for a value in the middle of what one ONNX node becomes. */
enum nnc_status nnc_emit_inner(struct nnc_reading *reading, enum nnc_op op,
                               const uint32_t *inputs, uint32_t n_inputs,
                               const struct nnc_shape *shape, struct nnc_node **node);
/* Makes output 0 a constant. `element` is what operators see. */
enum nnc_status nnc_emit_tensor(struct nnc_reading *reading, const struct nnc_tensor *tensor,
                                enum nnc_element element);
/* The same for integers, which are copied. */
enum nnc_status nnc_emit_ints(struct nnc_reading *reading, const struct nnc_shape *shape,
                              const int64_t *ints);
/* Makes output 0 another shape of input 0: a view of a constant, or a RESHAPE node. */
enum nnc_status nnc_emit_reshape(struct nnc_reading *reading, const struct nnc_shape *shape);

/* Makes the values of inputs and initializers when a node first needs them. */
enum nnc_status nnc_builder_value(struct nnc_builder *builder, struct nnc_name *name);

/* New value; NNC_NONE when the arrays are full, which the counting at the start rules
 * out. */
enum nnc_status nnc_builder_add_value(struct nnc_builder *builder, const char *name,
                                      enum nnc_value_kind kind, uint32_t source,
                                      const struct nnc_shape *shape,
                                      struct nnc_value_facts facts, uint32_t *value);
enum nnc_status nnc_builder_add_tensor(struct nnc_builder *builder,
                                       const struct nnc_tensor *tensor,
                                       enum nnc_element element, uint32_t *value);
enum nnc_status nnc_builder_tensor(struct nnc_builder *builder,
                                   const struct nnc_onnx_item *item, bool initializer,
                                   struct nnc_tensor *tensor);
/* What operators see of a constant. */
enum nnc_element nnc_element_of(enum nnc_dtype dtype);
/* Memory of the graph; the status tells "too much" from "none left". */
enum nnc_status nnc_builder_alloc(struct nnc_builder *builder, uint64_t count, uint64_t size,
                                  void **memory);

/* Reads all needed nodes. `logits` and `presence` (may be empty) are names of values. */
enum nnc_status nnc_builder_read_nodes(struct nnc_builder *builder, struct nnc_text logits,
                                       struct nnc_text presence);

/* Makes the values of the picture and the attention. Fails: NNC_SHAPE, NNC_TYPE, NNC_VALUE,
 * NNC_DANGLING. */
struct nnc_taxonomy_text;
enum nnc_status nnc_builder_read_inputs(struct nnc_builder *builder,
                                        const struct nnc_taxonomy_text *text);

/* Before nodes are read: are logits and presence outputs of the graph? NNC_DANGLING. */
enum nnc_status nnc_builder_check_output_names(const struct nnc_builder *builder,
                                               const struct nnc_taxonomy_text *text);

/* After it: finds the outputs, links the taxonomy, checks all indices, resolves features.
 * Fails: NNC_TAXONOMY, NNC_SHAPE, NNC_DUPLICATE, NNC_DANGLING and the linker's reasons. */
enum nnc_status nnc_builder_find_outputs(struct nnc_builder *builder,
                                         const struct nnc_taxonomy_text *text);

/* Keeps only what logits and presence need, and renumbers. */
void nnc_graph_prune(struct nnc_graph *graph, uint32_t *new_number);

/* Multiply-adds, live activations, total of weights. NNC_LIMIT. */
enum nnc_status nnc_graph_check_limits(const struct nnc_graph *graph, struct nnc_pool *pool,
                                       struct nnc_error *error);
/* Streams all float constants once. NNC_VALUE for NaN and infinity, and for variances
 * that cannot be. */
enum nnc_status nnc_graph_check_values(const struct nnc_graph *graph, struct nnc_pool *pool,
                                       struct nnc_error *error);

/* The float tensors without those that are views of the same bytes. */
enum nnc_status nnc_graph_unique_floats(const struct nnc_graph *graph, struct nnc_pool *pool,
                                        const struct nnc_tensor ***unique, uint32_t *n,
                                        struct nnc_error *error);

#endif

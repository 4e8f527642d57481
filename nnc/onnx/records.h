/* SPDX-License-Identifier: MIT */
#ifndef NNC_ONNX_RECORDS_H
#define NNC_ONNX_RECORDS_H

/* The messages of an ONNX file as C structures. They point into the file's bytes, which
 * outlive them; big things (tensors, attributes) stay byte ranges until they are wanted.
 * nnc_onnx_read_model proves the whole file well-formed first, so that the readers of
 * single records only judge meaning. Threads: single. */

#include "../base/memory.h"
#include "schema.h"
#include "source.h"
#include "wire.h"

/* TensorProto.DataType, those that are read. */
enum nnc_onnx_type {
    NNC_ONNX_FLOAT = 1,
    NNC_ONNX_UINT8 = 2,
    NNC_ONNX_INT8 = 3,
    NNC_ONNX_INT32 = 6,
    NNC_ONNX_INT64 = 7,
    NNC_ONNX_BOOL = 9,
    NNC_ONNX_FLOAT16 = 10,
    NNC_ONNX_DOUBLE = 11
};

struct nnc_text { /* not terminated */
    const char *bytes;
    uint32_t size;
};

struct nnc_text nnc_text_of(const char *string); /* NULL is empty */
bool nnc_text_is(struct nnc_text text, const char *string);
bool nnc_text_equal(struct nnc_text a, struct nnc_text b);

/* For "%.*s": at most 64 bytes of a name get into a message. */
#define NNC_TEXT(text)                                                                   \
    (int)((text).size < 64 ? (text).size : 64), (text).bytes ? (text).bytes : ""

struct nnc_onnx_item { /* a tensor or value_info: its name and where the message is */
    struct nnc_text name;
    uint64_t begin, end;
};

struct nnc_onnx_node {
    struct nnc_text name, op_type, domain;
    uint64_t begin, end;
    struct nnc_text *inputs, *outputs;
    uint32_t n_inputs, n_outputs;
};

struct nnc_onnx_model {
    const uint8_t *bytes;
    uint64_t size;
    int64_t opset; /* of the default domain */
    struct nnc_text taxonomy;
    uint64_t taxonomy_offset;
    struct nnc_onnx_node *nodes;
    struct nnc_onnx_item *initializers, *inputs, *outputs;
    uint32_t n_nodes, n_initializers, n_inputs, n_outputs;
};

/* Checks the bytes and reads all records but tensors and attributes. `pool` owns what is
 * allocated. Fails: everything nnc_onnx_check says, NNC_VERSION, NNC_TAXONOMY (no
 * taxonomy), NNC_UNSUPPORTED, NNC_NOMEM. */
enum nnc_status nnc_onnx_read_model(const uint8_t *bytes, uint64_t size,
                                    struct nnc_pool *pool, struct nnc_onnx_model *model,
                                    struct nnc_error *error);

/* What a file that is no model seems to be ("gzip data"), or NULL. */
const char *nnc_onnx_guess_format(const uint8_t *bytes, uint64_t size);

struct nnc_onnx_value_info {
    int64_t data_type; /* 0: none given */
    bool has_shape;
    uint32_t rank;
    bool fixed[NNC_ONNX_MAX_RANK]; /* else symbolic */
    int64_t dim[NNC_ONNX_MAX_RANK];
    struct nnc_text symbol[NNC_ONNX_MAX_RANK];
};

void nnc_onnx_read_value_info(const struct nnc_onnx_model *model,
                              const struct nnc_onnx_item *item,
                              struct nnc_onnx_value_info *info);

struct nnc_onnx_attribute {
    struct nnc_text name;
    char type; /* 'f' 'i' 's' 't' 'F' 'I'; 'S' 'T' 'g' ... are '?' */
    int64_t i;
    float f;
    struct nnc_text s;
    struct nnc_onnx_item t;
    uint64_t offset;   /* of the message */
    uint64_t f_offset; /* of the four bytes of `f` */
    uint64_t begin, end;
    uint32_t n; /* values of 'F' and 'I' */
};

/* Walks the attributes of a node: false after the last; `at` starts as node->begin. */
bool nnc_onnx_next_attribute(const struct nnc_onnx_model *model,
                             const struct nnc_onnx_node *node, uint64_t *at,
                             struct nnc_onnx_attribute *attribute);

/* Copies the first `most` values; the caller looked at `n`. */
void nnc_onnx_attribute_ints(const struct nnc_onnx_model *model,
                             const struct nnc_onnx_attribute *attribute, int64_t *out,
                             uint32_t most);
void nnc_onnx_attribute_floats(const struct nnc_onnx_model *model,
                               const struct nnc_onnx_attribute *attribute, float *out,
                               uint32_t most);

/* Fails with "tensor 'name': ..." at the tensor's place in the file. */
enum nnc_status nnc_onnx_fail_tensor(const struct nnc_onnx_item *item,
                                     enum nnc_status status, struct nnc_error *error,
                                     const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/* A tensor's meaning, and where its values are. Integers of all kinds become int64. */
struct nnc_onnx_tensor {
    struct nnc_text name;
    enum nnc_onnx_type type;
    uint32_t rank;
    uint32_t dim[NNC_ONNX_MAX_RANK]; /* >= 1 for floats */
    uint64_t elements;               /* < 2^31 */
    uint32_t file;                   /* floats and integers of one byte: a number that
                                        nnc_source_read knows */
    uint64_t offset, size;
    int64_t *ints; /* else; from the pool */
};

/* Fails: NNC_TYPE, NNC_SHAPE, NNC_LIMIT, NNC_TRUNCATED, NNC_DUPLICATE, NNC_EXTDATA,
 * NNC_PATH and what else nnc_source_add_external says, NNC_UNSUPPORTED, NNC_NOMEM. */
enum nnc_status nnc_onnx_read_tensor(const struct nnc_onnx_model *model,
                                     const struct nnc_onnx_item *item,
                                     struct nnc_source *source, struct nnc_pool *pool,
                                     struct nnc_onnx_tensor *tensor,
                                     struct nnc_error *error);

/* The ranges of one tensor's bytes in other files (external_data), for read_tensor. */
enum nnc_status nnc_onnx_read_external(const struct nnc_onnx_model *model,
                                       const struct nnc_onnx_item *item, uint64_t need,
                                       struct nnc_source *source,
                                       struct nnc_onnx_tensor *tensor,
                                       struct nnc_error *error);

#endif

/* SPDX-License-Identifier: MIT */
#ifndef NNC_GRAPH_GRAPH_H
#define NNC_GRAPH_GRAPH_H

/* A checked network: what the ONNX file says, reduced to the few operators that differ in
 * what they compute, with every shape known and every attribute in range. Made by
 * nnc_graph_read, immutable afterwards. Code behind this header trusts it blindly.
 *
 * Normalisation done by the reader, so that the planner sees fewer kinds:
 *   Identity, Dropout, Cast of floats        -> IDENTITY
 *   Flatten, Reshape, Squeeze, Unsqueeze     -> RESHAPE (row-major order kept)
 *   GlobalAveragePool, ReduceMean over H,W   -> GLOBAL_AVERAGE
 *   Split                                    -> one SLICE per output
 *   Relu, Clip, LeakyRelu, Sigmoid, HardSigmoid, HardSwish -> ACTIVATION
 *   Add, Sub, Mul, Div                       -> BINARY
 *   MatMul                                   -> GEMM where it is a 2-D product by a
 *                                               constant, else MATMUL
 *   Constant, and integer nodes on constants -> a tensor
 *   Cast of a float16 or double constant to float -> the tensor itself, converted on read
 *   DequantizeLinear of a constant -> the tensor with its scaling, converted on read
 *   QuantizeLinear, DequantizeLinear of what is computed -> ACTIVATION; between the two the
 *                                               value holds integers, as floats
 * Batch is 1 everywhere (dimension 0 of the image input and of whatever keeps it). */

#include "../base/error.h"
#include "../base/memory.h"
#include <nnc/model.h>

#include <stdbool.h>

enum { NNC_MAX_RANK = 6 };
#define NNC_NONE UINT32_MAX

enum nnc_dtype {
    NNC_DTYPE_FLOAT,
    NNC_DTYPE_FLOAT16,
    NNC_DTYPE_DOUBLE,
    NNC_DTYPE_INT8, /* and UINT8: numbers by their scale, see struct nnc_scaling */
    NNC_DTYPE_UINT8,
    NNC_DTYPE_INT
};

/* What DequantizeLinear makes of integers: (integer - zero) * scale, with one scale for all
 * or one for each index along `axis`. */
struct nnc_scaling {
    uint32_t n, axis;
    const float *scale;  /* [n], positive */
    const int32_t *zero; /* [n] */
};

struct nnc_shape {
    uint32_t rank;
    uint32_t dim[NNC_MAX_RANK];
};

static inline uint64_t nnc_shape_elements(const struct nnc_shape *shape)
{
    uint64_t n = 1; /* cannot overflow: the reader keeps every product below 2^31 */
    for (uint32_t i = 0; i < shape->rank; i++)
        n *= shape->dim[i];
    return n;
}

/* A constant. Float kinds, and integers with a scaling, are checked (finite) but not
 * resident: read them with nnc_graph_read_floats. Other integers are in `ints`. */
struct nnc_tensor {
    const char *name;
    enum nnc_dtype dtype;
    struct nnc_shape shape;
    const struct nnc_scaling *scaling; /* NULL: numbers as they are */
    bool int32;            /* INT: of 32 bits in the file */
    bool initializer;      /* false: a Constant node; only initializers count as parameters */
    const int64_t *ints;   /* INT only: [elements] */
    uint32_t file;         /* float kinds: which source holds the bytes (0 = the model) */
    uint64_t offset, size; /* and where, in bytes */
};

static inline bool nnc_tensor_has_floats(const struct nnc_tensor *tensor)
{
    return tensor->dtype != NNC_DTYPE_INT || tensor->scaling;
}

enum nnc_value_kind {
    NNC_VALUE_IMAGE,     /* the image input, [1, C, H, W] */
    NNC_VALUE_ATTENTION, /* the attention input, [categories] */
    NNC_VALUE_TENSOR,    /* a constant: tensors[source] */
    NNC_VALUE_NODE       /* output of nodes[source] */
};

struct nnc_value {
    const char *name;
    bool inner; /* in the middle of what one ONNX node became: its name is that node's */
    enum nnc_value_kind kind;
    uint32_t source;
    struct nnc_shape shape;
};

enum nnc_op {
    NNC_OP_CONV,           /* x, weights [O, I/g, kH, kW], bias [O] or NNC_NONE */
    NNC_OP_BATCH_NORM,     /* x, scale, bias, mean, variance: all [C], constants */
    NNC_OP_ACTIVATION,     /* x */
    NNC_OP_BINARY,         /* a, b; numpy broadcasting */
    NNC_OP_POOL,           /* x [1, C, H, W] */
    NNC_OP_GLOBAL_AVERAGE, /* x [1, C, H, W] -> [1, C, 1, 1] or [1, C] (or [C] ...) */
    NNC_OP_GEMM,           /* a [M, K], weights, bias or NNC_NONE; see struct nnc_gemm */
    NNC_OP_MATMUL,         /* a, b; numpy matmul, any rank, any of them computed */
    NNC_OP_CONCAT,         /* inputs along `axis` */
    NNC_OP_RESHAPE,        /* x; same elements in the same order */
    NNC_OP_TRANSPOSE,      /* x */
    NNC_OP_SLICE,          /* x */
    NNC_OP_GATHER,         /* x; constant indices along an axis */
    NNC_OP_SOFTMAX,        /* x, along `axis` */
    NNC_OP_PAD,            /* x */
    NNC_OP_IDENTITY        /* x */
};

enum nnc_activation_kind {
    NNC_ACT_NONE,
    NNC_ACT_CLIP,         /* min(max(x, alpha), beta); Relu is alpha 0, beta +inf */
    NNC_ACT_LEAKY_RELU,   /* x < 0 ? alpha * x : x */
    NNC_ACT_SIGMOID,      /* 1 / (1 + exp(-x)) */
    NNC_ACT_HARD_SIGMOID, /* min(max(alpha * x + beta, 0), 1) */
    NNC_ACT_HARD_SWISH,   /* x * min(max(x / 6 + 0.5, 0), 1) */
    NNC_ACT_QUANTIZE_U8,  /* min(max(round(x / alpha) + beta, 0), 255), to nearest even */
    NNC_ACT_QUANTIZE_S8,  /* the same within -128 .. 127 */
    NNC_ACT_DEQUANTIZE_U8, /* (x - beta) * alpha, of what QUANTIZE_U8 made */
    NNC_ACT_DEQUANTIZE_S8
};

struct nnc_activation {
    enum nnc_activation_kind kind;
    float alpha, beta;
};

struct nnc_conv { /* pads may differ on the two sides; SAME_* and VALID are resolved */
    uint32_t kernel[2], stride[2], dilation[2]; /* y, x */
    uint32_t pad_begin[2], pad_end[2];
    uint32_t groups;
};

struct nnc_pool_params { /* output size is in the output's shape (ceil_mode resolved) */
    bool average;        /* else maximum */
    bool count_include_pad;
    uint32_t kernel[2], stride[2], dilation[2], pad_begin[2], pad_end[2];
};

enum nnc_binary_kind { NNC_ADD, NNC_SUB, NNC_MUL, NNC_DIV };

struct nnc_gemm {              /* out[M, N] = alpha * a * w + beta * bias */
    bool transpose_a;          /* a is given as [K, M] */
    bool transpose_b;          /* weights are [N, K], else [K, N]; always a constant */
    float alpha, beta;
};

struct nnc_slice { /* per axis of x; end is exclusive and implied by the output's shape */
    uint32_t start[NNC_MAX_RANK];
    int32_t step[NNC_MAX_RANK]; /* never 0; may be negative */
};

enum nnc_pad_mode { NNC_PAD_CONSTANT, NNC_PAD_REFLECT, NNC_PAD_EDGE };

struct nnc_pad {
    enum nnc_pad_mode mode;
    int32_t begin[NNC_MAX_RANK], end[NNC_MAX_RANK]; /* may be negative: cropping */
    float value;
};

struct nnc_gather { /* output shape = x's with `axis` replaced by the shape of the indices
                       (rank 0 indices remove the axis) */
    uint32_t axis;
    uint32_t n_indices;
    const uint32_t *indices; /* in range, negative ones resolved */
};

struct nnc_node {
    enum nnc_op op;
    const char *name;   /* never NULL; made up ("Conv_12") if the file has none */
    uint32_t n_inputs;
    uint32_t *inputs;   /* value numbers; NNC_NONE for an omitted optional one */
    uint32_t output;    /* value number: every node has one output */
    union {
        struct nnc_conv conv;
        float epsilon; /* BATCH_NORM */
        struct nnc_activation activation;
        struct nnc_pool_params pool;
        enum nnc_binary_kind binary;
        struct nnc_gemm gemm;
        uint32_t axis; /* CONCAT, SOFTMAX */
        uint32_t perm[NNC_MAX_RANK];
        struct nnc_slice slice;
        struct nnc_gather gather;
        struct nnc_pad pad;
    };
};

/* One category as the taxonomy names it; values are numbers of `values`, or NNC_NONE. */
struct nnc_branch {
    uint32_t features;    /* value after the gain */
    uint32_t gain;        /* index in the attention input */
    uint32_t presence;    /* index in the presence output */
};

struct nnc_graph {
    struct nnc_tensor *tensors;
    uint32_t n_tensors;
    struct nnc_value *values;
    uint32_t n_values;
    struct nnc_node *nodes; /* in an order in which they can be computed */
    uint32_t n_nodes;
    uint32_t image;         /* value number */
    uint32_t attention;     /* value number or NNC_NONE */
    uint32_t logits;        /* value number; shape [1, classes] */
    uint32_t presence;      /* value number or NNC_NONE; shape [1, n] */
    float presence_threshold;
    struct nnc_input_spec input;
    struct nnc_taxonomy *taxonomy;
    struct nnc_branch *branches; /* [categories] */
    struct nnc_preset *presets;  /* [n_presets], in the order of the file */
    uint32_t n_presets;
    char name[256];              /* base name of the file, "(memory)" */
    uint32_t opset;
    uint64_t taxonomy_offset, taxonomy_size; /* where the file has its JSON, in bytes */

    struct nnc_source *sources; /* open files or bytes; see onnx/source.h */
    struct nnc_pool pool;       /* owns everything above but the sources */
};

/* Opens, reads, checks. Only nodes that the logits or presence need are kept, and all
 * their float constants are proven finite. `path` or (`bytes`, `size`) is given; bytes
 * are copied. On failure nothing is left open or allocated, and the message begins with
 * the file's base name. */
enum nnc_status nnc_graph_read(const char *path, const void *bytes, size_t size,
                               struct nnc_graph **graph, struct nnc_error *error);
void nnc_graph_destroy(struct nnc_graph *graph); /* takes a half-made one, and NULL */

/* Elements [first, first + count) of a float tensor, converted to float, subnormal values
 * flushed to zero. Reads the file (pread): fails with NNC_CHANGED if it is not the one
 * that was opened any more. Threads: shared. Allocates nothing. */
enum nnc_status nnc_graph_read_floats(const struct nnc_graph *graph, uint32_t tensor,
                                      uint64_t first, uint64_t count, float *out,
                                      struct nnc_error *error);

/* Elements [first, first + count) of a tensor with a scaling, as integers. Otherwise like
 * nnc_graph_read_floats. */
enum nnc_status nnc_graph_read_integers(const struct nnc_graph *graph, uint32_t tensor,
                                        uint64_t first, uint64_t count, int32_t *out,
                                        struct nnc_error *error);

#endif

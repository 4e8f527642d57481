/* SPDX-License-Identifier: MIT */
#ifndef TESTS_FUZZ_ONNX_WRITER_H
#define TESTS_FUZZ_ONNX_WRITER_H

/* Writes ONNX files: just as much protobuf as that takes. Tensors are called by numbers,
 * value 7 is "v7" in the file. Nothing here checks anything; short memory ends the
 * program.
 *
 * Threads: single. */

#include <stddef.h>
#include <stdint.h>

struct bytes {
    uint8_t *data;
    size_t size, room;
};

void bytes_add(struct bytes *bytes, const void *data, size_t size);
void bytes_print(struct bytes *bytes, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
void bytes_free(struct bytes *bytes);

/* A shape; named apart from the core's own, which the generator must not trust. */
enum { MAX_RANK = 6 };
struct dims {
    uint32_t rank;
    uint32_t dim[MAX_RANK];
};

struct onnx {
    struct bytes nodes, initializers, inputs, outputs, taxonomy;
    struct bytes attributes; /* of the next node */
    int opset;
};

/* Attributes of the next node. */
void onnx_int(struct onnx *onnx, const char *name, int64_t value);
void onnx_float(struct onnx *onnx, const char *name, float value);
void onnx_text(struct onnx *onnx, const char *name, const char *value);
void onnx_ints(struct onnx *onnx, const char *name, const int64_t *values, size_t n);
void onnx_tensor(struct onnx *onnx, const char *name, const struct dims *dims,
                 const float *values);

/* A node; an input of NO_VALUE is left out. Takes the attributes. */
#define NO_VALUE UINT32_MAX
void onnx_node(struct onnx *onnx, const char *op, const uint32_t *inputs, size_t n_inputs,
               const uint32_t *outputs, size_t n_outputs);

void onnx_floats(struct onnx *onnx, uint32_t value, const struct dims *dims,
                 const float *values);
void onnx_integers(struct onnx *onnx, uint32_t value, const struct dims *dims,
                   const int64_t *values);
/* Floats in another file, as `n` entries say: keys and values by turns, not terminated. */
void onnx_external(struct onnx *onnx, uint32_t value, const struct dims *dims,
                   const char *const *entries, const size_t *sizes, size_t n);
void onnx_input(struct onnx *onnx, uint32_t value, const struct dims *dims);
void onnx_output(struct onnx *onnx, uint32_t value, const struct dims *dims);

/* The file. */
void onnx_encode(const struct onnx *onnx, struct bytes *file);
void onnx_free(struct onnx *onnx);

#endif

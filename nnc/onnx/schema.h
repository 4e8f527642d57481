/* SPDX-License-Identifier: MIT */
#ifndef NNC_ONNX_SCHEMA_H
#define NNC_ONNX_SCHEMA_H

/* Proves that bytes are a well-formed ModelProto before anything looks at them: wire
 * types, lengths, fields given twice, counts, names and nesting, by one table and one
 * loop. Allocates nothing, uses a fixed stack of about 2 KiB, takes time linear in size. */

#include "wire.h"

enum {
    NNC_ONNX_MAX_NESTING = 16,
    NNC_ONNX_MAX_NODES = 16384,
    NNC_ONNX_MAX_INITIALIZERS = 16384,
    NNC_ONNX_MAX_VALUES = 65536,
    NNC_ONNX_MAX_NODE_INPUTS = 4096, /* a Concat of the logits of all categories */
    NNC_ONNX_MAX_ATTRIBUTES = 64,
    NNC_ONNX_MAX_RANK = 6,
    NNC_ONNX_MAX_NAME = 256,
    NNC_ONNX_MAX_METADATA = 64
};

/* Fails: NNC_PARSE, NNC_TRUNCATED, NNC_TYPE (known field, wrong wire type), NNC_DUPLICATE,
 * NNC_LIMIT, NNC_VALUE (names). */
enum nnc_status nnc_onnx_check(const uint8_t *bytes, uint64_t size, struct nnc_error *error);

/* Whether these bytes are UTF-8 without control characters: what a name must be. */
bool nnc_onnx_name_is_clean(const uint8_t *bytes, uint64_t size);

#endif

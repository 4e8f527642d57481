/* SPDX-License-Identifier: MIT */
#ifndef NNC_ONNX_WIRE_WRITER_H
#define NNC_ONNX_WIRE_WRITER_H

/* The protobuf wire format, written into memory that grows. The first failure stays in
 * `status`, and what is written after it goes nowhere, so that one look at the end is
 * enough. Threads: single. */

#include "../base/error.h"

#include <stddef.h>

struct nnc_wire_writer { /* zero-initialise */
    uint8_t *bytes;
    uint64_t size, room;
    enum nnc_status status; /* NNC_NOMEM, or NNC_LIMIT: more than a model file may have */
};

void nnc_wire_put_integer(struct nnc_wire_writer *writer, uint32_t field, int64_t value);
void nnc_wire_put_float(struct nnc_wire_writer *writer, uint32_t field, float value);
void nnc_wire_put_bytes(struct nnc_wire_writer *writer, uint32_t field, const void *bytes,
                        uint64_t size);
void nnc_wire_put_text(struct nnc_wire_writer *writer, uint32_t field, const char *text);

/* A message: everything written between the two calls. Messages may be nested. */
uint64_t nnc_wire_open(struct nnc_wire_writer *writer, uint32_t field);
void nnc_wire_close(struct nnc_wire_writer *writer, uint64_t opened);

/* Without a field: a part of what is between open and close. */
void nnc_wire_append(struct nnc_wire_writer *writer, const void *bytes, uint64_t size);
/* The same for numbers, little end first whatever the machine. */
void nnc_wire_append_floats(struct nnc_wire_writer *writer, const float *values,
                            uint64_t n);
void nnc_wire_append_int64s(struct nnc_wire_writer *writer, const int64_t *values,
                            uint64_t n);

void nnc_wire_finish(struct nnc_wire_writer *writer);

#endif

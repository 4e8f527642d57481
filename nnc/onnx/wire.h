/* SPDX-License-Identifier: MIT */
#ifndef NNC_ONNX_WIRE_H
#define NNC_ONNX_WIRE_H

/* The protobuf wire format, one field at a time. A cursor never leaves its range, never
 * allocates and never recurses; positions are offsets in the whole file, so that every
 * complaint can name its byte. Threads: single. */

#include "../base/error.h"

#include <endian.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

enum nnc_wire_type {
    NNC_WIRE_VARINT = 0,
    NNC_WIRE_FIXED64 = 1,
    NNC_WIRE_BYTES = 2,
    NNC_WIRE_FIXED32 = 5
};

struct nnc_wire {
    const uint8_t *bytes; /* of the whole file; the cursor is within [at, end) */
    uint64_t at, end;
};

struct nnc_field {
    uint32_t number;     /* 0: there was no more field */
    uint32_t type;       /* enum nnc_wire_type */
    uint64_t offset;     /* of its tag */
    uint64_t value;      /* VARINT and FIXED*: the bits */
    uint64_t begin, end; /* where the value's bytes are */
};

/* Reads the next field. At the end of the range `field->number` is 0 and the status OK.
 * Fails: NNC_PARSE, NNC_TRUNCATED. */
enum nnc_status nnc_wire_next(struct nnc_wire *wire, struct nnc_field *field,
                              struct nnc_error *error);

/* The same for bytes that nnc_onnx_check has accepted: false after the last field. */
bool nnc_wire_each(struct nnc_wire *wire, struct nnc_field *field);

/* One varint; false, and the cursor unmoved, if it is cut off or longer than 64 bits. */
bool nnc_wire_varint(struct nnc_wire *wire, uint64_t *value);

/* Little-endian bits at `offset`, which the caller knows to be inside the file. Inline, so
 * that compilers see the loads and take many at a time. */
static inline uint32_t nnc_wire_bits32(const uint8_t *bytes, uint64_t offset)
{
    uint32_t bits;
    memcpy(&bits, bytes + offset, sizeof bits);
    return le32toh(bits);
}

static inline uint64_t nnc_wire_bits64(const uint8_t *bytes, uint64_t offset)
{
    uint64_t bits;
    memcpy(&bits, bytes + offset, sizeof bits);
    return le64toh(bits);
}

#endif

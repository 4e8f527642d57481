/* SPDX-License-Identifier: MIT */
/* Tags, varints and lengths. This file knows nothing of ONNX; every comparison is between
 * a number from the file and what is left of the range, never a sum that could wrap. */

#include "wire.h"

enum { MAX_VARINT_BYTES = 10, MAX_FIELD_NUMBER = (1 << 29) - 1 };

bool nnc_wire_varint(struct nnc_wire *wire, uint64_t *value)
{
    const uint64_t left = wire->end - wire->at;
    const uint64_t longest = left < MAX_VARINT_BYTES ? left : MAX_VARINT_BYTES;
    uint64_t bits = 0;
    for (uint64_t i = 0; i < longest; i++) {
        const uint8_t byte = wire->bytes[wire->at + i];
        if (i == MAX_VARINT_BYTES - 1 && byte > 1)
            return false; /* more than 64 bits */
        bits |= (uint64_t)(byte & 0x7f) << (7 * i);
        if (byte < 0x80) {
            wire->at += i + 1;
            *value = bits;
            return true;
        }
    }
    return false;
}

static enum nnc_status fail_varint(const struct nnc_wire *wire, uint64_t field_number,
                                   struct nnc_error *error)
{
    const bool cut = wire->end - wire->at < MAX_VARINT_BYTES;
    if (!field_number)
        return nnc_fail_at(error, NNC_PARSE, NULL, wire->at, "file: %s a tag's varint",
                           cut ? "ends inside" : "more than 64 bits in");
    return nnc_fail_at(error, NNC_PARSE, NULL, wire->at, "field %llu: %s a varint",
                       (unsigned long long)field_number,
                       cut ? "message ends inside" : "more than 64 bits in");
}

static enum nnc_status read_bytes(struct nnc_wire *wire, struct nnc_field *field,
                                  uint64_t size, struct nnc_error *error)
{
    const uint64_t left = wire->end - wire->at;
    if (size > left)
        return nnc_fail_at(
            error, NNC_TRUNCATED, NULL, field->offset,
            "field %u: message ends inside it; length %llu, %llu bytes left",
            field->number, (unsigned long long)size, (unsigned long long)left);
    field->begin = wire->at;
    field->end = wire->at + size;
    wire->at = field->end;
    return NNC_OK;
}

static enum nnc_status read_tag(struct nnc_wire *wire, struct nnc_field *field,
                                struct nnc_error *error)
{
    uint64_t tag;
    field->offset = wire->at;
    if (!nnc_wire_varint(wire, &tag))
        return fail_varint(wire, 0, error);
    if (tag >> 3 == 0)
        return nnc_fail_at(error, NNC_PARSE, NULL, field->offset,
                           "file: field number 0 is not allowed");
    if (tag >> 3 > MAX_FIELD_NUMBER)
        return nnc_fail_at(error, NNC_PARSE, NULL, field->offset,
                           "file: field number %llu, limit %d",
                           (unsigned long long)(tag >> 3), MAX_FIELD_NUMBER);
    field->number = (uint32_t)(tag >> 3);
    field->type = (uint32_t)(tag & 7);
    return NNC_OK;
}

static enum nnc_status read_value(struct nnc_wire *wire, struct nnc_field *field,
                                  struct nnc_error *error)
{
    const uint64_t start = wire->at;
    enum nnc_status status;
    switch (field->type) {
    case NNC_WIRE_VARINT:
        if (!nnc_wire_varint(wire, &field->value))
            return fail_varint(wire, field->number, error);
        field->begin = start;
        field->end = wire->at;
        return NNC_OK;
    case NNC_WIRE_FIXED64:
        status = read_bytes(wire, field, 8, error);
        if (!status)
            field->value = nnc_wire_bits64(wire->bytes, start);
        return status;
    case NNC_WIRE_FIXED32:
        status = read_bytes(wire, field, 4, error);
        if (!status)
            field->value = nnc_wire_bits32(wire->bytes, start);
        return status;
    case NNC_WIRE_BYTES: {
        uint64_t size;
        if (!nnc_wire_varint(wire, &size))
            return fail_varint(wire, field->number, error);
        return read_bytes(wire, field, size, error);
    }
    default: /* groups are as old as protobuf 1 and nest without lengths */
        return nnc_fail_at(error, NNC_PARSE, NULL, field->offset,
                           "field %u: wire type %u; expected 0, 1, 2 or 5", field->number,
                           field->type);
    }
}

enum nnc_status nnc_wire_next(struct nnc_wire *wire, struct nnc_field *field,
                              struct nnc_error *error)
{
    *field = (struct nnc_field){.number = 0};
    if (wire->at == wire->end)
        return NNC_OK;
    const enum nnc_status status = read_tag(wire, field, error);
    return status ? status : read_value(wire, field, error);
}

bool nnc_wire_each(struct nnc_wire *wire, struct nnc_field *field)
{
    return !nnc_wire_next(wire, field, NULL) && field->number;
}

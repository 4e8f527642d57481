/* SPDX-License-Identifier: MIT */
/* Tags, varints and lengths, the other way round. A message's length is known when it
 * closes, and is then put in front of it. */

#include "wire_writer.h"

#include "source.h"
#include "wire.h"

#include <stdlib.h>
#include <string.h>

enum { MAX_VARINT = 10, FIRST_ROOM = 4096 };

static bool make_room(struct nnc_wire_writer *w, uint64_t more)
{
    if (!w->status && more > NNC_MAX_MODEL_BYTES - w->size)
        w->status = NNC_LIMIT;
    if (w->status || more <= w->room - w->size)
        return !w->status;
    uint64_t room = w->room ? 2 * w->room : FIRST_ROOM;
    if (room < w->size + more)
        room = w->size + more;
    uint8_t *const grown = realloc(w->bytes, room);
    if (!grown) {
        w->status = NNC_NOMEM;
        return false;
    }
    w->bytes = grown;
    w->room = room;
    return true;
}

void nnc_wire_append(struct nnc_wire_writer *w, const void *bytes, uint64_t size)
{
    if (!size || !make_room(w, size))
        return;
    memcpy(w->bytes + w->size, bytes, size);
    w->size += size;
}

static size_t encode(uint64_t value, uint8_t out[MAX_VARINT])
{
    size_t n = 0;
    for (; value > 0x7f; value >>= 7)
        out[n++] = (uint8_t)(value & 0x7f) | 0x80;
    out[n++] = (uint8_t)value;
    return n;
}

static void put_varint(struct nnc_wire_writer *w, uint64_t value)
{
    uint8_t bytes[MAX_VARINT];
    nnc_wire_append(w, bytes, encode(value, bytes));
}

static void put_tag(struct nnc_wire_writer *w, uint32_t field, enum nnc_wire_type type)
{
    put_varint(w, field << 3 | type);
}

static void append_little(struct nnc_wire_writer *w, uint64_t bits, size_t size)
{
    uint8_t bytes[8];
    for (size_t i = 0; i < size; i++)
        bytes[i] = (uint8_t)(bits >> 8 * i);
    nnc_wire_append(w, bytes, size);
}

static uint32_t bits_of(float value)
{
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    return bits;
}

void nnc_wire_put_integer(struct nnc_wire_writer *w, uint32_t field, int64_t value)
{
    put_tag(w, field, NNC_WIRE_VARINT);
    put_varint(w, (uint64_t)value);
}

void nnc_wire_put_float(struct nnc_wire_writer *w, uint32_t field, float value)
{
    put_tag(w, field, NNC_WIRE_FIXED32);
    append_little(w, bits_of(value), 4);
}

void nnc_wire_put_bytes(struct nnc_wire_writer *w, uint32_t field, const void *bytes,
                        uint64_t size)
{
    put_tag(w, field, NNC_WIRE_BYTES);
    put_varint(w, size);
    nnc_wire_append(w, bytes, size);
}

void nnc_wire_put_text(struct nnc_wire_writer *w, uint32_t field, const char *text)
{
    nnc_wire_put_bytes(w, field, text, strlen(text));
}

uint64_t nnc_wire_open(struct nnc_wire_writer *w, uint32_t field)
{
    put_tag(w, field, NNC_WIRE_BYTES);
    return w->size;
}

void nnc_wire_close(struct nnc_wire_writer *w, uint64_t opened)
{
    uint8_t length[MAX_VARINT];
    if (w->status)
        return;
    const uint64_t size = w->size - opened;
    const size_t n = encode(size, length);
    if (!make_room(w, n))
        return;
    memmove(w->bytes + opened + n, w->bytes + opened, size);
    memcpy(w->bytes + opened, length, n);
    w->size += n;
}

void nnc_wire_append_floats(struct nnc_wire_writer *w, const float *values, uint64_t n)
{
    for (uint64_t i = 0; i < n; i++)
        append_little(w, bits_of(values[i]), 4);
}

void nnc_wire_append_int64s(struct nnc_wire_writer *w, const int64_t *values, uint64_t n)
{
    for (uint64_t i = 0; i < n; i++)
        append_little(w, (uint64_t)values[i], 8);
}

void nnc_wire_finish(struct nnc_wire_writer *w)
{
    free(w->bytes);
    *w = (struct nnc_wire_writer){0};
}

/* SPDX-License-Identifier: MIT */
/* AttributeProto. Some exporters leave `type` out; then the field that is set tells it.
 */

#include "records.h"

#include <string.h>

static char letter_of(uint64_t type)
{
    static const char letters[] = "?fist?FI";
    return type < sizeof letters - 1 ? letters[type] : '?';
}

static uint32_t count_values(const uint8_t *bytes, const struct nnc_field *field,
                             uint32_t unit)
{
    if (field->type != NNC_WIRE_BYTES)
        return 1;
    if (unit)
        return (uint32_t)((field->end - field->begin) / unit);
    struct nnc_wire wire = {bytes, field->begin, field->end};
    uint64_t ignored;
    uint32_t n = 0;
    while (wire.at < wire.end && nnc_wire_varint(&wire, &ignored))
        n++;
    return n;
}

static struct nnc_onnx_item tensor_item(const uint8_t *bytes,
                                        const struct nnc_field *field)
{
    struct nnc_onnx_item item = {{"", 0}, field->begin, field->end};
    struct nnc_wire wire = {bytes, field->begin, field->end};
    struct nnc_field inner;
    while (nnc_wire_each(&wire, &inner))
        if (inner.number == 8)
            item.name = (struct nnc_text){(const char *)bytes + inner.begin,
                                          (uint32_t)(inner.end - inner.begin)};
    return item;
}

/* Notes one field; `*set` becomes the letter of what it holds. */
static void read_field(const uint8_t *bytes, const struct nnc_field *field,
                       struct nnc_onnx_attribute *a, char *set, uint64_t *type)
{
    const struct nnc_text text = {(const char *)bytes + field->begin,
                                  (uint32_t)(field->end - field->begin)};
    const uint32_t bits = (uint32_t)field->value;
    switch (field->number) {
    case 1:
        a->name = text;
        return;
    case 20:
        *type = field->value;
        return;
    case 2:
        memcpy(&a->f, &bits, sizeof a->f);
        a->f_offset = field->begin;
        *set = 'f';
        return;
    case 3:
        a->i = (int64_t)field->value;
        *set = 'i';
        return;
    case 4:
        a->s = text;
        *set = 's';
        return;
    case 5:
        a->t = tensor_item(bytes, field);
        *set = 't';
        return;
    case 7:
        a->n += count_values(bytes, field, 4);
        *set = 'F';
        return;
    case 8:
        a->n += count_values(bytes, field, 0);
        *set = 'I';
        return;
    case 13:
        return;
    default:
        *set = '?';
    }
}

static void read_attribute(const uint8_t *bytes, const struct nnc_field *at,
                           struct nnc_onnx_attribute *attribute)
{
    struct nnc_wire wire = {bytes, at->begin, at->end};
    struct nnc_field field;
    char set = 0;
    uint64_t type = 0;
    *attribute = (struct nnc_onnx_attribute){.name = {"", 0},
                                             .s = {"", 0},
                                             .offset = at->offset,
                                             .begin = at->begin,
                                             .end = at->end};
    while (nnc_wire_each(&wire, &field))
        read_field(bytes, &field, attribute, &set, &type);
    attribute->type = type ? letter_of(type) : set ? set : '?';
    /* An empty list or a zero may be left out of the file, another kind may not be there.
     */
    if (type && set && set != attribute->type)
        attribute->type = '?';
}

bool nnc_onnx_next_attribute(const struct nnc_onnx_model *model,
                             const struct nnc_onnx_node *node, uint64_t *at,
                             struct nnc_onnx_attribute *attribute)
{
    struct nnc_wire wire = {model->bytes, *at, node->end};
    struct nnc_field field;
    while (nnc_wire_each(&wire, &field)) {
        if (field.number != 5)
            continue;
        read_attribute(model->bytes, &field, attribute);
        *at = wire.at;
        return true;
    }
    return false;
}

void nnc_onnx_attribute_ints(const struct nnc_onnx_model *model,
                             const struct nnc_onnx_attribute *attribute, int64_t *out,
                             uint32_t most)
{
    struct nnc_wire wire = {model->bytes, attribute->begin, attribute->end};
    struct nnc_field field;
    uint32_t n = 0;
    while (nnc_wire_each(&wire, &field)) {
        if (field.number != 8)
            continue;
        struct nnc_wire inside = {model->bytes, field.begin, field.end};
        uint64_t value;
        while (n < most && inside.at < inside.end && nnc_wire_varint(&inside, &value))
            out[n++] = (int64_t)value;
    }
}

void nnc_onnx_attribute_floats(const struct nnc_onnx_model *model,
                               const struct nnc_onnx_attribute *attribute, float *out,
                               uint32_t most)
{
    struct nnc_wire wire = {model->bytes, attribute->begin, attribute->end};
    struct nnc_field field;
    uint32_t n = 0;
    while (nnc_wire_each(&wire, &field))
        if (field.number == 7)
            for (uint64_t at = field.begin; at + 4 <= field.end && n < most;
                 at += 4, n++) {
                const uint32_t bits = nnc_wire_bits32(model->bytes, at);
                memcpy(&out[n], &bits, sizeof bits);
            }
}

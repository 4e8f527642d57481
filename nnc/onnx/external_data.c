/* SPDX-License-Identifier: MIT */
/* The key/value entries that say where a tensor's bytes are outside the model: location,
 * offset and length. Numbers are plain decimal digits and nothing else, because every
 * library that parses numbers accepts something more. Other keys are ignored. */

#include "records.h"

#include <string.h>

struct place {
    struct nnc_text location, offset, length;
    bool has_location, has_offset, has_length;
};

static enum nnc_status fail(const struct nnc_onnx_item *item, enum nnc_status status,
                            const char *key, struct nnc_text value,
                            struct nnc_error *error)
{
    return nnc_onnx_fail_tensor(
        item, status, error, "external data: bad %s; got '%.*s'%s", key, NNC_TEXT(value),
        status == NNC_DUPLICATE ? " a second time" : ", expected decimal digits");
}

static struct nnc_text field_text(const uint8_t *bytes, const struct nnc_field *field)
{
    return (struct nnc_text){(const char *)bytes + field->begin,
                             (uint32_t)(field->end - field->begin)};
}

static enum nnc_status read_entry(const struct nnc_onnx_model *model,
                                  const struct nnc_onnx_item *item,
                                  const struct nnc_field *entry, struct place *place,
                                  struct nnc_error *error)
{
    struct nnc_wire wire = {model->bytes, entry->begin, entry->end};
    struct nnc_field field;
    struct nnc_text key = {"", 0}, value = {"", 0};
    while (nnc_wire_each(&wire, &field)) {
        if (field.number == 1)
            key = field_text(model->bytes, &field);
        else if (field.number == 2)
            value = field_text(model->bytes, &field);
    }
    const struct {
        const char *key;
        bool *has;
        struct nnc_text *value;
    } known[] = {{"location", &place->has_location, &place->location},
                 {"offset", &place->has_offset, &place->offset},
                 {"length", &place->has_length, &place->length}};
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        if (!nnc_text_is(key, known[i].key))
            continue;
        if (*known[i].has)
            return fail(item, NNC_DUPLICATE, known[i].key, value, error);
        *known[i].has = true;
        *known[i].value = value;
    }
    return NNC_OK;
}

/* At most 2^63 - 1, as files have no more. */
static bool parse_number(struct nnc_text text, uint64_t *number)
{
    uint64_t n = 0;
    for (uint32_t i = 0; i < text.size; i++) {
        if (text.bytes[i] < '0' || text.bytes[i] > '9' || !nnc_mul(n, 10, &n) ||
            !nnc_add(n, (uint64_t)(text.bytes[i] - '0'), &n))
            return false;
    }
    *number = n;
    return text.size && n <= INT64_MAX;
}

static enum nnc_status judge_range(const struct nnc_onnx_item *item, uint64_t offset,
                                   uint64_t length, uint64_t file_size, uint64_t need,
                                   struct nnc_error *error)
{
    uint64_t end;
    if (!nnc_add(offset, length, &end) || end > file_size)
        return nnc_onnx_fail_tensor(
            item, NNC_EXTDATA, error,
            "external data: offset %llu and length %llu reach beyond "
            "the file size %llu",
            (unsigned long long)offset, (unsigned long long)length,
            (unsigned long long)file_size);
    if (length != need)
        return nnc_onnx_fail_tensor(
            item, NNC_SHAPE, error,
            "external data: length does not fit the dims; got %llu, "
            "expected %llu",
            (unsigned long long)length, (unsigned long long)need);
    return NNC_OK;
}

enum nnc_status nnc_onnx_read_external(const struct nnc_onnx_model *model,
                                       const struct nnc_onnx_item *item, uint64_t need,
                                       struct nnc_source *source,
                                       struct nnc_onnx_tensor *tensor,
                                       struct nnc_error *error)
{
    struct place place = {.location = {"", 0}};
    struct nnc_wire wire = {model->bytes, item->begin, item->end};
    struct nnc_field field;
    enum nnc_status status = NNC_OK;
    while (!status && nnc_wire_each(&wire, &field))
        if (field.number == 13)
            status = read_entry(model, item, &field, &place, error);
    if (status)
        return status;
    uint64_t offset = 0, length = need, file_size;
    if (place.has_offset && !parse_number(place.offset, &offset))
        return fail(item, NNC_EXTDATA, "offset", place.offset, error);
    if (place.has_length && (!parse_number(place.length, &length) || !length))
        return fail(item, NNC_EXTDATA, "length", place.length, error);
    status = nnc_source_add_external(source, place.location.bytes, place.location.size,
                                     &tensor->file, &file_size, error);
    if (status)
        return status;
    tensor->offset = offset;
    return judge_range(item, offset, length, file_size, need, error);
}

/* SPDX-License-Identifier: MIT */

/* Structures in, requests out, and how requests lie over one another. What they mean for
 * a model stands in gstnncmeaning.c. */

#include "gstnncrequest.h"

#include <gstnnc/gstnnctask.h>

#include <string.h>

#include "gstnncerror.h"

#define GAIN_PREFIX "gain/"

/* --- parts --- */

static struct gst_nnc_part *make_part(void)
{
    struct gst_nnc_part *const part = g_new0(struct gst_nnc_part, 1);

    atomic_init(&part->references, 1);
    return part;
}

struct gst_nnc_part *gst_nnc_part_new(const gchar *text)
{
    struct gst_nnc_part *const part = make_part();

    part->text = g_strdup(text ? text : "");
    return part;
}

struct gst_nnc_part *gst_nnc_part_new_array(gconstpointer values, gsize size,
                                            const gchar *text)
{
    struct gst_nnc_part *const part = make_part();

    part->values = g_bytes_new(values, size);
    part->text = g_strdup(text);
    return part;
}

struct gst_nnc_part *gst_nnc_part_ref(struct gst_nnc_part *part)
{
    if (part)
        atomic_fetch_add_explicit(&part->references, 1, memory_order_relaxed);
    return part;
}

void gst_nnc_part_unref(struct gst_nnc_part *part)
{
    if (!part || atomic_fetch_sub_explicit(&part->references, 1,
                                           memory_order_acq_rel) != 1)
        return;
    g_free(part->text);
    g_clear_pointer(&part->values, g_bytes_unref);
    g_free(part);
}

void gst_nnc_part_take(struct gst_nnc_part **place, struct gst_nnc_part *part)
{
    gst_nnc_part_unref(*place);
    *place = part;
}

const gchar *gst_nnc_part_text(const struct gst_nnc_part *part)
{
    return part && part->text ? part->text : "";
}

gboolean gst_nnc_part_equal(const struct gst_nnc_part *a, const struct gst_nnc_part *b)
{
    if (a == b)
        return TRUE;
    if (!a || !b || !a->values != !b->values)
        return FALSE;
    return a->values ? g_bytes_equal(a->values, b->values) : !g_strcmp0(a->text, b->text);
}

/* --- requests --- */

void gst_nnc_request_init(struct gst_nnc_request *request, const gchar *cutout,
                          const gchar *attention)
{
    *request = (struct gst_nnc_request){
        .cutout = cutout ? gst_nnc_part_new(cutout) : NULL,
        .attention = attention ? gst_nnc_part_new(attention) : NULL,
    };
}

void gst_nnc_request_clear(struct gst_nnc_request *request)
{
    g_clear_pointer(&request->cutout, gst_nnc_part_unref);
    g_clear_pointer(&request->attention, gst_nnc_part_unref);
    g_clear_pointer(&request->gains, g_free);
}

void gst_nnc_request_copy(const struct gst_nnc_request *from, struct gst_nnc_request *to)
{
    *to = (struct gst_nnc_request){.cutout = gst_nnc_part_ref(from->cutout),
                                   .attention = gst_nnc_part_ref(from->attention),
                                   .gains = g_strdup(from->gains)};
}

static void use_names(struct gst_nnc_part **part)
{
    if (*part && (*part)->values && (*part)->text)
        gst_nnc_part_take(part, gst_nnc_part_new((*part)->text));
}

void gst_nnc_request_use_names(struct gst_nnc_request *request)
{
    use_names(&request->cutout);
    use_names(&request->attention);
}

static gchar *join(const gchar *first, const gchar *second)
{
    if (!first || !second)
        return g_strdup(first ? first : second);
    return g_strconcat(first, ",", second, NULL);
}

/* A whole attention replaces what was there; single gains come on top of it. */
void gst_nnc_request_merge(const struct gst_nnc_request *upper,
                           const struct gst_nnc_request *lower,
                           struct gst_nnc_request *merged)
{
    const gboolean whole = upper->attention != NULL;

    *merged = (struct gst_nnc_request){
        .cutout = gst_nnc_part_ref(upper->cutout ? upper->cutout : lower->cutout),
        .attention = gst_nnc_part_ref(whole ? upper->attention : lower->attention),
        .gains = whole ? g_strdup(upper->gains) : join(lower->gains, upper->gains),
    };
}

gboolean gst_nnc_request_equal(const struct gst_nnc_request *a,
                               const struct gst_nnc_request *b)
{
    return gst_nnc_part_equal(a->cutout, b->cutout) &&
           gst_nnc_part_equal(a->attention, b->attention) &&
           !g_strcmp0(a->gains, b->gains);
}

/* --- fields of a structure --- */

/* Arrays and lists are the same to those who write them; GStreamer has a type for each. */
static guint n_items(const GValue *value)
{
    return GST_VALUE_HOLDS_ARRAY(value) ? gst_value_array_get_size(value)
                                        : gst_value_list_get_size(value);
}

static const GValue *item_at(const GValue *value, guint i)
{
    return GST_VALUE_HOLDS_ARRAY(value) ? gst_value_array_get_value(value, i)
                                        : gst_value_list_get_value(value, i);
}

static gboolean is_array(const GValue *value)
{
    return GST_VALUE_HOLDS_ARRAY(value) || GST_VALUE_HOLDS_LIST(value);
}

static gboolean to_double(const GValue *value, gdouble *number)
{
    GValue converted = G_VALUE_INIT;

    if (G_VALUE_HOLDS_STRING(value))
        return FALSE;
    g_value_init(&converted, G_TYPE_DOUBLE);
    const gboolean good = g_value_transform(value, &converted);
    *number = g_value_get_double(&converted);
    g_value_unset(&converted);
    return good;
}

/* An array of texts is one text of entries. */
static gchar *join_texts(const GValue *array)
{
    GString *const text = g_string_new(NULL);

    for (guint i = 0; i < n_items(array); i++) {
        const GValue *const item = item_at(array, i);
        if (!G_VALUE_HOLDS_STRING(item) || !g_value_get_string(item)) {
            g_string_free(text, TRUE);
            return NULL;
        }
        if (i)
            g_string_append_c(text, ',');
        g_string_append(text, g_value_get_string(item));
    }
    return g_string_free(text, FALSE);
}

static struct gst_nnc_part *take_text(gchar *text)
{
    struct gst_nnc_part *const part = text ? gst_nnc_part_new(text) : NULL;

    g_free(text);
    return part;
}

static struct gst_nnc_part *read_cutout(const GValue *value)
{
    if (G_VALUE_HOLDS_STRING(value))
        return gst_nnc_part_new(g_value_get_string(value));
    return is_array(value) ? take_text(join_texts(value)) : NULL;
}

static struct gst_nnc_part *read_gains(const GValue *array)
{
    const guint n = n_items(array);
    g_autofree gfloat *gains = g_new(gfloat, n + 1);

    for (guint i = 0; i < n; i++) {
        gdouble gain;
        if (!to_double(item_at(array, i), &gain))
            return NULL;
        gains[i] = (gfloat)gain;
    }
    return gst_nnc_part_new_array(gains, n * sizeof *gains, NULL);
}

static struct gst_nnc_part *read_attention(const GValue *value)
{
    if (!is_array(value))
        return read_cutout(value);
    const gboolean texts = n_items(value) && G_VALUE_HOLDS_STRING(item_at(value, 0));
    return texts ? take_text(join_texts(value)) : read_gains(value);
}

static struct gst_nnc_part *read_mask_items(const GValue *array)
{
    const guint n = n_items(array);
    g_autofree guint8 *active = g_new(guint8, n + 1);

    for (guint i = 0; i < n; i++) {
        gdouble number;
        if (!to_double(item_at(array, i), &number))
            return NULL;
        active[i] = number != 0;
    }
    return gst_nnc_part_new_array(active, n, NULL);
}

static struct gst_nnc_part *mask_of_bytes(const guint8 *bytes, gsize n)
{
    g_autofree guint8 *active = g_new(guint8, n + 1);

    for (gsize i = 0; i < n; i++)
        active[i] = bytes[i] != 0;
    return gst_nnc_part_new_array(active, n, NULL);
}

static struct gst_nnc_part *mask_of_buffer(GstBuffer *buffer)
{
    GstMapInfo map;

    if (!buffer || !gst_buffer_map(buffer, &map, GST_MAP_READ))
        return NULL;
    struct gst_nnc_part *const part = mask_of_bytes(map.data, map.size);
    gst_buffer_unmap(buffer, &map);
    return part;
}

static struct gst_nnc_part *read_mask(const GValue *value)
{
    if (is_array(value))
        return read_mask_items(value);
    if (GST_VALUE_HOLDS_BUFFER(value))
        return mask_of_buffer(gst_value_get_buffer(value));
    if (G_VALUE_HOLDS(value, G_TYPE_BYTES) && g_value_get_boxed(value)) {
        gsize n;
        const guint8 *const bytes = g_bytes_get_data(g_value_get_boxed(value), &n);
        return mask_of_bytes(bytes, n);
    }
    if (G_VALUE_HOLDS(value, G_TYPE_BYTE_ARRAY) && g_value_get_boxed(value)) {
        const GByteArray *const bytes = g_value_get_boxed(value);
        return mask_of_bytes(bytes->data, bytes->len);
    }
    return NULL;
}

static gboolean read_gain(const gchar *name, const GValue *value, gchar **gains)
{
    const gchar *const path = name + strlen(GAIN_PREFIX);
    gchar digits[G_ASCII_DTOSTR_BUF_SIZE];
    gdouble gain;

    if (!*path || strpbrk(path, ",=") || !to_double(value, &gain))
        return FALSE;
    g_autofree gchar *entry = g_strdup_printf(
        "%s=%s", path, g_ascii_formatd(digits, sizeof digits, "%.9g", gain));
    gchar *const all = join(*gains, entry);
    g_free(*gains);
    *gains = all;
    return TRUE;
}

struct reading {
    struct gst_nnc_request request;
    const gchar *bad, *expected; /* the first field that is not as it should be */
};

static gboolean read_field(GQuark field, const GValue *value, gpointer data)
{
    struct reading *const reading = data;
    struct gst_nnc_request *const request = &reading->request;
    const gchar *const name = g_quark_to_string(field);
    gboolean good = TRUE;

    if (g_str_equal(name, "cutout")) {
        reading->expected = "a string, or an array of strings";
        if (!request->cutout || !request->cutout->values)
            gst_nnc_part_take(&request->cutout, read_cutout(value));
        good = request->cutout != NULL;
    } else if (g_str_equal(name, "mask")) {
        reading->expected = "bytes, or an array of numbers, one for every class";
        gst_nnc_part_take(&request->cutout, read_mask(value));
        good = request->cutout != NULL;
    } else if (g_str_equal(name, "attention")) {
        reading->expected = "a string, or an array of strings or of numbers";
        gst_nnc_part_take(&request->attention, read_attention(value));
        good = request->attention != NULL;
    } else if (g_str_has_prefix(name, GAIN_PREFIX)) {
        reading->expected = "a number, and the path of a category in the field's name";
        good = read_gain(name, value, &request->gains);
    }
    if (!good)
        reading->bad = name;
    return good;
}

/* Other fields are welcome: `seq`, and what later versions may know. */
enum nnc_status gst_nnc_request_parse(const GstStructure *task,
                                      struct gst_nnc_request *request,
                                      struct nnc_error *error)
{
    struct reading reading = {.bad = NULL};

    if (!task || !gst_structure_has_name(task, GST_NNC_TASK_NAME)) {
        gst_nnc_error_set(error, NNC_TASK,
                          "task: got a structure '%.60s'; expected '" GST_NNC_TASK_NAME
                          "' with the fields cutout, attention, mask or gain/PATH",
                          task ? gst_structure_get_name(task) : "(none)");
        return NNC_TASK;
    }
    gst_structure_foreach(task, read_field, &reading);
    if (!reading.bad) {
        *request = reading.request;
        return NNC_OK;
    }
    gst_nnc_request_clear(&reading.request);
    gst_nnc_error_set(error, NNC_TASK, "task: field '%.60s' holds %.40s; expected %s",
                      reading.bad,
                      g_type_name(gst_structure_get_field_type(task, reading.bad)),
                      reading.expected);
    return NNC_TASK;
}

/* SPDX-License-Identifier: MIT */

/* Frames and caps that the element refuses, each by name: it counts the frame, says what is
 * wrong, lets it pass, and takes the next one. */

#include "element_fixture.h"

#include <string.h>

/* --- frames --- */

struct hostile {
    const char *row; /* of the list of bad inputs */
    const char *reason; /* in the prediction; NULL: the frame must be classified */
    gsize size;         /* of the buffer */
    gboolean has_meta;
    GstVideoFormat format;
    guint width, height, n_planes;
    gsize offset[3];
    gint stride[3];
};

/* Caps say RGB 32x24: 2304 bytes. */
static const struct hostile hostile_rgb[] = {
    {"V01", "buffer size", 0, FALSE},
    {"V01", "buffer size", 2303, FALSE},
    {"V02", NULL, 2304, FALSE},
    {"V02", NULL, 5000, FALSE},
#define RGB_META TRUE, GST_VIDEO_FORMAT_RGB, 32, 24, 1
    {"V03", "plane 0 extent", 1, RGB_META, {0}, {96}},
    {"V03", "plane 0 extent", 2303, RGB_META, {0}, {96}},
    {"V03", "plane 0 extent", 2304, RGB_META, {1}, {96}},
    {"V04", "plane 0 extent", 2304, RGB_META, {0}, {-96}},
    {"V05", "plane 0 stride", 2304, RGB_META, {0}, {95}},
    {"V05", "plane 0 stride", 2304, RGB_META, {0}, {0}},
    {"V06", "plane 0 extent", 2304, RGB_META, {0}, {G_MAXINT}},
    {"V06", "plane 0 extent", 2304, RGB_META, {0}, {G_MININT}},
    {"V07", "plane 0 offset", 2304, RGB_META, {2304}, {96}},
    {"V07", "plane 0 offset", 2304, RGB_META, {G_MAXSIZE}, {96}},
#undef RGB_META
    {"V09", "caps say", 99999, TRUE, GST_VIDEO_FORMAT_RGB, 64, 24, 1, {0}, {192}},
    {"V09", "caps say", 2304, TRUE, GST_VIDEO_FORMAT_RGB, 16, 24, 1, {0}, {96}},
    {"V10", "caps say", 2304, TRUE, GST_VIDEO_FORMAT_BGR, 32, 24, 1, {0}, {96}},
    {"V10",
     "caps say",
     9999,
     TRUE,
     GST_VIDEO_FORMAT_I420,
     32,
     24,
     3,
     {0, 768, 960},
     {32, 16, 16}},
};

static void check_hostile(struct fixture *fixture, const struct hostile *row)
{
    const guint64 refused = read_stat(fixture, "frames-refused");
    GstBuffer *const in = noise_buffer(MAX(row->size, 1), 1);

    gst_buffer_set_size(in, (gssize)row->size);
    if (row->has_meta) {
        GstVideoMeta *const meta = gst_buffer_add_video_meta(
            in, GST_VIDEO_FRAME_FLAG_NONE, row->format, row->width, row->height);
        meta->n_planes = row->n_planes;
        memcpy(meta->offset, row->offset, sizeof row->offset);
        memcpy(meta->stride, row->stride, sizeof row->stride);
    }
    GstBuffer *const out = classify_buffer(fixture, in);
    fail_unless_equals_int(gst_buffer_get_size(out), row->size);
    const GstNncPrediction *const prediction = gst_buffer_get_nnc_prediction(out, NULL);
    const gchar *const reason = gst_nnc_prediction_get_reason(prediction);
    fail_unless(!row->reason || (reason && strstr(reason, row->reason)),
                "%s: expected '%s', got '%s'", row->row, row->reason, reason);
    fail_unless_equals_int(gst_nnc_prediction_get_status(prediction),
                           row->reason ? GST_NNC_PREDICTION_STATUS_REFUSED
                                       : GST_NNC_PREDICTION_STATUS_CLASSIFIED);
    fail_unless_equals_uint64(read_stat(fixture, "frames-refused"),
                              refused + (row->reason != NULL));
    gst_buffer_unref(out);
}

GST_START_TEST(hostile_buffers)
{
    struct fixture fixture;
    g_autofree gchar *text = NULL;

    fixture_open(&fixture, MODEL_TWO, NULL);
    fixture_set_caps(&fixture, RGB_CAPS);
    for (guint i = 0; i < G_N_ELEMENTS(hostile_rgb); i++)
        check_hostile(&fixture, &hostile_rgb[i]);
    /* All within one second, or two on a slow machine. */
    const guint n = count_messages(&fixture, GST_MESSAGE_WARNING, &text);
    fail_unless(n >= 1 && n <= 3, "%u warnings", n);
    fail_unless(strstr(text, "gst-stream-error"), "%s", text);
    fixture_close(&fixture);
}
GST_END_TEST

/* V16: a memory that became smaller after it was made, from either end. */
GST_START_TEST(shrunk_memory)
{
    static const struct {
        gsize offset, size;
        gboolean refused;
    } rows[] = {{0, 2304, FALSE}, {0, 2303, TRUE},    {1, 2303, TRUE},
                {1, 2304, FALSE}, {2303, 1, TRUE},    {100, 2304, FALSE},
                {2400, 0, TRUE},  {100, 2300, TRUE}};
    struct fixture fixture;

    fixture_open(&fixture, MODEL_TWO, "top-k=0");
    fixture_set_caps(&fixture, RGB_CAPS);
    for (guint i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autoptr(GstBuffer) same = noise_buffer(2404, 8);
        GstBuffer *const in = noise_buffer(2404, 8);
        GstMapInfo map;
        gst_memory_resize(gst_buffer_peek_memory(in, 0), (gssize)rows[i].offset,
                          rows[i].size);
        GstBuffer *const out = classify_buffer(&fixture, in);
        const GstNncPrediction *const made = gst_buffer_get_nnc_prediction(out, NULL);
        fail_unless_equals_int(gst_nnc_prediction_get_status(made),
                               rows[i].refused ? GST_NNC_PREDICTION_STATUS_REFUSED
                                               : GST_NNC_PREDICTION_STATUS_CLASSIFIED);
        if (!rows[i].refused) {
            gst_buffer_map(same, &map, GST_MAP_READ);
            const struct nnc_image image = rgb_image(map.data + rows[i].offset);
            check_against_core(&fixture, made, &image);
            gst_buffer_unmap(same, &map);
        }
        gst_buffer_unref(out);
    }
    fixture_close(&fixture);
}
GST_END_TEST

/* V12 */
GST_START_TEST(hostile_crop_metas)
{
    static const guint rows[][4] = {
        {0, 0, 0, 5},  {0, 0, 5, 0},         {0, 0, 33, 5},
        {32, 0, 1, 1}, {G_MAXUINT, 0, 2, 2}, {0, G_MAXUINT - 1, 2, 2},
    };
    struct fixture fixture;

    fixture_open(&fixture, MODEL_TWO, NULL);
    fixture_set_caps(&fixture, RGB_CAPS);
    for (guint i = 0; i < G_N_ELEMENTS(rows); i++) {
        GstBuffer *const in = noise_buffer(2304, i);
        GstVideoCropMeta *const crop = gst_buffer_add_video_crop_meta(in);
        crop->x = rows[i][0];
        crop->y = rows[i][1];
        crop->width = rows[i][2];
        crop->height = rows[i][3];
        GstBuffer *const out = classify_buffer(&fixture, in);
        const gchar *const reason =
            gst_nnc_prediction_get_reason(gst_buffer_get_nnc_prediction(out, NULL));
        fail_unless(reason && strstr(reason, "crop"), "row %u: '%s'", i, reason);
        gst_buffer_unref(out);
    }
    fixture_close(&fixture);
}
GST_END_TEST

/* Memory that says no when it is mapped. */
typedef GstAllocator ClosedAllocator;
typedef GstAllocatorClass ClosedAllocatorClass;
GType closed_allocator_get_type(void);
G_DEFINE_TYPE(ClosedAllocator, closed_allocator, GST_TYPE_ALLOCATOR)

static gpointer map_nothing(GstMemory *memory, gsize size, GstMapFlags flags)
{
    return NULL;
}

static void free_closed(GstAllocator *allocator, GstMemory *memory)
{
    g_free(memory);
}

static void closed_allocator_class_init(ClosedAllocatorClass *class)
{
    class->free = free_closed;
}

static void closed_allocator_init(ClosedAllocator *self)
{
    self->mem_type = "closed";
    self->mem_map = map_nothing;
}

/* V14 */
GST_START_TEST(memory_that_cannot_be_mapped)
{
    GstAllocator *const closed = g_object_new(closed_allocator_get_type(), NULL);
    GstMemory *const memory = g_new0(GstMemory, 1);
    GstBuffer *const in = gst_buffer_new();
    struct fixture fixture;

    gst_object_ref_sink(closed);
    gst_memory_init(memory, 0, closed, NULL, 2304, 0, 0, 2304);
    gst_buffer_append_memory(in, memory);
    fixture_open(&fixture, MODEL_TWO, NULL);
    fixture_set_caps(&fixture, RGB_CAPS);
    GstBuffer *const out = classify_buffer(&fixture, in);
    const gchar *const reason =
        gst_nnc_prediction_get_reason(gst_buffer_get_nnc_prediction(out, NULL));
    fail_unless(reason && strstr(reason, "map"), "%s", reason);
    gst_buffer_unref(out);
    fixture_close(&fixture);
    gst_object_unref(closed);
}
GST_END_TEST

/* --- caps --- */

static const struct {
    const char *row; /* of the list of bad inputs */
    const char *caps;
    const char *reason; /* NULL: accepted */
} caps_rows[] = {
    {"K01", "video/x-raw,format=RGB,width=0,height=0", "width"},
    {"K01", "video/x-raw,format=RGB,width=0,height=480", "width"},
    {"K02", "video/x-raw,format=RGB,width=-4,height=4", "width"},
    {"K02", "video/x-raw,format=RGB,width=4,height=-4", "height"},
    {"K05", "video/x-raw,format=RGB,width=16385,height=16", "16384"},
    {"K05", "video/x-raw,format=RGB,width=2147483647,height=2147483647", "16384"},
    {"K05", "video/x-raw,format=RGB,width=16384,height=16384", "pixels"},
    {"K11", "video/x-raw,format=RGB,height=16", "width"},
    {"K11", "video/x-raw,width=16,height=16", "NV12"},
    {"K11", "video/x-raw,format=GRAY16_LE,width=16,height=16", "NV12"},
    {"K11", "video/x-h264,width=16,height=16", "NV12"},
    {"K12", "video/x-raw(memory:DMABuf),format=NV12,width=16,height=16", "memory:DMABuf"},
    {"K03", "video/x-raw,format=RGB,width=1,height=1", NULL},
    {"K04", "video/x-raw,format=GRAY8,width=16384,height=1", NULL},
    {"K04", "video/x-raw,format=GRAY8,width=1,height=16384", NULL},
    {"K13", "video/x-raw,format=RGB,width=16,height=16,framerate=2147483647/1", NULL},
    {"K13", "video/x-raw,format=RGB,width=16,height=16,framerate=0/1", NULL},
    {"K16", "video/x-raw,format=NV12,width=16,height=16,colorimetry=nonsense", NULL},
    {"K12", "video/x-raw,format=NV12,width=16,height=16,interlace-mode=mixed", NULL},
};

static void check_caps(struct fixture *fixture, guint row)
{
    g_autofree gchar *text = NULL;
    GstPad *const pad = gst_element_get_static_pad(fixture->element, "sink");
    g_autoptr(GstCaps) caps = gst_caps_from_string(caps_rows[row].caps);

    const gboolean taken = gst_pad_send_event(pad, gst_event_new_caps(caps));
    const guint errors = count_messages(fixture, GST_MESSAGE_ERROR, &text);
    fail_unless_equals_int(taken, caps_rows[row].reason == NULL);
    fail_unless_equals_int(errors, caps_rows[row].reason != NULL);
    if (text)
        fail_unless(strstr(text, caps_rows[row].reason) &&
                        g_str_has_prefix(text, "gst-stream-error-quark/11"),
                    "%s, row %u: %s", caps_rows[row].row, row, text);
    gst_object_unref(pad);
}

GST_START_TEST(caps)
{
    struct fixture fixture;

    fixture_open(&fixture, MODEL_TWO, "top-k=0");
    fixture_set_caps(&fixture, RGB_CAPS);
    for (guint i = 0; i < G_N_ELEMENTS(caps_rows); i++)
        check_caps(&fixture, i);
    /* The instance goes on after all of that. */
    fixture_set_caps(&fixture, "video/x-raw,format=RGB,width=32,height=24");
    gst_buffer_unref(classify_buffer(&fixture, noise_buffer(2304, 1)));
    fixture_close(&fixture);
}
GST_END_TEST

static Suite *classify_refusals(void)
{
    Suite *const suite = suite_create("classify_refusals");
    TCase *const kinds = tcase_create("refusals");

    suite_add_tcase(suite, kinds);
    tcase_add_test(kinds, hostile_buffers);
    tcase_add_test(kinds, shrunk_memory);
    tcase_add_test(kinds, hostile_crop_metas);
    tcase_add_test(kinds, memory_that_cannot_be_mapped);
    tcase_add_test(kinds, caps);
    return suite;
}

int main(int argc, char **argv)
{
    load_plugin(&argc, &argv);
    return gst_check_run_suite(classify_refusals(), "classify_refusals", __FILE__);
}

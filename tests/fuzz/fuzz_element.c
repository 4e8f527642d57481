/* SPDX-License-Identifier: MIT */
/* Bytes choose what happens to nncclassify in a harness: caps, frames with metadata that lie
 * or not, tasks on every way, properties, events, queries, stops. A frame that is taken comes
 * out with its bytes and times as they were and a prediction of some status; no frame is an
 * error but one without caps. */

#include "structures.h"
#include "target.h"

#include <gst/check/gstharness.h>
#include <gst/video/video.h>
#include <gstnnc/gstnnc.h>

#include <signal.h>
#include <string.h>

#define PICK(dice, list) ((list)[below((dice), G_N_ELEMENTS(list))])

#define RGB "video/x-raw,format=RGB,width=32,height=24,framerate=30/1"

enum { MOST_STEPS = 24, MOST_BYTES = 1 << 16 };

void gst_plugin_nnc_register(void);

static GstElement *keeper; /* keeps the model open from input to input */

struct stage {
    struct dice dice;
    GstHarness *harness;
    GstElement *element;
    GstVideoInfo info; /* of the caps that were taken */
    gboolean has_caps;
};

static GstElement *make_element(void)
{
    GstElement *const element = gst_element_factory_make("nncclassify", NULL);
    REQUIRE(element, "no element");
    g_object_set(element, "model", NNC_GOLDEN_DIR "/nested_depth_2_presence.onnx", "threads",
                 1, NULL);
    return element;
}

/* What GLib thinks fatal ends in a trap; libFuzzer keeps the input of what aborts alone. */
static void give_up(int number)
{
    (void)number;
    abort();
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    g_setenv("GST_REGISTRY_DISABLE", "yes", TRUE);
    gst_init(NULL, NULL);
    gst_plugin_nnc_register();
    signal(SIGTRAP, give_up);
    g_log_set_always_fatal(G_LOG_LEVEL_CRITICAL | G_LOG_FATAL_MASK);
    keeper = gst_object_ref_sink(make_element());
    gst_element_set_state(keeper, GST_STATE_PAUSED);
    return 0;
}

/* --- caps --- */

static void push_segment(struct stage *s, gdouble rate)
{
    GstSegment segment;

    gst_segment_init(&segment, one_in(&s->dice, 8) ? GST_FORMAT_BYTES : GST_FORMAT_TIME);
    segment.rate = rate;
    gst_harness_push_event(s->harness, gst_event_new_segment(&segment));
}

/* Pushing a sticky event answers nothing about it. */
static gboolean was_taken(struct stage *s, GstCaps *caps)
{
    GstPad *const pad = gst_element_get_static_pad(s->element, "sink");
    g_autoptr(GstCaps) current = gst_pad_get_current_caps(pad);

    gst_object_unref(pad);
    return current && gst_caps_is_equal(current, caps);
}

static void set_caps(struct stage *s)
{
    static const gchar *const formats[] = {"RGB",  "BGR",  "RGBx", "BGRx", "xRGB", "GRAY8",
                                           "NV12", "NV21", "I420", "YUY2", "UYVY", "Y444",
                                           "P010_10LE", "ENCODED"};
    static const gint sides[] = {1, 2, 3, 5, 16, 17, 32, 33, 64, 0, -1, 16384, 16385};
    const gint width = PICK(&s->dice, sides), height = PICK(&s->dice, sides);
    g_autoptr(GstCaps) caps = gst_caps_new_simple(
        "video/x-raw", "format", G_TYPE_STRING, PICK(&s->dice, formats), "width", G_TYPE_INT,
        width, "height", G_TYPE_INT, height, NULL);

    if (one_in(&s->dice, 2))
        gst_caps_set_simple(caps, "framerate", GST_TYPE_FRACTION, (gint)below(&s->dice, 61),
                            1, NULL);
    if (one_in(&s->dice, 8))
        gst_caps_set_simple(caps, "interlace-mode", G_TYPE_STRING, "mixed", NULL);
    if (one_in(&s->dice, 8))
        gst_caps_set_simple(caps, "colorimetry", G_TYPE_STRING, "9:9:9:9", NULL);
    gst_harness_push_event(s->harness, gst_event_new_caps(caps));
    s->has_caps = was_taken(s, caps) && gst_video_info_from_caps(&s->info, caps);
    push_segment(s, 1);
}

/* --- frames --- */

static gsize frame_size(const struct stage *s)
{
    return s->has_caps ? MIN(GST_VIDEO_INFO_SIZE(&s->info), MOST_BYTES) : 64;
}

static void add_video_meta(struct stage *s, GstBuffer *buffer)
{
    gsize offset[4] = {0};
    gint stride[4] = {0};

    if (!s->has_caps || !one_in(&s->dice, 2))
        return;
    for (guint i = 0; i < GST_VIDEO_INFO_N_PLANES(&s->info); i++) {
        static const gssize lies[] = {0, 0, 0, 1, -1, 64, 100000, G_MAXINT, G_MININT};
        offset[i] = GST_VIDEO_INFO_PLANE_OFFSET(&s->info, i) + (gsize)PICK(&s->dice, lies);
        stride[i] =
            (gint)((guint)GST_VIDEO_INFO_PLANE_STRIDE(&s->info, i) + (guint)PICK(&s->dice, lies));
    }
    const guint lie = one_in(&s->dice, 6);
    gst_buffer_add_video_meta_full(
        buffer, GST_VIDEO_FRAME_FLAG_NONE,
        one_in(&s->dice, 8) ? GST_VIDEO_FORMAT_RGB : GST_VIDEO_INFO_FORMAT(&s->info),
        (guint)GST_VIDEO_INFO_WIDTH(&s->info) + lie, (guint)GST_VIDEO_INFO_HEIGHT(&s->info),
        GST_VIDEO_INFO_N_PLANES(&s->info), offset, stride);
}

static void add_other_metas(struct stage *s, GstBuffer *buffer)
{
    for (guint n = below(&s->dice, 4); n-- > 0;)
        gst_buffer_add_video_region_of_interest_meta(
            buffer, one_in(&s->dice, 2) ? "face" : "x", below(&s->dice, 70),
            below(&s->dice, 70), one_in(&s->dice, 8) ? G_MAXUINT : below(&s->dice, 70),
            below(&s->dice, 70));
    if (one_in(&s->dice, 6)) {
        GstVideoCropMeta *const crop = gst_buffer_add_video_crop_meta(buffer);
        crop->x = below(&s->dice, 70);
        crop->width = one_in(&s->dice, 4) ? G_MAXUINT : below(&s->dice, 70);
        crop->height = below(&s->dice, 70);
    }
    if (one_in(&s->dice, 3)) {
        g_autoptr(GstStructure) task = make_structure(&s->dice);
        gst_buffer_add_nnc_task_meta(buffer, task);
    }
}

/* In one memory or in several, of the right size or not. */
static GstBuffer *make_frame(struct stage *s)
{
    const gsize right = frame_size(s);
    gsize left = one_in(&s->dice, 6) ? below(&s->dice, 5000) : right;
    GstBuffer *const buffer = gst_buffer_new();

    for (guint n = one_in(&s->dice, 4) ? between(&s->dice, 2, 5) : 1; n-- > 0;) {
        const gsize size = n ? left / (n + 1) : left;
        guint8 *const bytes = g_malloc(MAX(size, 1));
        memset(bytes, (gint)below(&s->dice, 256), size);
        gst_buffer_append_memory(
            buffer, gst_memory_new_wrapped(one_in(&s->dice, 8) ? GST_MEMORY_FLAG_READONLY : 0,
                                           bytes, MAX(size, 1), 0, size, bytes, g_free));
        left -= size;
    }
    GST_BUFFER_PTS(buffer) = one_in(&s->dice, 4) ? GST_CLOCK_TIME_NONE
                                                 : below(&s->dice, 60000) * GST_MSECOND;
    if (one_in(&s->dice, 6))
        GST_BUFFER_FLAG_SET(buffer, 1u << between(&s->dice, 4, 20));
    add_video_meta(s, buffer);
    add_other_metas(s, buffer);
    return buffer;
}

static guint32 sum_of(GstBuffer *buffer)
{
    gpointer bytes;
    gsize size;
    guint32 sum = 1;

    gst_buffer_extract_dup(buffer, 0, gst_buffer_get_size(buffer), &bytes, &size);
    for (gsize i = 0; i < size; i++)
        sum = sum * 16777619u ^ ((guint8 *)bytes)[i];
    g_free(bytes);
    return sum;
}

static void push_frame(struct stage *s)
{
    GstBuffer *const buffer = make_frame(s);
    const guint32 sum = sum_of(buffer);
    const gsize size = gst_buffer_get_size(buffer);
    const GstClockTime pts = GST_BUFFER_PTS(buffer);
    const GstFlowReturn flow = gst_harness_push(s->harness, buffer);

    REQUIRE(flow != GST_FLOW_ERROR, "an error");
    REQUIRE(flow != GST_FLOW_NOT_NEGOTIATED || !s->has_caps, "not negotiated");
    for (GstBuffer *out; (out = gst_harness_try_pull(s->harness)); gst_buffer_unref(out)) {
        REQUIRE(gst_buffer_get_size(out) == size && sum_of(out) == sum, "other bytes");
        REQUIRE(GST_BUFFER_PTS(out) == pts, "another time");
    }
}

/* --- all else --- */

static void push_event(struct stage *s)
{
    switch (below(&s->dice, 6)) {
    case 0: {
        GstEvent *const event = gst_event_new_custom(
            one_in(&s->dice, 2) ? GST_EVENT_CUSTOM_DOWNSTREAM
                                : GST_EVENT_CUSTOM_DOWNSTREAM_STICKY,
            make_structure(&s->dice));
        gst_harness_push_event(s->harness, event);
        return;
    }
    case 1:
        gst_harness_push_upstream_event(
            s->harness,
            gst_event_new_custom(GST_EVENT_CUSTOM_UPSTREAM, make_structure(&s->dice)));
        return;
    case 2:
        gst_harness_push_event(s->harness, gst_event_new_flush_start());
        gst_harness_push_event(s->harness, gst_event_new_flush_stop(one_in(&s->dice, 2)));
        /* fall through */
    case 3:
        push_segment(s, one_in(&s->dice, 3) ? -2 : 1);
        return;
    case 4:
        gst_harness_push_event(s->harness, gst_event_new_gap(below(&s->dice, 9), 1));
        return;
    default:
        gst_harness_push_upstream_event(
            s->harness, gst_event_new_qos(GST_QOS_TYPE_UNDERFLOW, 1.5,
                                          (GstClockTimeDiff)below(&s->dice, 9) - 4,
                                          4 + below(&s->dice, 60000) * GST_MSECOND));
    }
}

static void set_property(struct stage *s)
{
    static const gchar *const properties[] = {
        "cutout",  "attention", "task",  "top-k",    "threshold", "interval",     "region",
        "crop",    "crop-x",    "hold",  "max-rois", "qos",       "post-messages", "roi-labels",
        "min-roi-size", "center-share", "preset"};
    static const gchar *const values[] = {"0", "1", "2", "roi", "center", "frame", "all",
                                          "change", "0.5", "-1", "true", "<0,0,1,1>",
                                          "<0.2,0.2,0.9,0.9>", "<1,1>"};
    const gchar *const name = PICK(&s->dice, properties);
    g_autofree gchar *text = one_in(&s->dice, 2) ? g_strdup(PICK(&s->dice, values))
                                                 : make_text(&s->dice);
    GParamSpec *const spec =
        g_object_class_find_property(G_OBJECT_GET_CLASS(s->element), name);
    GValue value = G_VALUE_INIT;

    REQUIRE(spec, "no property '%s'", name);
    g_value_init(&value, spec->value_type);
    if (spec->value_type == GST_TYPE_STRUCTURE)
        g_value_take_boxed(&value, make_structure(&s->dice));
    else if (spec->value_type == G_TYPE_STRING)
        g_value_set_string(&value, text);
    else if (!gst_value_deserialize(&value, text))
        goto done;
    g_param_value_validate(spec, &value);
    g_object_set_property(G_OBJECT(s->element), name, &value);
done:
    g_value_unset(&value);
}

static void ask(struct stage *s)
{
    static const gchar *const texts[] = {RGB, "video/x-raw,format=Y444,width=4,height=4",
                                         "image/jpeg,width=4,height=4"};
    GstPad *const sink = gst_element_get_static_pad(s->element, "sink");
    GstPad *const src = gst_element_get_static_pad(s->element, "src");
    g_autoptr(GstCaps) fixed = gst_caps_from_string(PICK(&s->dice, texts));
    g_autoptr(GstCaps) loose = gst_caps_from_string(
        one_in(&s->dice, 2) ? "video/x-raw,format={RGB,NV12},width=[1,99]" : "ANY");
    GstQuery *query;
    GstPad *pad = one_in(&s->dice, 2) ? sink : src;

    switch (below(&s->dice, 4)) {
    case 0:
        query = gst_query_new_caps(loose);
        break;
    case 1:
        query = gst_query_new_accept_caps(fixed);
        break;
    case 2:
        query = gst_query_new_allocation(one_in(&s->dice, 4) ? NULL : fixed, TRUE);
        pad = sink;
        break;
    default:
        query = gst_query_new_latency();
        pad = src;
    }
    gst_pad_query(pad, query);
    gst_query_unref(query);
    gst_object_unref(sink);
    gst_object_unref(src);
}

static void begin_stream(struct stage *s)
{
    s->has_caps = FALSE;
    gst_harness_push_event(s->harness, gst_event_new_stream_start("stream"));
}

static void restart(struct stage *s)
{
    gst_element_set_state(s->element, GST_STATE_READY);
    gst_element_set_state(s->element, GST_STATE_PLAYING);
    begin_stream(s);
}

static void step(struct stage *s)
{
    g_autoptr(GstStructure) stats = NULL;

    switch (below(&s->dice, 10)) {
    case 0:
    case 1:
        set_caps(s);
        return;
    case 2:
        push_event(s);
        return;
    case 3:
    case 4:
        set_property(s);
        return;
    case 5:
        ask(s);
        return;
    case 6:
        if (one_in(&s->dice, 6))
            restart(s);
        return;
    case 7:
        g_object_get(s->element, "stats", &stats, NULL);
        return;
    default:
        push_frame(s);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    struct stage s = {.dice = {.bytes = bytes, .n_bytes = size, .state = size}};

    s.element = gst_object_ref_sink(make_element());
    s.harness = gst_harness_new_with_element(s.element, "sink", "src");
    gst_harness_play(s.harness);
    begin_stream(&s);
    if (!one_in(&s.dice, 8))
        set_caps(&s);
    for (guint n = between(&s.dice, 1, MOST_STEPS); n-- > 0;)
        step(&s);
    gst_harness_teardown(s.harness);
    gst_element_set_state(s.element, GST_STATE_NULL);
    gst_object_unref(s.element);
    return 0;
}

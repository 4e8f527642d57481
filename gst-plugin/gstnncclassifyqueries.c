/* SPDX-License-Identifier: MIT */

/* What the element answers: how long frames take in it, and what it needs of them. */

#include "gstnncclassify.h"
#include "gstnncleastsize.h"

#include <gstnnc/gstnncwantedinput.h>

/* --- latency --- */

/* What is measured may grow by this much before it is news, and is looked at this often:
 * each time sinks are told, playing may hiccup. */
#define NEWS_FACTOR 1.25
#define NEWS_AT_LEAST GST_MSECOND
#define LOOK_EVERY GST_SECOND

static GstClockTime latency_now(GstNncClassify *self)
{
    const GstClockTime declared = atomic_load(&self->input.processing_latency);

    if (atomic_load(&self->input.async))
        return 0;
    return GST_CLOCK_TIME_IS_VALID(declared)
               ? declared
               : gst_nnc_histogram_percentile(&self->stats.frame_ns, 99);
}

static void add_latency(GstNncClassify *self, GstQuery *query)
{
    const GstClockTime own = latency_now(self);
    GstClockTime min, max;
    gboolean live;

    gst_query_parse_latency(query, &live, &min, &max);
    atomic_store(&self->latency.answered, own);
    atomic_store(&self->latency.live, live);
    gst_query_set_latency(query, live, min + own,
                          GST_CLOCK_TIME_IS_VALID(max) ? max + own : max);
}

void gst_nnc_classify_watch_latency(GstNncClassify *self, GstClockTime now)
{
    struct gst_nnc_latency *const latency = &self->latency;

    if (!atomic_load(&latency->live) || now - latency->checked_ns < LOOK_EVERY)
        return;
    latency->checked_ns = now;
    const GstClockTime own = latency_now(self);
    const GstClockTime said = MAX(atomic_load(&latency->answered), latency->told);
    if (own < said + NEWS_AT_LEAST || (gdouble)own < (gdouble)said * NEWS_FACTOR)
        return;
    latency->told = own;
    gst_element_post_message(GST_ELEMENT(self),
                             gst_message_new_latency(GST_OBJECT(self)));
}

/* --- wanted input --- */

/* By the time that each takes at 1080p; see the commit that made this list. */
#define COLOUR_FORMATS                                                                   \
    "NV12", "NV21", "I420", "YV12", "YUY2", "UYVY", "RGB", "BGR", "RGBx", "BGRx",        \
        "xRGB", "xBGR", "RGBA", "BGRA", "ARGB", "ABGR"

static const gchar *const cheapest_for_colour[] = {COLOUR_FORMATS, "GRAY8", NULL};
static const gchar *const cheapest_for_grey[] = {"GRAY8", COLOUR_FORMATS, NULL};

struct wanted {
    gint width, height, fps_n, fps_d;
};

static gdouble aspect_of(const GstStructure *caps)
{
    gint width, height;

    if (!caps || !gst_structure_get_int(caps, "width", &width) ||
        !gst_structure_get_int(caps, "height", &height))
        return 0.0;
    return (gdouble)width / height;
}

static void want_size(const struct gst_nnc_selection *selection,
                      const struct nnc_input_spec *spec, const GstStructure *caps,
                      struct wanted *wanted)
{
    struct gst_nnc_shares part = selection->crop;

    if (selection->kind == GST_NNC_REGION_CENTER) {
        part.width *= selection->center_share;
        part.height *= selection->center_share;
    }
    gst_nnc_least_size(spec, &part, aspect_of(caps), &wanted->width, &wanted->height);
    /* A region of interest may be small: every pixel counts. */
    if (selection->kind == GST_NNC_REGION_ROI)
        wanted->width = wanted->height = (gint)NNC_IMAGE_MAX_SIDE;
}

static void want_rate(GstNncClassify *self, const GstStructure *caps,
                      struct wanted *wanted)
{
    const guint interval = atomic_load(&self->settings.interval);
    gint n, d;

    wanted->fps_n = 0;
    wanted->fps_d = 1;
    if (interval && interval < G_MAXINT && caps &&
        gst_structure_get_fraction(caps, "framerate", &n, &d) && n > 0 &&
        gst_util_fraction_multiply(n, d, 1, (gint)interval + 1, &n, &d)) {
        wanted->fps_n = n;
        wanted->fps_d = d;
    }
}

/* Whoever comes after this element is not to get less than it needs. */
static void regard_others(GstNncClassify *self, struct wanted *wanted)
{
    g_autoptr(GstQuery) query = gst_nnc_wanted_input_query_new();
    struct wanted others;

    if (!gst_pad_peer_query(GST_BASE_TRANSFORM_SRC_PAD(self), query) ||
        !gst_nnc_wanted_input_parse(query, &others.width, &others.height, &others.fps_n,
                                    &others.fps_d, NULL))
        return;
    wanted->width = MAX(wanted->width, others.width);
    wanted->height = MAX(wanted->height, others.height);
    if (!others.fps_n ||
        (wanted->fps_n && gst_util_fraction_compare(others.fps_n, others.fps_d,
                                                    wanted->fps_n, wanted->fps_d) > 0)) {
        wanted->fps_n = others.fps_n;
        wanted->fps_d = others.fps_d;
    }
}

/* FALSE without a model: nobody knows what it will need. */
static gboolean answer_wanted_input(GstNncClassify *self, GstQuery *query)
{
    struct gst_nnc_live_task *const live = gst_nnc_task_slot_ref_live(&self->slot);
    struct wanted wanted;

    if (!live)
        return FALSE;
    const struct nnc_input_spec *const spec = nnc_model_input(nnc_task_model(live->task));
    const struct gst_nnc_selection selection =
        gst_nnc_input_settings_select(&self->input);
    g_autoptr(GstCaps) caps = gst_pad_get_current_caps(GST_BASE_TRANSFORM_SINK_PAD(self));
    const GstStructure *const structure = caps ? gst_caps_get_structure(caps, 0) : NULL;
    want_size(&selection, spec, structure, &wanted);
    want_rate(self, structure, &wanted);
    regard_others(self, &wanted);
    gst_nnc_wanted_input_set(
        query, wanted.width, wanted.height, wanted.fps_n, wanted.fps_d,
        spec->channels == 1 ? cheapest_for_grey : cheapest_for_colour);
    gst_nnc_labels_unref((struct gst_nnc_labels *)selection.labels);
    gst_nnc_live_task_unref(live);
    return TRUE;
}

gboolean gst_nnc_classify_query(GstBaseTransform *base, GstPadDirection direction,
                                GstQuery *query)
{
    GstNncClassify *const self = GST_NNC_CLASSIFY(base);

    if (direction == GST_PAD_SINK && gst_nnc_query_is_wanted_input(query) &&
        answer_wanted_input(self, query))
        return TRUE;
    if (!GST_BASE_TRANSFORM_CLASS(g_type_class_peek(GST_TYPE_BASE_TRANSFORM))
             ->query(base, direction, query))
        return FALSE;
    if (direction == GST_PAD_SRC && GST_QUERY_TYPE(query) == GST_QUERY_LATENCY)
        add_latency(self, query);
    return TRUE;
}

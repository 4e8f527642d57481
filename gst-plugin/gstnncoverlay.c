/* SPDX-License-Identifier: MIT */

/**
 * SECTION:element-nncoverlay
 * @title: nncoverlay
 *
 * Draws the predictions that frames carry: ranked classes with bars, the task and what it
 * saves, milliseconds, and a box with a label for each region. Where the sink can lay
 * pictures over video by itself, they go along as metadata and the pixels stay as they
 * are.
 *
 * |[
 * gst-launch-1.0 v4l2src ! nncclassify model=nest-photo.onnx ! nncoverlay ! \
 *     videoconvert ! autovideosink
 * ]|
 *
 * Frames without a prediction show the last one for a while, see #GstNncOverlay:persist.
 * Regions are drawn where they were in the frame that was classified: scale and crop
 * behind nncoverlay, not before.
 */

#include "gstnncoverlay.h"

GST_DEBUG_CATEGORY_STATIC(nnc_overlay_debug);
#define GST_CAT_DEFAULT nnc_overlay_debug

#define FEATURE GST_CAPS_FEATURE_META_GST_VIDEO_OVERLAY_COMPOSITION
#define CAPS                                                                             \
    GST_VIDEO_CAPS_MAKE(GST_VIDEO_OVERLAY_COMPOSITION_BLEND_FORMATS)                     \
    ";" GST_VIDEO_CAPS_MAKE_WITH_FEATURES(GST_CAPS_FEATURE_MEMORY_SYSTEM_MEMORY          \
                                          ", " FEATURE,                                  \
                                          GST_VIDEO_OVERLAY_COMPOSITION_BLEND_FORMATS)

static GstStaticPadTemplate sink_template =
    GST_STATIC_PAD_TEMPLATE("sink", GST_PAD_SINK, GST_PAD_ALWAYS, GST_STATIC_CAPS(CAPS));
static GstStaticPadTemplate src_template =
    GST_STATIC_PAD_TEMPLATE("src", GST_PAD_SRC, GST_PAD_ALWAYS, GST_STATIC_CAPS(CAPS));

G_DEFINE_TYPE(GstNncOverlay, gst_nnc_overlay, GST_TYPE_BASE_TRANSFORM)
GST_ELEMENT_REGISTER_DEFINE_WITH_CODE(
    nncoverlay, "nncoverlay", GST_RANK_NONE, GST_TYPE_NNC_OVERLAY,
    GST_DEBUG_CATEGORY_INIT(nnc_overlay_debug, "nncoverlay", 0, "predictions drawn"))

/* --- caps --- */

/* The same caps with the feature, or without it. */
static GstCaps *with_feature(GstCaps *caps, gboolean wanted)
{
    GstCaps *const changed = gst_caps_copy(caps);

    for (guint i = 0; i < gst_caps_get_size(changed); i++) {
        GstCapsFeatures *const features = gst_caps_get_features(changed, i);
        if (gst_caps_features_is_any(features))
            continue;
        gst_caps_features_remove(features, FEATURE);
        if (wanted)
            gst_caps_features_add(features, FEATURE);
    }
    return changed;
}

static gboolean has_feature(GstCaps *caps)
{
    return gst_caps_get_size(caps) &&
           gst_caps_features_contains(gst_caps_get_features(caps, 0), FEATURE);
}

/* Only who names the feature is believed: what takes any caps, as fakesink and appsink
 * do, does not draw. */
static gboolean downstream_draws(GstBaseTransform *base, GstCaps *caps)
{
    g_autoptr(GstCaps) theirs =
        gst_pad_peer_query_caps(GST_BASE_TRANSFORM_SRC_PAD(base), NULL);

    return theirs && !gst_caps_is_any(theirs) && gst_caps_can_intersect(theirs, caps);
}

/* Overlays can be added to what flows, not taken from it. */
static GstCaps *transform_caps(GstBaseTransform *base, GstPadDirection direction,
                               GstCaps *caps, GstCaps *filter)
{
    GstCaps *const marked = with_feature(caps, TRUE);
    GstCaps *result;

    if (direction == GST_PAD_SRC)
        result = gst_caps_merge(gst_caps_ref(caps), with_feature(caps, FALSE));
    else if (downstream_draws(base, marked))
        result = gst_caps_ref(marked);
    else
        result = gst_caps_ref(caps);
    gst_caps_unref(marked);
    if (!filter)
        return result;
    GstCaps *const filtered =
        gst_caps_intersect_full(filter, result, GST_CAPS_INTERSECT_FIRST);
    gst_caps_unref(result);
    return filtered;
}

static gboolean set_caps(GstBaseTransform *base, GstCaps *in, GstCaps *out)
{
    GstNncOverlay *const self = GST_NNC_OVERLAY(base);

    atomic_store(&self->asked, FALSE);
    self->changes_seen = atomic_load(&self->changes) - 1; /* sizes follow the frame */
    return gst_video_info_from_caps(&self->info, in);
}

/* The base class asks downstream for memory only, hence never where frames are changed in
 * place. Asked before the first frame: by then downstream has the caps. */
static void ask_downstream(GstNncOverlay *self)
{
    GstPad *const pad = GST_BASE_TRANSFORM_SRC_PAD(self);
    g_autoptr(GstCaps) caps = gst_pad_get_current_caps(pad);

    if (atomic_exchange(&self->asked, TRUE) || !caps)
        return;
    g_autoptr(GstQuery) query = gst_query_new_allocation(caps, FALSE);
    self->attach = has_feature(caps) && gst_pad_peer_query(pad, query) &&
                   gst_query_find_allocation_meta(
                       query, GST_VIDEO_OVERLAY_COMPOSITION_META_API_TYPE, NULL);
    GST_INFO_OBJECT(self, "drawn %s", self->attach ? "downstream" : "into the frames");
}

static gboolean src_event(GstBaseTransform *base, GstEvent *event)
{
    if (GST_EVENT_TYPE(event) == GST_EVENT_RECONFIGURE)
        atomic_store(&GST_NNC_OVERLAY(base)->asked, FALSE);
    return GST_BASE_TRANSFORM_CLASS(gst_nnc_overlay_parent_class)->src_event(base, event);
}

static gboolean propose_allocation(GstBaseTransform *base, GstQuery *decided,
                                   GstQuery *query)
{
    if (!gst_pad_peer_query(GST_BASE_TRANSFORM_SRC_PAD(base), query))
        gst_query_add_allocation_meta(query, GST_VIDEO_META_API_TYPE, NULL);
    return TRUE;
}

/* --- frames --- */

static void follow_settings(GstNncOverlay *self)
{
    const guint changes = atomic_load(&self->changes);

    if (changes == self->changes_seen)
        return;
    pthread_mutex_lock(&self->lock);
    struct gst_nnc_overlay_settings settings = self->settings;
    settings.style.font = g_strdup(settings.style.font);
    pthread_mutex_unlock(&self->lock);
    gst_nnc_overlay_scene_set(&self->scene, &settings, (guint)self->info.width,
                              (guint)self->info.height);
    g_free(settings.style.font);
    self->changes_seen = changes;
}

/* A shared buffer is copied without its pixels; those are copied when they are drawn on.
 */
static GstFlowReturn prepare_output_buffer(GstBaseTransform *base, GstBuffer *in,
                                           GstBuffer **out)
{
    *out = gst_buffer_is_writable(in) ? in : gst_buffer_copy(in);
    return *out ? GST_FLOW_OK : GST_FLOW_ERROR;
}

/* What others laid over the frame stays, below. */
static void attach(GstBuffer *buffer, GstVideoOverlayComposition *composition)
{
    GstVideoOverlayCompositionMeta *const meta =
        gst_buffer_get_video_overlay_composition_meta(buffer);

    if (!meta) {
        gst_buffer_add_video_overlay_composition_meta(buffer, composition);
        return;
    }
    GstVideoOverlayComposition *const both =
        gst_video_overlay_composition_copy(meta->overlay);
    for (guint i = 0; i < gst_video_overlay_composition_n_rectangles(composition); i++)
        gst_video_overlay_composition_add_rectangle(
            both, gst_video_overlay_composition_get_rectangle(composition, i));
    gst_buffer_remove_video_overlay_composition_meta(buffer, meta);
    gst_buffer_add_video_overlay_composition_meta(buffer, both);
    gst_video_overlay_composition_unref(both);
}

/* A frame that is not what its caps say passes undrawn. */
static void blend(GstNncOverlay *self, GstBuffer *buffer,
                  GstVideoOverlayComposition *composition)
{
    GstVideoFrame frame;

    if (!gst_video_frame_map(&frame, &self->info, buffer, GST_MAP_READWRITE)) {
        GST_LOG_OBJECT(self, "%" GST_PTR_FORMAT " cannot be drawn on", buffer);
        return;
    }
    gst_video_overlay_composition_blend(composition, &frame);
    gst_video_frame_unmap(&frame);
}

static GstFlowReturn transform_ip(GstBaseTransform *base, GstBuffer *buffer)
{
    GstNncOverlay *const self = GST_NNC_OVERLAY(base);
    const GstClockTime now = GST_BUFFER_PTS_IS_VALID(buffer)
                                 ? GST_BUFFER_PTS(buffer)
                                 : (GstClockTime)g_get_monotonic_time() * GST_USECOND;

    follow_settings(self);
    GstVideoOverlayComposition *const composition =
        gst_nnc_overlay_scene_look(&self->scene, buffer, now);
    if (!composition)
        return GST_FLOW_OK;
    ask_downstream(self);
    if (self->attach)
        attach(buffer, composition);
    else
        blend(self, buffer, composition);
    return GST_FLOW_OK;
}

static gboolean sink_event(GstBaseTransform *base, GstEvent *event)
{
    if (GST_EVENT_TYPE(event) == GST_EVENT_FLUSH_STOP)
        gst_nnc_overlay_scene_forget(&GST_NNC_OVERLAY(base)->scene);
    return GST_BASE_TRANSFORM_CLASS(gst_nnc_overlay_parent_class)
        ->sink_event(base, event);
}

/* --- life --- */

static gboolean stop(GstBaseTransform *base)
{
    gst_nnc_overlay_scene_finish(&GST_NNC_OVERLAY(base)->scene);
    return TRUE;
}

static void gst_nnc_overlay_init(GstNncOverlay *self)
{
    GstBaseTransform *const base = GST_BASE_TRANSFORM(self);

    pthread_mutex_init(&self->lock, NULL);
    gst_base_transform_set_in_place(base, TRUE);
    gst_base_transform_set_gap_aware(base, TRUE);
    gst_base_transform_set_qos_enabled(base, FALSE);
}

static void finalize(GObject *object)
{
    GstNncOverlay *const self = GST_NNC_OVERLAY(object);

    g_free(self->settings.style.font);
    pthread_mutex_destroy(&self->lock);
    G_OBJECT_CLASS(gst_nnc_overlay_parent_class)->finalize(object);
}

static void gst_nnc_overlay_class_init(GstNncOverlayClass *class)
{
    GstElementClass *const element = GST_ELEMENT_CLASS(class);
    GstBaseTransformClass *const base = GST_BASE_TRANSFORM_CLASS(class);

    G_OBJECT_CLASS(class)->finalize = finalize;
    gst_nnc_overlay_install_properties(G_OBJECT_CLASS(class));
    gst_element_class_add_static_pad_template(element, &sink_template);
    gst_element_class_add_static_pad_template(element, &src_template);
    gst_element_class_set_static_metadata(
        element, "Predictions drawn", "Filter/Editor/Video",
        "Draws predictions over the frames that carry them", "nnc");
    base->stop = stop;
    base->transform_caps = transform_caps;
    base->set_caps = set_caps;
    base->sink_event = sink_event;
    base->src_event = src_event;
    base->propose_allocation = propose_allocation;
    base->prepare_output_buffer = prepare_output_buffer;
    base->transform_ip = transform_ip;
    base->transform_ip_on_passthrough = FALSE;
}

/* SPDX-License-Identifier: MIT */

/* Which part of which frames is classified, as users set it. All of it may change while
 * frames flow; a frame sees one state of it. */

#include "gstnncclassifyinput.h"

#include "gstnncerror.h"

#define DEFAULT_CENTER_SHARE 0.5
#define DEFAULT_MAX_ROIS 8
#define DEFAULT_MIN_ROI_SIZE 1

/* Numbers far from those of gstnncclassifyproperties.h. */
enum {
    PROP_REGION = 100,
    PROP_CROP,
    PROP_CROP_X,
    PROP_CROP_Y,
    PROP_CROP_WIDTH,
    PROP_CROP_HEIGHT,
    PROP_CENTER_SHARE,
    PROP_ROI_LABELS,
    PROP_MAX_ROIS,
    PROP_MIN_ROI_SIZE,
    PROP_HOLD,
    PROP_ASYNC,
    PROP_PROCESSING_LATENCY
};

#define GST_TYPE_NNC_REGION_KIND (gst_nnc_region_kind_get_type())

static GType gst_nnc_region_kind_get_type(void)
{
    static gsize type = 0;
    static const GEnumValue values[] = {
        {GST_NNC_REGION_FRAME, "The whole frame, or what the crop leaves of it", "frame"},
        {GST_NNC_REGION_CENTER, "The middle of it, see center-share", "center"},
        {GST_NNC_REGION_ROI,
         "Each region of interest and each object detection on the buffer", "roi"},
        {0, NULL, NULL},
    };

    if (g_once_init_enter(&type))
        g_once_init_leave(&type, g_enum_register_static("GstNncRegionKind", values));
    return type;
}

void gst_nnc_input_settings_init(struct gst_nnc_input_settings *settings)
{
    pthread_mutex_init(&settings->lock, NULL);
    settings->crop = (struct gst_nnc_shares){0.0, 0.0, 1.0, 1.0};
    settings->labels = gst_nnc_labels_new("");
    atomic_store(&settings->center_share, DEFAULT_CENTER_SHARE);
    atomic_store(&settings->max_rois, DEFAULT_MAX_ROIS);
    atomic_store(&settings->min_roi_size, DEFAULT_MIN_ROI_SIZE);
    atomic_store(&settings->processing_latency, GST_CLOCK_TIME_NONE);
}

void gst_nnc_input_settings_finish(struct gst_nnc_input_settings *settings)
{
    gst_nnc_labels_unref(settings->labels);
    pthread_mutex_destroy(&settings->lock);
}

struct gst_nnc_selection
gst_nnc_input_settings_select(struct gst_nnc_input_settings *settings)
{
    struct gst_nnc_selection selection = {
        .kind = (GstNncRegionKind)atomic_load(&settings->region),
        .center_share = atomic_load(&settings->center_share),
        .max_rois = atomic_load(&settings->max_rois),
        .min_roi_size = atomic_load(&settings->min_roi_size),
    };

    pthread_mutex_lock(&settings->lock);
    selection.crop = settings->crop;
    selection.labels = gst_nnc_labels_ref(settings->labels);
    pthread_mutex_unlock(&settings->lock);
    return selection;
}

/* --- setting --- */

static gdouble *side_of(struct gst_nnc_shares *crop, guint id)
{
    switch (id) {
    case PROP_CROP_X:
        return &crop->x;
    case PROP_CROP_Y:
        return &crop->y;
    case PROP_CROP_WIDTH:
        return &crop->width;
    default:
        return &crop->height;
    }
}

static void set_side(struct gst_nnc_input_settings *settings, guint id, gdouble share)
{
    pthread_mutex_lock(&settings->lock);
    *side_of(&settings->crop, id) = share;
    pthread_mutex_unlock(&settings->lock);
}

static gdouble get_side(struct gst_nnc_input_settings *settings, guint id)
{
    pthread_mutex_lock(&settings->lock);
    const gdouble share = *side_of(&settings->crop, id);
    pthread_mutex_unlock(&settings->lock);
    return share;
}

static gboolean share_at(const GValue *array, guint index, gdouble *share)
{
    g_auto(GValue) number = G_VALUE_INIT;

    g_value_init(&number, G_TYPE_DOUBLE);
    if (!g_value_transform(gst_value_array_get_value(array, index), &number))
        return FALSE;
    *share = g_value_get_double(&number);
    return *share >= 0.0 && *share <= 1.0; /* false for NaN, too */
}

static void set_crop(struct gst_nnc_input_settings *settings, const GValue *array,
                     GstElement *element)
{
    struct gst_nnc_shares crop;
    struct nnc_error error;

    if (gst_value_array_get_size(array) != 4 || !share_at(array, 0, &crop.x) ||
        !share_at(array, 1, &crop.y) || !share_at(array, 2, &crop.width) ||
        !share_at(array, 3, &crop.height)) {
        g_autofree gchar *text = gst_value_serialize(array);
        gst_nnc_error_set(&error, NNC_VALUE,
                          "property 'crop': got %.80s; expected <x, y, width, height>, "
                          "four numbers from 0 to 1",
                          text ? text : "(none)");
        gst_nnc_error_post(element, GST_MESSAGE_WARNING, &error);
        return;
    }
    pthread_mutex_lock(&settings->lock);
    settings->crop = crop;
    pthread_mutex_unlock(&settings->lock);
}

static void get_crop(struct gst_nnc_input_settings *settings, GValue *array)
{
    for (guint id = PROP_CROP_X; id <= PROP_CROP_HEIGHT; id++) {
        GValue share = G_VALUE_INIT;
        g_value_init(&share, G_TYPE_DOUBLE);
        g_value_set_double(&share, get_side(settings, id));
        gst_value_array_append_and_take_value(array, &share);
    }
}

static void set_labels(struct gst_nnc_input_settings *settings, const gchar *text)
{
    struct gst_nnc_labels *const labels = gst_nnc_labels_new(text);

    pthread_mutex_lock(&settings->lock);
    struct gst_nnc_labels *const old = settings->labels;
    settings->labels = labels;
    pthread_mutex_unlock(&settings->lock);
    gst_nnc_labels_unref(old);
}

static gchar *get_labels(struct gst_nnc_input_settings *settings)
{
    pthread_mutex_lock(&settings->lock);
    struct gst_nnc_labels *const labels = gst_nnc_labels_ref(settings->labels);
    pthread_mutex_unlock(&settings->lock);
    gchar *const text = g_strdup(gst_nnc_labels_text(labels));
    gst_nnc_labels_unref(labels);
    return text;
}

static void set_async(struct gst_nnc_input_settings *settings, gboolean async,
                      GstElement *element)
{
    struct nnc_error error;

    if (GST_STATE(element) <= GST_STATE_READY) {
        atomic_store(&settings->async, async);
        return;
    }
    gst_nnc_error_set(&error, NNC_STATE,
                      "property 'async' cannot change while the element runs; set the "
                      "state to READY first");
    gst_nnc_error_post(element, GST_MESSAGE_WARNING, &error);
}

static void set_processing_latency(struct gst_nnc_input_settings *settings,
                                   GstClockTime latency, GstElement *element)
{
    if (atomic_exchange(&settings->processing_latency, latency) != latency)
        gst_element_post_message(element, gst_message_new_latency(GST_OBJECT(element)));
}

gboolean gst_nnc_input_set_property(struct gst_nnc_input_settings *settings, guint id,
                                    const GValue *value, GstElement *element)
{
    switch (id) {
    case PROP_REGION:
        atomic_store(&settings->region, g_value_get_enum(value));
        return TRUE;
    case PROP_CROP:
        set_crop(settings, value, element);
        return TRUE;
    case PROP_CROP_X:
    case PROP_CROP_Y:
    case PROP_CROP_WIDTH:
    case PROP_CROP_HEIGHT:
        set_side(settings, id, g_value_get_double(value));
        return TRUE;
    case PROP_CENTER_SHARE:
        atomic_store(&settings->center_share, g_value_get_double(value));
        return TRUE;
    case PROP_ROI_LABELS:
        set_labels(settings, g_value_get_string(value));
        return TRUE;
    case PROP_MAX_ROIS:
        atomic_store(&settings->max_rois, g_value_get_uint(value));
        return TRUE;
    case PROP_MIN_ROI_SIZE:
        atomic_store(&settings->min_roi_size, g_value_get_uint(value));
        return TRUE;
    case PROP_HOLD:
        atomic_store(&settings->hold, g_value_get_boolean(value));
        return TRUE;
    case PROP_ASYNC:
        set_async(settings, g_value_get_boolean(value), element);
        return TRUE;
    case PROP_PROCESSING_LATENCY:
        set_processing_latency(settings, g_value_get_uint64(value), element);
        return TRUE;
    default:
        return FALSE;
    }
}

gboolean gst_nnc_input_get_property(struct gst_nnc_input_settings *settings, guint id,
                                    GValue *value)
{
    switch (id) {
    case PROP_REGION:
        g_value_set_enum(value, atomic_load(&settings->region));
        return TRUE;
    case PROP_CROP:
        get_crop(settings, value);
        return TRUE;
    case PROP_CROP_X:
    case PROP_CROP_Y:
    case PROP_CROP_WIDTH:
    case PROP_CROP_HEIGHT:
        g_value_set_double(value, get_side(settings, id));
        return TRUE;
    case PROP_CENTER_SHARE:
        g_value_set_double(value, atomic_load(&settings->center_share));
        return TRUE;
    case PROP_ROI_LABELS:
        g_value_take_string(value, get_labels(settings));
        return TRUE;
    case PROP_MAX_ROIS:
        g_value_set_uint(value, atomic_load(&settings->max_rois));
        return TRUE;
    case PROP_MIN_ROI_SIZE:
        g_value_set_uint(value, atomic_load(&settings->min_roi_size));
        return TRUE;
    case PROP_HOLD:
        g_value_set_boolean(value, atomic_load(&settings->hold));
        return TRUE;
    case PROP_ASYNC:
        g_value_set_boolean(value, atomic_load(&settings->async));
        return TRUE;
    case PROP_PROCESSING_LATENCY:
        g_value_set_uint64(value, atomic_load(&settings->processing_latency));
        return TRUE;
    default:
        return FALSE;
    }
}

/* --- description --- */

#define PLAYING (G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS | GST_PARAM_MUTABLE_PLAYING)
#define ANIMATED (PLAYING | GST_PARAM_CONTROLLABLE)

static void install_share(GObjectClass *object_class, guint id, const gchar *name,
                          const gchar *nick, const gchar *blurb, gdouble value)
{
    g_object_class_install_property(
        object_class, id,
        g_param_spec_double(name, nick, blurb, 0.0, 1.0, value, ANIMATED));
}

static void install_crop(GObjectClass *object_class)
{
    /**
     * GstNncClassify:crop:
     *
     * The part of the frame to look at, x, y, width and height as shares of the frame's
     * sides from 0 to 1, e.g. "<0.25,0.25,0.5,0.5>" for the middle. All four change as
     * one; to animate them, see crop-x and its like. Edges are rounded to whole pixels,
     * at least one pixel stays. Where a GstVideoCropMeta says that only a part of the
     * picture is visible, shares are of that part.
     *
     * Since: 0.1
     */
    g_object_class_install_property(
        object_class, PROP_CROP,
        gst_param_spec_array(
            "crop", "Crop",
            "Part of the frame to look at: <x, y, width, height> as shares of its sides "
            "(0..1)",
            NULL, PLAYING)); /* no type of the members: whole numbers are welcome */
    install_share(object_class, PROP_CROP_X, "crop-x", "Crop x",
                  "Left edge of the part to look at, as a share of the frame's width",
                  0.0);
    install_share(object_class, PROP_CROP_Y, "crop-y", "Crop y",
                  "Upper edge of the part to look at, as a share of the frame's height",
                  0.0);
    install_share(object_class, PROP_CROP_WIDTH, "crop-width", "Crop width",
                  "Width of the part to look at, as a share of the frame's width", 1.0);
    install_share(object_class, PROP_CROP_HEIGHT, "crop-height", "Crop height",
                  "Height of the part to look at, as a share of the frame's height", 1.0);
}

static void install_rois(GObjectClass *object_class)
{
    /**
     * GstNncClassify:roi-labels:
     *
     * With region=roi: which regions of interest are classified, by what their detector
     * called them. A list like "person,car*" takes these, one like "-face" all but these;
     * it is read from left to right, `*` and `?` match any text and any character.
     *
     * Since: 0.1
     */
    g_object_class_install_property(
        object_class, PROP_ROI_LABELS,
        g_param_spec_string("roi-labels", "Labels of regions",
                            "Labels of the regions of interest to classify, e.g. "
                            "\"person,car*\" or \"-face\"; empty = all",
                            "", PLAYING));
    /**
     * GstNncClassify:max-rois:
     *
     * With region=roi: how many regions of interest are classified in one frame. If there
     * are more, they take turns from frame to frame; those left out are counted in
     * #GstNncClassify:stats as rois-over-budget.
     *
     * Since: 0.1
     */
    g_object_class_install_property(
        object_class, PROP_MAX_ROIS,
        g_param_spec_uint("max-rois", "Most regions",
                          "Regions of interest to classify in one frame, at most; if "
                          "there are more, they take turns",
                          1, GST_NNC_MAX_ROIS, DEFAULT_MAX_ROIS, PLAYING));
    g_object_class_install_property(
        object_class, PROP_MIN_ROI_SIZE,
        g_param_spec_uint("min-roi-size", "Least size of regions",
                          "Least width and height of a region of interest that is "
                          "classified, in pixels",
                          1, NNC_IMAGE_MAX_SIDE, DEFAULT_MIN_ROI_SIZE, PLAYING));
}

static void install_times(GObjectClass *object_class)
{
    /**
     * GstNncClassify:hold:
     *
     * Whether frames that are not classified themselves (because of
     * #GstNncClassify:interval, or late) carry the last result once more. Such a
     * prediction says how many frames old it is (age), of which frame (source_pts), and
     * why it is not this frame's (reason).
     *
     * Since: 0.1
     */
    g_object_class_install_property(
        object_class, PROP_HOLD,
        g_param_spec_boolean(
            "hold", "Hold",
            "Frames that are left out carry the last result, with its age "
            "in frames",
            FALSE, PLAYING));
    /**
     * GstNncClassify:async:
     *
     * Whether the stream goes on while the network runs. Frames do not wait then: a
     * worker thread classifies the newest one, and its result goes on the first frame
     * that comes after it is there, with its age in frames and the timestamp of the frame
     * that it was made of (source_pts). While the worker is busy the newest frame waits
     * for it, older ones are left out (frames-replaced in #GstNncClassify:stats). The
     * frame's memory is not held: the network's input is made of it before it goes on.
     * Results do not go back to regions of interest, which are other ones then. The
     * element adds no latency. At the end of the stream the last result comes as a message
     * alone, see #GstNncClassify:post-messages. A task that comes with a buffer or an
     * event for the first time is compiled while its frame waits, here, too.
     *
     * Since: 0.1
     */
    g_object_class_install_property(
        object_class, PROP_ASYNC,
        g_param_spec_boolean(
            "async", "Asynchronous",
            "Frames do not wait for the network: results go on later "
            "frames, with their age",
            FALSE, G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS | GST_PARAM_MUTABLE_READY));
    /**
     * GstNncClassify:processing-latency:
     *
     * How long frames take in the element, in nanoseconds, as live pipelines are told
     * when they ask for the latency. The default is to say what was measured: the time
     * that 99 % of the frames since the start took no longer than; nothing before the
     * first frame. If that grows by a quarter, the pipeline is told (as a LATENCY
     * message, which applications answer by gst_bin_recalculate_latency()). A value of
     * one's own is never corrected. With #GstNncClassify:async nothing is added.
     *
     * Since: 0.1
     */
    g_object_class_install_property(
        object_class, PROP_PROCESSING_LATENCY,
        g_param_spec_uint64(
            "processing-latency", "Processing latency",
            "What frames take in the element, in ns, for latency queries; "
            "18446744073709551615 = as measured",
            0, G_MAXUINT64, GST_CLOCK_TIME_NONE, PLAYING));
}

void gst_nnc_input_install_properties(GObjectClass *object_class)
{
    /**
     * GstNncClassify:region:
     *
     * What gets a prediction: the frame (what #GstNncClassify:crop leaves of it), the
     * middle of that, or each region of interest (GstVideoRegionOfInterestMeta) and each
     * object detection (GstAnalytics, from GStreamer 1.24 on) that the buffer carries.
     * Then predictions have the region's place, id and label; regions of interest get the
     * prediction as their parameter "nnc/prediction", too, and detections a
     * classification that is related to them. Regions are cut off at the edges of the
     * crop; those that are empty or outside of the frame are refused with a warning.
     *
     * Since: 0.1
     */
    g_object_class_install_property(
        object_class, PROP_REGION,
        g_param_spec_enum("region", "Region", "What of a frame gets a prediction",
                          GST_TYPE_NNC_REGION_KIND, GST_NNC_REGION_FRAME, PLAYING));
    install_crop(object_class);
    install_share(object_class, PROP_CENTER_SHARE, "center-share", "Share of the middle",
                  "With region=center: width and height of the middle that is looked at, "
                  "as a share of the frame's (or crop's)",
                  DEFAULT_CENTER_SHARE);
    install_rois(object_class);
    install_times(object_class);
    gst_type_mark_as_plugin_api(GST_TYPE_NNC_REGION_KIND, 0);
}

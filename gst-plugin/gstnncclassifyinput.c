/* SPDX-License-Identifier: MIT */

/* Which part of which frames is classified, as users set it. All of it may change while
 * frames flow; a frame sees one state of it. What the properties mean stands in
 * gstnncclassifyinputdescribe.c. */

#include "gstnncclassifyinputproperties.h"

#include "gstnncerror.h"

void gst_nnc_input_settings_init(struct gst_nnc_input_settings *settings)
{
    pthread_mutex_init(&settings->lock, NULL);
    settings->crop = (struct gst_nnc_shares){0.0, 0.0, 1.0, 1.0};
    settings->labels = gst_nnc_labels_new("");
    atomic_store(&settings->center_share, GST_NNC_INPUT_DEFAULT_CENTER_SHARE);
    atomic_store(&settings->max_rois, GST_NNC_INPUT_DEFAULT_MAX_ROIS);
    atomic_store(&settings->min_roi_size, GST_NNC_INPUT_DEFAULT_MIN_ROI_SIZE);
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
    case PROP_CORRUPTED_FRAMES:
        atomic_store(&settings->corrupted_frames, g_value_get_enum(value));
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
    case PROP_CORRUPTED_FRAMES:
        g_value_set_enum(value, atomic_load(&settings->corrupted_frames));
        return TRUE;
    case PROP_PROCESSING_LATENCY:
        g_value_set_uint64(value, atomic_load(&settings->processing_latency));
        return TRUE;
    default:
        return FALSE;
    }
}

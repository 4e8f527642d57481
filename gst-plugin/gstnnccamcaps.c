/* SPDX-License-Identifier: MIT */

#include "gstnnccamcaps.h"

#include "gstnnccamdrm.h"
#include "gstnnccampicture.h"

#include <gst/allocators/gstdmabuf.h>

GstCaps *gst_nnc_cam_caps_template(void)
{
    g_autofree gchar *text = g_strconcat(
        GST_VIDEO_CAPS_MAKE(GST_NNC_CAM_FORMATS) ";", gst_nnc_cam_drm_template,
        "image/jpeg; video/x-h264, stream-format=byte-stream, alignment=au; "
        "video/x-h265, stream-format=byte-stream, alignment=au",
        NULL);

    return gst_caps_from_string(text);
}

/* --- from offers --- */

/* As memory:DMABuf; NULL if that has no such format. */
static GstStructure *name_exported(const struct nnc_camera_format *format)
{
    GstStructure *structure = gst_structure_new_empty("video/x-raw");

    if (format->medium != NNC_CAMERA_RAW ||
        !gst_nnc_cam_drm_set_format(structure, format->name))
        gst_clear_structure(&structure);
    return structure;
}

static GstStructure *name_format(const struct nnc_camera_format *format)
{
    switch (format->medium) {
    case NNC_CAMERA_JPEG:
        return gst_structure_new_empty("image/jpeg");
    case NNC_CAMERA_H264:
        return gst_structure_new("video/x-h264", "stream-format", G_TYPE_STRING,
                                 "byte-stream", "alignment", G_TYPE_STRING, "au", NULL);
    case NNC_CAMERA_HEVC:
        return gst_structure_new("video/x-h265", "stream-format", G_TYPE_STRING,
                                 "byte-stream", "alignment", G_TYPE_STRING, "au", NULL);
    case NNC_CAMERA_RAW:
        break;
    }
    return gst_structure_new("video/x-raw", "format", G_TYPE_STRING, format->name, NULL);
}

static void set_side(GstStructure *structure, const gchar *side,
                     struct nnc_camera_range range)
{
    const gint low = (gint)range.low, high = (gint)(range.high - range.low % range.step);
    const gint step = (gint)range.step;

    if (low == (gint)range.high)
        gst_structure_set(structure, side, G_TYPE_INT, low, NULL);
    else if (step > 1 && low % step == 0 && high - high % step > low) {
        GValue value = G_VALUE_INIT;
        g_value_init(&value, GST_TYPE_INT_RANGE);
        gst_value_set_int_range_step(&value, low, high - high % step, step);
        gst_structure_take_value(structure, side, &value);
    } else
        gst_structure_set(structure, side, GST_TYPE_INT_RANGE, low, (gint)range.high,
                          NULL);
}

static void list_rates(GstStructure *structure, const struct nnc_camera_offer *offer)
{
    GValue list = G_VALUE_INIT, value = G_VALUE_INIT;

    g_value_init(&list, GST_TYPE_LIST);
    g_value_init(&value, GST_TYPE_FRACTION);
    for (guint i = 0; i < offer->n_rates; i++) {
        gst_value_set_fraction(&value, (gint)offer->rates[i].n, (gint)offer->rates[i].d);
        gst_value_list_append_value(&list, &value);
    }
    g_value_unset(&value);
    gst_structure_take_value(structure, "framerate", &list);
}

static void set_rates(GstStructure *structure, const struct nnc_camera_offer *offer)
{
    const struct nnc_camera_rate *const rates = offer->rates;

    if (!offer->n_rates)
        gst_structure_set(structure, "framerate", GST_TYPE_FRACTION_RANGE, 0, 1, G_MAXINT,
                          1, NULL);
    else if (offer->any_rate_between)
        gst_structure_set(structure, "framerate", GST_TYPE_FRACTION_RANGE,
                          (gint)rates[0].n, (gint)rates[0].d, (gint)rates[1].n,
                          (gint)rates[1].d, NULL);
    else if (offer->n_rates == 1)
        gst_structure_set(structure, "framerate", GST_TYPE_FRACTION, (gint)rates[0].n,
                          (gint)rates[0].d, NULL);
    else
        list_rates(structure, offer);
}

static void append_offers(GstCaps *caps, const struct nnc_camera_offers *offers,
                          gboolean converted, gboolean dmabuf)
{
    for (guint i = 0; i < offers->n; i++) {
        const struct nnc_camera_offer *const offer = &offers->rows[i];
        if (offer->converted != converted)
            continue;
        GstStructure *const structure =
            dmabuf ? name_exported(offer->format) : name_format(offer->format);
        if (!structure)
            continue;
        set_side(structure, "width", offer->width);
        set_side(structure, "height", offer->height);
        set_rates(structure, offer);
        gst_caps_append_structure_full(
            caps, structure,
            dmabuf ? gst_caps_features_new(GST_CAPS_FEATURE_MEMORY_DMABUF, NULL) : NULL);
    }
}

GstCaps *gst_nnc_cam_caps_from_offers(const struct nnc_camera_offers *offers,
                                      gboolean dmabuf)
{
    GstCaps *const caps = gst_caps_new_empty();

    append_offers(caps, offers, FALSE, FALSE);
    append_offers(caps, offers, TRUE, FALSE);
    if (dmabuf)
        append_offers(caps, offers, FALSE, TRUE);
    return caps;
}

/* --- to offers --- */

/* A value, or the ends of a range; of a list the first. */
static gboolean get_side(const GstStructure *structure, const gchar *side,
                         struct nnc_camera_range *range)
{
    const GValue *value = gst_structure_get_value(structure, side);

    if (value && GST_VALUE_HOLDS_LIST(value) && gst_value_list_get_size(value))
        value = gst_value_list_get_value(value, 0);
    if (value && G_VALUE_HOLDS_INT(value)) {
        range->low = range->high = (guint)MAX(0, g_value_get_int(value));
        range->step = 1;
    } else if (value && GST_VALUE_HOLDS_INT_RANGE(value)) {
        range->low = (guint)MAX(0, gst_value_get_int_range_min(value));
        range->high = (guint)MAX(0, gst_value_get_int_range_max(value));
        range->step = (guint)gst_value_get_int_range_step(value);
    } else {
        return FALSE;
    }
    return range->low > 0;
}

static struct nnc_camera_rate get_fraction(const GValue *value)
{
    return (struct nnc_camera_rate){(guint)gst_value_get_fraction_numerator(value),
                                    (guint)gst_value_get_fraction_denominator(value)};
}

static void add_rate(struct nnc_camera_offer *offer, const GValue *value)
{
    if (value && GST_VALUE_HOLDS_FRACTION(value) && offer->n_rates < NNC_CAMERA_MAX_RATES)
        offer->rates[offer->n_rates++] = get_fraction(value);
}

static void get_rates(const GstStructure *structure, struct nnc_camera_offer *offer)
{
    const GValue *const value = gst_structure_get_value(structure, "framerate");

    if (value && GST_VALUE_HOLDS_LIST(value)) {
        for (guint i = 0; i < gst_value_list_get_size(value); i++)
            add_rate(offer, gst_value_list_get_value(value, i));
    } else if (value && GST_VALUE_HOLDS_FRACTION_RANGE(value)) {
        add_rate(offer, gst_value_get_fraction_range_min(value));
        add_rate(offer, gst_value_get_fraction_range_max(value));
        /* From 0 on: the driver says nothing, and neither does the peer. */
        offer->any_rate_between = offer->n_rates == 2;
        if (offer->any_rate_between && !offer->rates[0].n) {
            offer->any_rate_between = FALSE;
            offer->n_rates = 0;
        }
    } else {
        add_rate(offer, value);
    }
}

/* Whether the camera, too, knows this format and can be this large. */
static const struct nnc_camera_offer *find_source(const struct nnc_camera_offers *from,
                                                  const struct nnc_camera_format *format,
                                                  const struct nnc_camera_offer *narrowed)
{
    for (guint i = 0; i < from->n; i++) {
        const struct nnc_camera_offer *const row = &from->rows[i];
        if (row->format == format && row->width.low <= narrowed->width.low &&
            row->width.high >= narrowed->width.high &&
            row->height.low <= narrowed->height.low &&
            row->height.high >= narrowed->height.high)
            return row;
    }
    return NULL;
}

static gboolean is_named(const struct nnc_camera_format *format, gboolean dmabuf,
                         const GstStructure *structure)
{
    const gchar *const name = gst_structure_get_string(structure, "format");

    switch (format->medium) {
    case NNC_CAMERA_JPEG:
        return gst_structure_has_name(structure, "image/jpeg");
    case NNC_CAMERA_H264:
        return gst_structure_has_name(structure, "video/x-h264");
    case NNC_CAMERA_HEVC:
        return gst_structure_has_name(structure, "video/x-h265");
    case NNC_CAMERA_RAW:
        break;
    }
    if (!gst_structure_has_name(structure, "video/x-raw"))
        return FALSE;
    return dmabuf ? gst_nnc_cam_drm_has_format(structure, format->name)
                  : g_strcmp0(name, format->name) == 0;
}

static void add_offer(const GstStructure *structure, gboolean dmabuf,
                      const struct nnc_camera_offers *from,
                      struct nnc_camera_offers *offers)
{
    struct nnc_camera_offer narrowed = {.format = NULL};
    const struct nnc_camera_offer *source = NULL;

    if (!get_side(structure, "width", &narrowed.width) ||
        !get_side(structure, "height", &narrowed.height))
        return;
    for (guint i = 0; !source && i < from->n; i++)
        if (is_named(from->rows[i].format, dmabuf, structure))
            source = find_source(from, from->rows[i].format, &narrowed);
    struct nnc_camera_offer *const offer = source ? nnc_camera_offers_add(offers) : NULL;
    if (!offer)
        return;
    get_rates(structure, &narrowed);
    narrowed.format = source->format;
    narrowed.converted = source->converted;
    *offer = narrowed;
}

void gst_nnc_cam_caps_to_offers(const GstCaps *caps, const struct nnc_camera_offers *from,
                                gboolean dmabuf, struct nnc_camera_offers *offers)
{
    for (guint i = 0; i < gst_caps_get_size(caps); i++) {
        const GstCapsFeatures *const features = gst_caps_get_features(caps, i);
        const gboolean is_dmabuf =
            features &&
            gst_caps_features_contains(features, GST_CAPS_FEATURE_MEMORY_DMABUF);
        if (is_dmabuf == dmabuf)
            add_offer(gst_caps_get_structure(caps, i), dmabuf, from, offers);
    }
}

/* --- modes --- */

GstCaps *gst_nnc_cam_caps_from_mode(const struct nnc_camera_mode *mode,
                                    const struct nnc_camera_setting *setting,
                                    gboolean dmabuf)
{
    GstStructure *const structure =
        dmabuf ? name_exported(mode->format) : name_format(mode->format);
    GstCaps *const caps = gst_caps_new_empty();

    gst_structure_set(structure, "width", G_TYPE_INT, (gint)mode->width, "height",
                      G_TYPE_INT, (gint)mode->height, "framerate", GST_TYPE_FRACTION,
                      (gint)mode->rate.n, (gint)MAX(1, mode->rate.d), NULL);
    if (mode->format->medium == NNC_CAMERA_RAW)
        gst_nnc_cam_picture_describe(setting, mode->format, structure);
    gst_caps_append_structure_full(
        caps, structure,
        dmabuf ? gst_caps_features_new(GST_CAPS_FEATURE_MEMORY_DMABUF, NULL) : NULL);
    return caps;
}

/* SPDX-License-Identifier: MIT */

/* What users set of nncoverlay: all of it while it plays, from the next frame on. */

#include "gstnncoverlay.h"

#define DEFAULT_FONT "Sans"
#define DEFAULT_SHOW                                                                     \
    (GST_NNC_OVERLAY_SHOW_CLASSES | GST_NNC_OVERLAY_SHOW_TASK |                          \
     GST_NNC_OVERLAY_SHOW_COST | GST_NNC_OVERLAY_SHOW_TIME |                             \
     GST_NNC_OVERLAY_SHOW_REGIONS)
#define DEFAULT_COLOR 0xffffffffu
#define DEFAULT_BAR_COLOR 0xc02a7fd4u
#define DEFAULT_UNKNOWN_COLOR 0xffffa726u
#define DEFAULT_BACKGROUND_OPACITY 0.65
#define DEFAULT_LINES 5
#define DEFAULT_PERSIST_MS 500

enum {
    PROP_0,
    PROP_FONT,
    PROP_POSITION,
    PROP_SCALE,
    PROP_BARS,
    PROP_SHOW,
    PROP_LINES,
    PROP_COLOR,
    PROP_BAR_COLOR,
    PROP_UNKNOWN_COLOR,
    PROP_BACKGROUND_OPACITY,
    PROP_PERSIST,
    N_PROPERTIES
};

static GParamSpec *properties[N_PROPERTIES];

#define GST_TYPE_NNC_OVERLAY_POSITION (gst_nnc_overlay_position_get_type())

static GType gst_nnc_overlay_position_get_type(void)
{
    static gsize type = 0;
    static const GEnumValue values[] = {
        {GST_NNC_OVERLAY_TOP_LEFT, "Top left", "top-left"},
        {GST_NNC_OVERLAY_TOP_RIGHT, "Top right", "top-right"},
        {GST_NNC_OVERLAY_BOTTOM_LEFT, "Bottom left", "bottom-left"},
        {GST_NNC_OVERLAY_BOTTOM_RIGHT, "Bottom right", "bottom-right"},
        {0, NULL, NULL},
    };

    if (g_once_init_enter(&type))
        g_once_init_leave(&type, g_enum_register_static("GstNncOverlayPosition", values));
    return type;
}

#define GST_TYPE_NNC_OVERLAY_SHOW (gst_nnc_overlay_show_get_type())

static GType gst_nnc_overlay_show_get_type(void)
{
    static gsize type = 0;
    static const GFlagsValue values[] = {
        {GST_NNC_OVERLAY_SHOW_CLASSES, "Ranked classes", "classes"},
        {GST_NNC_OVERLAY_SHOW_TASK, "Cutout and attention", "task"},
        {GST_NNC_OVERLAY_SHOW_COST, "What the cutout leaves out", "cost"},
        {GST_NNC_OVERLAY_SHOW_TIME, "Milliseconds", "time"},
        {GST_NNC_OVERLAY_SHOW_REGIONS, "Boxes and labels of regions", "regions"},
        {0, NULL, NULL},
    };

    if (g_once_init_enter(&type))
        g_once_init_leave(&type, g_flags_register_static("GstNncOverlayShow", values));
    return type;
}

static void set_locked(struct gst_nnc_overlay_settings *settings, guint id,
                       const GValue *value)
{
    struct gst_nnc_overlay_style *const style = &settings->style;

    switch (id) {
    case PROP_FONT:
        g_free(style->font);
        style->font = g_value_dup_string(value);
        break;
    case PROP_POSITION:
        style->position = (GstNncOverlayPosition)g_value_get_enum(value);
        break;
    case PROP_SCALE:
        style->scale = g_value_get_double(value);
        break;
    case PROP_BARS:
        style->bars = g_value_get_boolean(value);
        break;
    case PROP_SHOW:
        settings->show = g_value_get_flags(value);
        break;
    case PROP_LINES:
        settings->n_classes = g_value_get_uint(value);
        break;
    case PROP_COLOR:
        style->color = g_value_get_uint(value);
        break;
    case PROP_BAR_COLOR:
        style->bar_color = g_value_get_uint(value);
        break;
    case PROP_UNKNOWN_COLOR:
        style->unknown_color = g_value_get_uint(value);
        break;
    case PROP_BACKGROUND_OPACITY:
        style->background_opacity = g_value_get_double(value);
        break;
    case PROP_PERSIST:
        settings->persist = g_value_get_uint(value) * GST_MSECOND;
        break;
    }
}

static void get_locked(const struct gst_nnc_overlay_settings *settings, guint id,
                       GValue *value)
{
    const struct gst_nnc_overlay_style *const style = &settings->style;

    switch (id) {
    case PROP_FONT:
        g_value_set_string(value, style->font);
        break;
    case PROP_POSITION:
        g_value_set_enum(value, style->position);
        break;
    case PROP_SCALE:
        g_value_set_double(value, style->scale);
        break;
    case PROP_BARS:
        g_value_set_boolean(value, style->bars);
        break;
    case PROP_SHOW:
        g_value_set_flags(value, settings->show);
        break;
    case PROP_LINES:
        g_value_set_uint(value, settings->n_classes);
        break;
    case PROP_COLOR:
        g_value_set_uint(value, style->color);
        break;
    case PROP_BAR_COLOR:
        g_value_set_uint(value, style->bar_color);
        break;
    case PROP_UNKNOWN_COLOR:
        g_value_set_uint(value, style->unknown_color);
        break;
    case PROP_BACKGROUND_OPACITY:
        g_value_set_double(value, style->background_opacity);
        break;
    case PROP_PERSIST:
        g_value_set_uint(value, (guint)(settings->persist / GST_MSECOND));
        break;
    }
}

static void set_property(GObject *object, guint id, const GValue *value,
                         GParamSpec *pspec)
{
    GstNncOverlay *const self = GST_NNC_OVERLAY(object);

    pthread_mutex_lock(&self->lock);
    set_locked(&self->settings, id, value);
    pthread_mutex_unlock(&self->lock);
    atomic_fetch_add(&self->changes, 1);
}

static void get_property(GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
    GstNncOverlay *const self = GST_NNC_OVERLAY(object);

    pthread_mutex_lock(&self->lock);
    get_locked(&self->settings, id, value);
    pthread_mutex_unlock(&self->lock);
}

/* --- description --- */

/* CONSTRUCT: the defaults stand here alone. */
#define PLAYING                                                                          \
    (G_PARAM_READWRITE | G_PARAM_CONSTRUCT | G_PARAM_STATIC_STRINGS |                    \
     GST_PARAM_MUTABLE_PLAYING)

static GParamSpec *describe_color(const gchar *name, const gchar *nick,
                                  const gchar *blurb, guint standard)
{
    return g_param_spec_uint(name, nick, blurb, 0, G_MAXUINT32, standard, PLAYING);
}

static void describe_text(void)
{
    properties[PROP_FONT] =
        g_param_spec_string("font", "Font",
                            "Family and style, e.g. \"DejaVu Sans Bold\"; the size "
                            "follows the frame's height",
                            DEFAULT_FONT, PLAYING);
    properties[PROP_POSITION] = g_param_spec_enum(
        "position", "Position", "The corner that the text stands in",
        GST_TYPE_NNC_OVERLAY_POSITION, GST_NNC_OVERLAY_TOP_LEFT, PLAYING);
    properties[PROP_SCALE] = g_param_spec_double(
        "scale", "Scale", "Size of the text, 1 = what suits the frame", 0.25, 8.0, 1.0,
        PLAYING);
    properties[PROP_SHOW] =
        g_param_spec_flags("show", "Show", "What is drawn, e.g. \"classes+task\"",
                           GST_TYPE_NNC_OVERLAY_SHOW, DEFAULT_SHOW, PLAYING);
    /**
     * GstNncOverlay:lines:
     *
     * How many classes are listed at most. Small frames have room for fewer, and no more
     * are listed than the prediction has, see #GstNncClassify:top-k.
     *
     * Since: 0.1
     */
    properties[PROP_LINES] =
        g_param_spec_uint("lines", "Lines", "How many classes are listed at most", 1, 100,
                          DEFAULT_LINES, PLAYING);
    /**
     * GstNncOverlay:persist:
     *
     * How many milliseconds, by the frames' timestamps, a prediction is shown on frames
     * that have none of their own.
     *
     * Since: 0.1
     */
    properties[PROP_PERSIST] = g_param_spec_uint(
        "persist", "Persist",
        "Milliseconds for which frames without a prediction show the last one", 0,
        G_MAXUINT, DEFAULT_PERSIST_MS, PLAYING);
}

static void describe_colors(void)
{
    properties[PROP_BARS] = g_param_spec_boolean(
        "bars", "Bars", "Draw probabilities as bars behind the classes", TRUE, PLAYING);
    properties[PROP_COLOR] =
        describe_color("color", "Colour", "Of the text (0xAARRGGBB)", DEFAULT_COLOR);
    properties[PROP_BAR_COLOR] = describe_color(
        "bar-color", "Bar colour", "Of bars and boxes (0xAARRGGBB)", DEFAULT_BAR_COLOR);
    properties[PROP_UNKNOWN_COLOR] = describe_color(
        "unknown-color", "Unknown colour",
        "Of what the network does not know or did not classify (0xAARRGGBB)",
        DEFAULT_UNKNOWN_COLOR);
    properties[PROP_BACKGROUND_OPACITY] =
        g_param_spec_double("background-opacity", "Background opacity",
                            "Of the dark background of the text, 0 = none", 0.0, 1.0,
                            DEFAULT_BACKGROUND_OPACITY, PLAYING);
}

void gst_nnc_overlay_install_properties(GObjectClass *object_class)
{
    object_class->set_property = set_property;
    object_class->get_property = get_property;
    describe_text();
    describe_colors();
    g_object_class_install_properties(object_class, N_PROPERTIES, properties);
}

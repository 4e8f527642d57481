/* SPDX-License-Identifier: MIT */

/* What users set and read of nncjson. A new location is opened by the streaming thread,
 * so that no setter waits for a disk or for a frame. */

#include "gstnncjsonelement.h"

enum {
    PROP_0,
    PROP_LOCATION,
    PROP_APPEND,
    PROP_PREDICTIONS,
    PROP_FLUSH,
    PROP_WALL_CLOCK,
    PROP_STATS,
    N_PROPERTIES
};

static GParamSpec *properties[N_PROPERTIES];

#define GST_TYPE_NNC_JSON_PREDICTIONS (gst_nnc_json_predictions_get_type())

static GType gst_nnc_json_predictions_get_type(void)
{
    static gsize type = 0;
    static const GEnumValue values[] = {
        {GST_NNC_JSON_PREDICTIONS_ALL, "A line for every prediction", "all"},
        {GST_NNC_JSON_PREDICTIONS_CHANGE, "A line when the best class is another one",
         "change"},
        {GST_NNC_JSON_PREDICTIONS_CLASSIFIED,
         "A line for every frame or region that was classified", "classified"},
        {0, NULL, NULL},
    };

    if (g_once_init_enter(&type))
        g_once_init_leave(&type, g_enum_register_static("GstNncJsonPredictions", values));
    return type;
}

static void set_location(GstNncJson *self, const gchar *location)
{
    pthread_mutex_lock(&self->lock);
    g_free(self->location);
    self->location = g_strdup(location);
    pthread_mutex_unlock(&self->lock);
    atomic_fetch_add(&self->changes, 1);
}

static void set_append(GstNncJson *self, gboolean append)
{
    pthread_mutex_lock(&self->lock);
    self->append = append;
    pthread_mutex_unlock(&self->lock);
}

static void set_property(GObject *object, guint id, const GValue *value,
                         GParamSpec *pspec)
{
    GstNncJson *const self = GST_NNC_JSON(object);

    switch (id) {
    case PROP_LOCATION:
        set_location(self, g_value_get_string(value));
        break;
    case PROP_APPEND:
        set_append(self, g_value_get_boolean(value));
        break;
    case PROP_PREDICTIONS:
        atomic_store(&self->predictions, g_value_get_enum(value));
        break;
    case PROP_FLUSH:
        atomic_store(&self->flush, g_value_get_boolean(value));
        break;
    case PROP_WALL_CLOCK:
        atomic_store(&self->wall_clock, g_value_get_boolean(value));
        break;
    default:
        G_OBJECT_WARN_INVALID_PROPERTY_ID(object, id, pspec);
        break;
    }
}

static GstStructure *get_stats(GstNncJson *self)
{
    return gst_structure_new("nnc/stats", "frames", G_TYPE_UINT64,
                             atomic_load(&self->n_frames), "lines", G_TYPE_UINT64,
                             atomic_load(&self->n_lines), "lines-lost", G_TYPE_UINT64,
                             atomic_load(&self->n_lines_lost), NULL);
}

static void get_property(GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
    GstNncJson *const self = GST_NNC_JSON(object);

    switch (id) {
    case PROP_LOCATION:
        pthread_mutex_lock(&self->lock);
        g_value_set_string(value, self->location);
        pthread_mutex_unlock(&self->lock);
        break;
    case PROP_APPEND:
        pthread_mutex_lock(&self->lock);
        g_value_set_boolean(value, self->append);
        pthread_mutex_unlock(&self->lock);
        break;
    case PROP_PREDICTIONS:
        g_value_set_enum(value, atomic_load(&self->predictions));
        break;
    case PROP_FLUSH:
        g_value_set_boolean(value, atomic_load(&self->flush));
        break;
    case PROP_WALL_CLOCK:
        g_value_set_boolean(value, atomic_load(&self->wall_clock));
        break;
    case PROP_STATS:
        g_value_take_boxed(value, get_stats(self));
        break;
    default:
        G_OBJECT_WARN_INVALID_PROPERTY_ID(object, id, pspec);
        break;
    }
}

#define PLAYING (G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS | GST_PARAM_MUTABLE_PLAYING)

static void describe_file(void)
{
    /**
     * GstNncJson:location:
     *
     * The file for the lines, "-" for standard output. Not set: standard output, unless
     * the pad `json` is in use. A file that cannot be opened is an error at the start;
     * set while it plays it is opened before the next line (the same name again opens it
     * anew, as after a rotation of logs), and if that fails, the old file goes on. A full
     * disk costs lines, not frames: they are counted as `lines-lost`. The reader of a
     * pipe may make the stream wait; `json. ! queue leaky=downstream ! fdsink` does not.
     *
     * Since: 0.1
     */
    properties[PROP_LOCATION] = g_param_spec_string(
        "location", "Location",
        "File for the lines, \"-\" = standard output; not set = standard output, unless "
        "the pad json is in use",
        NULL, PLAYING);
    properties[PROP_APPEND] = g_param_spec_boolean(
        "append", "Append",
        "Add to a file that exists; otherwise it is emptied when opened", FALSE, PLAYING);
    properties[PROP_FLUSH] = g_param_spec_boolean(
        "flush", "Flush",
        "Write each line at once; otherwise when 64 KiB are full, and at the end", TRUE,
        PLAYING);
}

void gst_nnc_json_install_properties(GObjectClass *object_class)
{
    object_class->set_property = set_property;
    object_class->get_property = get_property;
    describe_file();
    properties[PROP_PREDICTIONS] = g_param_spec_enum(
        "predictions", "Predictions", "Which predictions get a line",
        GST_TYPE_NNC_JSON_PREDICTIONS, GST_NNC_JSON_PREDICTIONS_ALL, PLAYING);
    properties[PROP_WALL_CLOCK] = g_param_spec_boolean(
        "wall-clock", "Wall clock",
        "Say in each line when it was written (field time, UTC, microseconds)", FALSE,
        PLAYING);
    properties[PROP_STATS] = g_param_spec_boxed(
        "stats", "Statistics", "Counts of frames, lines and lines-lost since the start",
        GST_TYPE_STRUCTURE, G_PARAM_READABLE | G_PARAM_STATIC_STRINGS);
    g_object_class_install_properties(object_class, N_PROPERTIES, properties);
}

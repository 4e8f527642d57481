/* SPDX-License-Identifier: MIT */

/* What users set and read of nnccamsrc. No setter waits for the camera: it notes what is
 * wanted and wakes the streaming thread, which answers on the bus. */

#include "gstnnccamsrc.h"

#define DEFAULT_STALL_TIMEOUT_MS 5000

enum {
    PROP_0,
    PROP_DEVICE,
    PROP_CROP,
    PROP_CONTROLS,
    PROP_STALL_TIMEOUT,
    PROP_ON_LOSS,
    PROP_IO_MODE,
    PROP_STATS,
    N_PROPERTIES
};

static GParamSpec *properties[N_PROPERTIES];

#define GST_TYPE_NNC_CAM_ON_LOSS (gst_nnc_cam_on_loss_get_type())

static GType gst_nnc_cam_on_loss_get_type(void)
{
    static gsize type = 0;
    static const GEnumValue values[] = {
        {GST_NNC_CAM_ON_LOSS_WAIT, "Wait until it is back", "wait"},
        {GST_NNC_CAM_ON_LOSS_BLACK, "Send black frames, marked as gaps, until it is back",
         "black"},
        {GST_NNC_CAM_ON_LOSS_ERROR, "End the stream with an error", "error"},
        {0, NULL, NULL},
    };

    if (g_once_init_enter(&type))
        g_once_init_leave(&type, g_enum_register_static("GstNncCamOnLoss", values));
    return type;
}

#define GST_TYPE_NNC_CAM_IO_MODE (gst_nnc_cam_io_mode_get_type())

static GType gst_nnc_cam_io_mode_get_type(void)
{
    static gsize type = 0;
    static const GEnumValue values[] = {
        {GST_NNC_CAM_IO_MODE_AUTO, "DMABuf where downstream asks for it, else mapped",
         "auto"},
        {GST_NNC_CAM_IO_MODE_MMAP, "The driver's buffers, mapped", "mmap"},
        {GST_NNC_CAM_IO_MODE_DMABUF, "The driver's buffers, exported as DMABuf",
         "dmabuf"},
        {0, NULL, NULL},
    };

    if (g_once_init_enter(&type))
        g_once_init_leave(&type, g_enum_register_static("GstNncCamIoMode", values));
    return type;
}

void gst_nnc_cam_settings_init(struct gst_nnc_cam_settings *settings)
{
    pthread_mutex_init(&settings->lock, NULL);
    atomic_store(&settings->stall_timeout_ms, DEFAULT_STALL_TIMEOUT_MS);
}

void gst_nnc_cam_settings_finish(struct gst_nnc_cam_settings *settings)
{
    g_free(settings->device);
    g_free(settings->crop);
    g_free(settings->path);
    g_free(settings->mode);
    gst_clear_structure(&settings->controls);
    gst_clear_structure(&settings->new_controls);
    gst_clear_caps(&settings->caps);
    pthread_mutex_destroy(&settings->lock);
}

/* --- setting --- */

static void set_text(GstNncCamSrc *self, gchar **text, const GValue *value)
{
    pthread_mutex_lock(&self->settings.lock);
    g_free(*text);
    *text = g_value_dup_string(value);
    if (text == &self->settings.crop)
        self->settings.crop_is_new = TRUE;
    pthread_mutex_unlock(&self->settings.lock);
}

static gboolean copy_field(GQuark field, const GValue *value, gpointer data)
{
    gst_structure_id_set_value(data, field, value);
    return TRUE;
}

static void merge(GstStructure **into, const GstStructure *from)
{
    if (*into)
        gst_structure_foreach(from, copy_field, *into);
    else
        *into = gst_structure_copy(from);
}

/* A control stays set until it is set again, also over an unplugging: sets add up. */
static void set_controls(GstNncCamSrc *self, const GstStructure *controls)
{
    struct gst_nnc_cam_settings *const settings = &self->settings;

    if (!controls)
        return;
    pthread_mutex_lock(&settings->lock);
    merge(&settings->controls, controls);
    merge(&settings->new_controls, controls);
    pthread_mutex_unlock(&settings->lock);
}

static void tell_thread(GstNncCamSrc *self)
{
    atomic_store(&self->settings.changed, TRUE);
    gst_nnc_cam_src_wake(self);
}

static void set_property(GObject *object, guint id, const GValue *value,
                         GParamSpec *pspec)
{
    GstNncCamSrc *const self = GST_NNC_CAM_SRC(object);
    struct gst_nnc_cam_settings *const settings = &self->settings;

    switch (id) {
    case PROP_DEVICE:
        set_text(self, &settings->device, value);
        break;
    case PROP_CROP:
        set_text(self, &settings->crop, value);
        tell_thread(self);
        break;
    case PROP_CONTROLS:
        set_controls(self, gst_value_get_structure(value));
        tell_thread(self);
        break;
    case PROP_STALL_TIMEOUT:
        atomic_store(&settings->stall_timeout_ms, g_value_get_uint(value));
        gst_nnc_cam_src_wake(self);
        break;
    case PROP_ON_LOSS:
        atomic_store(&settings->on_loss, g_value_get_enum(value));
        gst_nnc_cam_src_wake(self);
        break;
    case PROP_IO_MODE:
        atomic_store(&settings->io_mode, g_value_get_enum(value));
        break;
    default:
        G_OBJECT_WARN_INVALID_PROPERTY_ID(object, id, pspec);
        break;
    }
}

/* --- reading --- */

static GstStructure *get_stats(GstNncCamSrc *self)
{
    struct gst_nnc_cam_stats *const stats = &self->stats;
    struct gst_nnc_cam_settings *const settings = &self->settings;
    const struct {
        const gchar *name;
        _Atomic guint64 *counter;
    } counters[] = {
        {"frames", &stats->frames},       {"lost", &stats->lost},
        {"corrupted", &stats->corrupted}, {"short", &stats->short_frames},
        {"copies", &stats->copies},       {"black", &stats->black},
        {"losses", &stats->losses},       {"stalls", &stats->stalls},
        {"reopens", &stats->reopens},     {"requeue-errors", &stats->requeue_errors},
        {"retimed", &stats->retimed},
    };
    GstStructure *const structure = gst_structure_new_empty("nnc/camera-stats");

    for (guint i = 0; i < G_N_ELEMENTS(counters); i++)
        gst_structure_set(structure, counters[i].name, G_TYPE_UINT64,
                          atomic_load(counters[i].counter), NULL);
    pthread_mutex_lock(&settings->lock);
    gst_structure_set(structure, "buffers", G_TYPE_UINT, atomic_load(&stats->buffers),
                      "device", G_TYPE_STRING, settings->path ? settings->path : "",
                      "mode", G_TYPE_STRING, settings->mode ? settings->mode : "", NULL);
    pthread_mutex_unlock(&settings->lock);
    return structure;
}

static void get_property(GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
    GstNncCamSrc *const self = GST_NNC_CAM_SRC(object);
    struct gst_nnc_cam_settings *const settings = &self->settings;

    if (id == PROP_STATS) {
        g_value_take_boxed(value, get_stats(self));
        return;
    }
    pthread_mutex_lock(&settings->lock);
    switch (id) {
    case PROP_DEVICE:
        g_value_set_string(value, settings->device);
        break;
    case PROP_CROP:
        g_value_set_string(value, settings->crop);
        break;
    case PROP_CONTROLS:
        gst_value_set_structure(value, settings->controls);
        break;
    case PROP_STALL_TIMEOUT:
        g_value_set_uint(value, atomic_load(&settings->stall_timeout_ms));
        break;
    case PROP_ON_LOSS:
        g_value_set_enum(value, atomic_load(&settings->on_loss));
        break;
    case PROP_IO_MODE:
        g_value_set_enum(value, atomic_load(&settings->io_mode));
        break;
    default:
        G_OBJECT_WARN_INVALID_PROPERTY_ID(object, id, pspec);
        break;
    }
    pthread_mutex_unlock(&settings->lock);
}

/* --- description --- */

#define READY (G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS | GST_PARAM_MUTABLE_READY)
#define PLAYING (G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS | GST_PARAM_MUTABLE_PLAYING)
#define FACT (G_PARAM_READABLE | G_PARAM_STATIC_STRINGS)

static void describe_camera(void)
{
    /**
     * GstNncCamSrc:device:
     *
     * Which camera: a path (/dev/video0, /dev/v4l/by-id/...), its serial number, its name
     * or a part of its name that no other camera has. Unset, the first one. `nnc-camera
     * list` shows them.
     *
     * Since: 0.1
     */
    properties[PROP_DEVICE] = g_param_spec_string(
        "device", "Device",
        "Path, serial number, name or part of the name of a camera; unset = the first",
        NULL, READY);
    /**
     * GstNncCamSrc:crop:
     *
     * The region of its picture that the camera itself cuts out, "x,y,width,height" in
     * pixels of the sensor, and scales to the size of the frames where it can. Cameras
     * that cannot are told by a warning.
     *
     * Since: 0.1
     */
    properties[PROP_CROP] = g_param_spec_string(
        "crop", "Crop",
        "Region that the camera cuts out: \"x,y,width,height\" in pixels of the sensor; "
        "empty = everything",
        NULL, PLAYING);
    /**
     * GstNncCamSrc:controls:
     *
     * Controls by the names of v4l2-ctl, e.g. "c,exposure_time_absolute=200"; an entry of
     * a menu by its number or name. Sets add up. What the camera refuses changes nothing
     * and posts a warning.
     *
     * Since: 0.1
     */
    properties[PROP_CONTROLS] = g_param_spec_boxed(
        "controls", "Controls",
        "Controls to set, by v4l2-ctl's names, e.g. \"c,exposure_time_absolute=200\"",
        GST_TYPE_STRUCTURE, PLAYING);
}

static void describe_stream(void)
{
    properties[PROP_STALL_TIMEOUT] = g_param_spec_uint(
        "stall-timeout", "Stall timeout",
        "Milliseconds without a frame after which the camera is opened anew (at least "
        "four frames); 0 = never",
        0, G_MAXINT, DEFAULT_STALL_TIMEOUT_MS, PLAYING);
    /**
     * GstNncCamSrc:on-loss:
     *
     * What happens when the camera is unplugged, stalls or fails. Whatever it is, an
     * element message "nnc/camera" and a warning tell of it once, and another message
     * when the camera is back. A camera that is not there at the start is an error.
     *
     * Since: 0.1
     */
    properties[PROP_ON_LOSS] =
        g_param_spec_enum("on-loss", "On loss", "What to do while the camera is away",
                          GST_TYPE_NNC_CAM_ON_LOSS, GST_NNC_CAM_ON_LOSS_WAIT, PLAYING);
    properties[PROP_IO_MODE] = g_param_spec_enum(
        "io-mode", "I/O mode", "How frames are handed on; none of these copies",
        GST_TYPE_NNC_CAM_IO_MODE, GST_NNC_CAM_IO_MODE_AUTO, READY);
    /**
     * GstNncCamSrc:stats:
     *
     * The structure "nnc/camera-stats": frames, lost (frames, by the driver's numbers),
     * corrupted (went out, flagged), short (of them, with fewer bytes than a picture),
     * copies (frames that were copied), black, losses (of the camera), stalls (of them),
     * reopens (that brought it back), requeue-errors, retimed (frames without a usable
     * timestamp), buffers, device, mode (and why). Counters begin anew with every start.
     *
     * Since: 0.1
     */
    properties[PROP_STATS] =
        g_param_spec_boxed("stats", "Statistics", "What was counted since the start",
                           GST_TYPE_STRUCTURE, FACT);
}

void gst_nnc_cam_src_install_properties(GObjectClass *object_class)
{
    object_class->set_property = set_property;
    object_class->get_property = get_property;
    describe_camera();
    describe_stream();
    g_object_class_install_properties(object_class, N_PROPERTIES, properties);
    gst_type_mark_as_plugin_api(GST_TYPE_NNC_CAM_ON_LOSS, 0);
    gst_type_mark_as_plugin_api(GST_TYPE_NNC_CAM_IO_MODE, 0);
}

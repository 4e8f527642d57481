/* SPDX-License-Identifier: MIT */

/* What changes while the camera plays: by the user (controls, crop), and on its own
 * (events). All calls to the device are the streaming thread's; setters wake it. */

#include "gstnnccamsrc.h"

/* --- controls --- */

static gboolean set_control(GQuark field, const GValue *value, gpointer data)
{
    GstNncCamSrc *const self = data;
    const gchar *const key = g_quark_to_string(field);
    g_autofree gchar *text = G_VALUE_HOLDS_STRING(value) ? g_value_dup_string(value)
                                                         : gst_value_serialize(value);
    struct nnc_camera_error error;

    if (nnc_camera_control_set(&self->camera, &self->controls, key, text ? text : "",
                               &error))
        gst_nnc_cam_post_error(self, GST_MESSAGE_WARNING, &error);
    else
        GST_INFO_OBJECT(self, "control %s is %s", key, text);
    return TRUE;
}

static void apply_controls(GstNncCamSrc *self, gboolean everything)
{
    struct gst_nnc_cam_settings *const settings = &self->settings;

    pthread_mutex_lock(&settings->lock);
    g_autoptr(GstStructure) changed = g_steal_pointer(&settings->new_controls);
    g_autoptr(GstStructure) all =
        everything && settings->controls ? gst_structure_copy(settings->controls) : NULL;
    pthread_mutex_unlock(&settings->lock);
    GstStructure *const structure = all ? all : changed;
    if (structure)
        gst_structure_foreach(structure, set_control, self);
}

/* --- crop --- */

static void tell_crop(GstNncCamSrc *self, const struct nnc_camera_crop *crop)
{
    g_autofree gchar *text =
        g_strdup_printf("%s crops to %d,%d,%u,%u (x, y, width, height)",
                        self->camera.path, crop->x, crop->y, crop->width, crop->height);

    gst_nnc_cam_post(self, "crop", text, "x", G_TYPE_INT, crop->x, "y", G_TYPE_INT,
                     crop->y, "width", G_TYPE_INT, (gint)crop->width, "height",
                     G_TYPE_INT, (gint)crop->height, NULL);
}

static void set_crop(GstNncCamSrc *self, const gchar *text)
{
    struct nnc_camera_crop crop;
    struct nnc_camera_error error;
    enum nnc_camera_trouble trouble;

    if (!nnc_camera_crop_parse(text, &crop)) {
        nnc_camera_fail(&error, NNC_CAMERA_UNSUPPORTED,
                        "property 'crop' is '%.60s'; expected \"x,y,width,height\" in "
                        "pixels, or nothing",
                        text);
        gst_nnc_cam_post_error(self, GST_MESSAGE_WARNING, &error);
        return;
    }
    const struct nnc_camera_crop wanted = crop;
    trouble = nnc_camera_crop_set(&self->camera, &crop, &error);
    if (trouble == NNC_CAMERA_BUSY && self->stream) {
        gst_nnc_cam_src_halt(self); /* this driver cannot while it streams */
        crop = wanted;
        trouble = nnc_camera_crop_set(&self->camera, &crop, &error);
    }
    if (trouble)
        gst_nnc_cam_post_error(self, GST_MESSAGE_WARNING, &error);
    else
        tell_crop(self, &crop);
}

static void apply_crop(GstNncCamSrc *self, gboolean everything)
{
    struct gst_nnc_cam_settings *const settings = &self->settings;

    pthread_mutex_lock(&settings->lock);
    const gboolean due =
        settings->crop_is_new || (everything && settings->crop && *settings->crop);
    g_autofree gchar *text = due ? g_strdup(settings->crop) : NULL;
    settings->crop_is_new = FALSE;
    pthread_mutex_unlock(&settings->lock);
    if (due)
        set_crop(self, text);
}

void gst_nnc_cam_src_apply_settings(GstNncCamSrc *self, gboolean everything)
{
    if (!atomic_exchange(&self->settings.changed, FALSE) && !everything)
        return;
    apply_controls(self, everything);
    apply_crop(self, everything);
}

/* --- events --- */

void gst_nnc_cam_src_subscribe(GstNncCamSrc *self)
{
    nnc_camera_controls_read(&self->camera, &self->controls);
    nnc_camera_events_subscribe(&self->camera, &self->controls);
}

static void tell_control(GstNncCamSrc *self, const struct nnc_camera_event *event)
{
    const struct nnc_camera_control *const control =
        nnc_camera_controls_find_id(&self->controls, event->control);
    g_autofree gchar *text = NULL;

    if (!control || !event->has_value)
        return;
    text = g_strdup_printf("%s: somebody set %s to %" G_GINT64_FORMAT, self->camera.path,
                           control->key, event->value);
    gst_nnc_cam_post(self, "control", text, "name", G_TYPE_STRING, control->key, "value",
                     G_TYPE_INT64, event->value, NULL);
}

static void follow_source(GstNncCamSrc *self)
{
    const gboolean signal = nnc_camera_source_follow(&self->camera);
    g_autofree gchar *text = g_strdup_printf(
        signal ? "%s: its source has changed" : "%s: no signal", self->camera.path);

    gst_nnc_cam_post(self, signal ? "source" : "no-signal", text, "device", G_TYPE_STRING,
                     self->camera.path, NULL);
    self->is_stale |= signal;
}

enum nnc_camera_trouble gst_nnc_cam_src_follow_events(GstNncCamSrc *self,
                                                      struct nnc_camera_error *error)
{
    gboolean source = FALSE;
    struct nnc_camera_event event;
    enum nnc_camera_trouble trouble;

    while (!(trouble = nnc_camera_events_take(&self->camera, &event, error))) {
        if (event.kind == NNC_CAMERA_EVENT_CONTROL)
            tell_control(self, &event);
        else if (event.kind == NNC_CAMERA_EVENT_SOURCE)
            source = TRUE;
        else if (event.kind == NNC_CAMERA_EVENT_END)
            return nnc_camera_fail(error, NNC_CAMERA_LOST, "%s: its stream has ended",
                                   self->camera.path);
    }
    if (source)
        follow_source(self);
    return trouble == NNC_CAMERA_AGAIN ? NNC_CAMERA_OK : trouble;
}

/* SPDX-License-Identifier: MIT */

/* A thread waits for changes in /dev, lets them settle (udev sets the permissions of a
 * node after it has appeared), lists the cameras anew and tells the difference.
 *
 * GStreamer's own v4l2deviceprovider lists the same cameras. Its rank leaves this one out
 * of GstDeviceMonitor, so that installing it changes no other application; where it is
 * ranked higher it hides the other, so that each camera is there once. */

#include "gstnnccamprovider.h"

#include "gstnnccamdevice.h"

#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <unistd.h>

#define SETTLE_MS 100

struct _GstNncCamProvider {
    GstDeviceProvider parent;
    GThread *watcher; /* between start and stop */
    int watch_fd, stop_fd;
};

G_DEFINE_TYPE(GstNncCamProvider, gst_nnc_cam_provider, GST_TYPE_DEVICE_PROVIDER)
GST_DEVICE_PROVIDER_REGISTER_DEFINE(nnccamprovider, "nnccamprovider", GST_RANK_NONE,
                                    GST_TYPE_NNC_CAM_PROVIDER)

static GList *probe(GstDeviceProvider *provider)
{
    struct nnc_camera_entry entries[NNC_CAMERA_MAX_ENTRIES];
    const guint n = nnc_camera_list(&nnc_v4l2_kernel, entries);
    GList *devices = NULL;

    for (guint i = 0; i < n; i++) {
        GstDevice *const device = gst_nnc_cam_device_new(&entries[i]);
        if (device)
            devices = g_list_append(devices, gst_object_ref_sink(device));
    }
    return devices;
}

/* --- following changes --- */

static gboolean is_listed(const struct nnc_camera_entry *entries, guint n,
                          const struct nnc_camera_entry *wanted)
{
    for (guint i = 0; i < n; i++)
        if (g_str_equal(entries[i].path, wanted->path) &&
            !memcmp(&entries[i].identity, &wanted->identity, sizeof wanted->identity))
            return TRUE;
    return FALSE;
}

static GList *known_devices(GstDeviceProvider *provider)
{
    GList *devices = NULL;

    GST_OBJECT_LOCK(provider);
    for (GList *l = provider->devices; l; l = l->next)
        devices = g_list_prepend(devices, gst_object_ref(l->data));
    GST_OBJECT_UNLOCK(provider);
    return devices;
}

static void compare(GstDeviceProvider *provider)
{
    struct nnc_camera_entry entries[NNC_CAMERA_MAX_ENTRIES];
    struct nnc_camera_entry known[NNC_CAMERA_MAX_ENTRIES];
    const guint n = nnc_camera_list(&nnc_v4l2_kernel, entries);
    GList *const before = known_devices(provider);
    guint n_known = 0;

    for (GList *l = before; l; l = l->next) {
        const struct nnc_camera_entry *const entry =
            gst_nnc_cam_device_get_entry(l->data);
        if (!is_listed(entries, n, entry))
            gst_device_provider_device_remove(provider, l->data);
        else if (n_known < NNC_CAMERA_MAX_ENTRIES)
            known[n_known++] = *entry;
    }
    for (guint i = 0; i < n; i++) {
        GstDevice *const device = is_listed(known, n_known, &entries[i])
                                      ? NULL
                                      : gst_nnc_cam_device_new(&entries[i]);
        if (device)
            gst_device_provider_device_add(provider, device);
    }
    g_list_free_full(before, gst_object_unref);
}

static void forget_events(int fd)
{
    gchar events[4096];

    while (read(fd, events, sizeof events) > 0)
        continue;
}

static gpointer watch(gpointer data)
{
    GstNncCamProvider *const self = data;
    struct pollfd fds[] = {{.fd = self->watch_fd, .events = POLLIN},
                           {.fd = self->stop_fd, .events = POLLIN}};
    gboolean changed = FALSE;

    for (;;) {
        const gint n = poll(fds, G_N_ELEMENTS(fds), changed ? SETTLE_MS : -1);
        if (fds[1].revents)
            return NULL;
        if (n > 0) {
            forget_events(self->watch_fd);
            changed = TRUE;
        } else if (!n) {
            compare(GST_DEVICE_PROVIDER(self));
            changed = FALSE;
        }
    }
}

static void close_watch(GstNncCamProvider *self)
{
    if (self->watch_fd >= 0)
        close(self->watch_fd);
    if (self->stop_fd >= 0)
        close(self->stop_fd);
    self->watch_fd = self->stop_fd = -1;
}

static gboolean start(GstDeviceProvider *provider)
{
    GstNncCamProvider *const self = GST_NNC_CAM_PROVIDER(provider);

    self->watch_fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
    self->stop_fd = eventfd(0, EFD_CLOEXEC);
    if (self->watch_fd < 0 || self->stop_fd < 0 ||
        inotify_add_watch(self->watch_fd, nnc_v4l2_kernel.dev_dir,
                          IN_CREATE | IN_DELETE | IN_ATTRIB) < 0) {
        close_watch(self);
        return FALSE;
    }
    compare(provider);
    self->watcher = g_thread_new("nnc-cameras", watch, self);
    return TRUE;
}

static void stop(GstDeviceProvider *provider)
{
    GstNncCamProvider *const self = GST_NNC_CAM_PROVIDER(provider);
    const guint64 one = 1;

    if (write(self->stop_fd, &one, sizeof one) == sizeof one)
        g_thread_join(self->watcher);
    self->watcher = NULL;
    close_watch(self);
}

static void gst_nnc_cam_provider_init(GstNncCamProvider *self)
{
    self->watch_fd = self->stop_fd = -1;
    gst_device_provider_hide_provider(GST_DEVICE_PROVIDER(self), "v4l2deviceprovider");
}

static void gst_nnc_cam_provider_class_init(GstNncCamProviderClass *class)
{
    GstDeviceProviderClass *const provider = GST_DEVICE_PROVIDER_CLASS(class);

    provider->probe = probe;
    provider->start = start;
    provider->stop = stop;
    gst_device_provider_class_set_static_metadata(
        provider, "Cameras for nnccamsrc", "Source/Video",
        "Lists V4L2 cameras and follows their coming and going", "nnc");
}

/* SPDX-License-Identifier: MIT */

#include "gstnnccamdevice.h"

#include "gstnnccamcaps.h"

struct _GstNncCamDevice {
    GstDevice parent;
    struct nnc_camera_entry entry; /* immutable */
};

G_DEFINE_TYPE(GstNncCamDevice, gst_nnc_cam_device, GST_TYPE_DEVICE)

const struct nnc_camera_entry *gst_nnc_cam_device_get_entry(GstNncCamDevice *device)
{
    return &device->entry;
}

static GstElement *create_element(GstDevice *device, const gchar *name)
{
    GstElement *const element = gst_element_factory_make("nnccamsrc", name);

    if (element)
        g_object_set(element, "device", GST_NNC_CAM_DEVICE(device)->entry.path, NULL);
    return element;
}

/* An element that exists already. */
static gboolean reconfigure_element(GstDevice *device, GstElement *element)
{
    const GstElementFactory *const factory = gst_element_get_factory(element);

    if (!factory || !g_str_equal(GST_OBJECT_NAME(factory), "nnccamsrc"))
        return FALSE;
    g_object_set(element, "device", GST_NNC_CAM_DEVICE(device)->entry.path, NULL);
    return TRUE;
}

static GstCaps *read_caps(const struct nnc_camera_entry *entry)
{
    struct nnc_camera_offers offers = {.rows = NULL};
    struct nnc_camera camera;
    GstCaps *caps = NULL;

    if (nnc_camera_open(&camera, &nnc_v4l2_kernel, entry->path, NULL))
        return NULL;
    if (!nnc_camera_modes_read_all(&camera, &nnc_v4l2_converter, &offers, NULL))
        caps = gst_nnc_cam_caps_from_offers(&offers, FALSE);
    nnc_camera_offers_clear(&offers);
    nnc_camera_close(&camera);
    return caps;
}

GstDevice *gst_nnc_cam_device_new(const struct nnc_camera_entry *entry)
{
    g_autoptr(GstCaps) caps = read_caps(entry);
    const struct nnc_camera_identity *const identity = &entry->identity;

    if (!caps)
        return NULL;
    GstStructure *const properties = gst_structure_new(
        "nnc-camera-properties", "device.api", G_TYPE_STRING, "v4l2", "device.path",
        G_TYPE_STRING, entry->path, "device.serial", G_TYPE_STRING, identity->serial,
        "device.bus_path", G_TYPE_STRING, identity->bus, "v4l2.device.driver",
        G_TYPE_STRING, identity->driver, "v4l2.device.card", G_TYPE_STRING,
        identity->card, NULL);
    GstNncCamDevice *const device = g_object_new(
        GST_TYPE_NNC_CAM_DEVICE, "device-class", "Video/Source", "display-name",
        identity->card, "caps", caps, "properties", properties, NULL);
    gst_structure_free(properties);
    device->entry = *entry;
    return GST_DEVICE(device);
}

static void gst_nnc_cam_device_init(GstNncCamDevice *device)
{
}

static void gst_nnc_cam_device_class_init(GstNncCamDeviceClass *class)
{
    GST_DEVICE_CLASS(class)->create_element = create_element;
    GST_DEVICE_CLASS(class)->reconfigure_element = reconfigure_element;
}

/* SPDX-License-Identifier: MIT */

/* What nnccamsrc says on the bus. */

#include "gstnnccamsrc.h"

#include <stdarg.h>

/* Not __FILE__, which tells users where this was built. */
#define FILE_NAME "gstnnccammessages.c"

static gint code_of(enum nnc_camera_trouble trouble)
{
    switch (trouble) {
    case NNC_CAMERA_ABSENT:
        return GST_RESOURCE_ERROR_NOT_FOUND;
    case NNC_CAMERA_DENIED:
        return GST_RESOURCE_ERROR_NOT_AUTHORIZED;
    case NNC_CAMERA_BUSY:
        return GST_RESOURCE_ERROR_BUSY;
    case NNC_CAMERA_UNFIT:
        return GST_RESOURCE_ERROR_OPEN_READ;
    case NNC_CAMERA_UNSUPPORTED:
        return GST_RESOURCE_ERROR_SETTINGS;
    case NNC_CAMERA_BANDWIDTH:
        return GST_RESOURCE_ERROR_NO_SPACE_LEFT;
    default:
        return GST_RESOURCE_ERROR_READ;
    }
}

void gst_nnc_cam_post_error(GstNncCamSrc *self, GstMessageType type,
                            const struct nnc_camera_error *error)
{
    GstStructure *const details =
        gst_structure_new("nnc/camera-error", "trouble", G_TYPE_STRING,
                          nnc_camera_trouble_name(error->trouble), "errno", G_TYPE_INT,
                          error->number, NULL);

    gst_element_message_full_with_details(
        GST_ELEMENT(self), type, GST_RESOURCE_ERROR, code_of(error->trouble),
        g_strdup(error->message),
        g_strdup_printf("camera trouble '%s', errno %d",
                        nnc_camera_trouble_name(error->trouble), error->number),
        FILE_NAME, G_STRFUNC, __LINE__, details);
}

void gst_nnc_cam_post(GstNncCamSrc *self, const gchar *event, const gchar *text,
                      const gchar *first_field, ...)
{
    GstStructure *const structure = gst_structure_new(
        "nnc/camera", "event", G_TYPE_STRING, event, "text", G_TYPE_STRING, text, NULL);
    va_list fields;

    va_start(fields, first_field);
    if (first_field)
        gst_structure_set_valist(structure, first_field, fields);
    va_end(fields);
    GST_INFO_OBJECT(self, "%s: %s", event, text);
    gst_element_post_message(GST_ELEMENT(self),
                             gst_message_new_element(GST_OBJECT(self), structure));
}

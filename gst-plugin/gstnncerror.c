/* SPDX-License-Identifier: MIT */

/* The element's voice on the bus. The core's sentence goes out as it is: it already says
 * what was found, what was expected and what to do. */

#include "gstnncerror.h"

#include <stdarg.h>

/* Not __FILE__, which tells users where this was built. */
#define FILE_NAME "gstnncerror.c"

struct meaning {
    GQuark domain;
    gint code;
};

static struct meaning meaning_of(enum nnc_status status)
{
    switch (status) {
    case NNC_NOT_FOUND:
        return (struct meaning){GST_RESOURCE_ERROR, GST_RESOURCE_ERROR_NOT_FOUND};
    case NNC_PERM:
    case NNC_PATH:
    case NNC_EXTDATA:
        return (struct meaning){GST_RESOURCE_ERROR, GST_RESOURCE_ERROR_OPEN_READ};
    case NNC_IO:
    case NNC_CHANGED:
        return (struct meaning){GST_RESOURCE_ERROR, GST_RESOURCE_ERROR_READ};
    case NNC_NOMEM:
        return (struct meaning){GST_RESOURCE_ERROR, GST_RESOURCE_ERROR_NO_SPACE_LEFT};
    case NNC_BAD_IMAGE:
        return (struct meaning){GST_STREAM_ERROR, GST_STREAM_ERROR_DECODE};
    case NNC_OK:
    case NNC_INTERNAL:
        return (struct meaning){GST_LIBRARY_ERROR, GST_LIBRARY_ERROR_FAILED};
    default: /* the file or the task is not what it should be */
        return (struct meaning){GST_LIBRARY_ERROR, GST_LIBRARY_ERROR_SETTINGS};
    }
}

void gst_nnc_error_post(GstElement *element, GstMessageType type,
                        const struct nnc_error *error)
{
    const struct meaning meaning = meaning_of(error->status);
    GstStructure *const details = gst_structure_new(
        "nnc/error", "nnc-code", G_TYPE_STRING, nnc_status_name(error->status),
        "nnc-object", G_TYPE_STRING, error->object, "nnc-offset", G_TYPE_UINT64,
        error->offset, NULL);

    gst_element_message_full_with_details(
        element, type, meaning.domain, meaning.code, g_strdup(error->message),
        g_strdup_printf("nnc status '%s'", nnc_status_name(error->status)), FILE_NAME,
        G_STRFUNC, __LINE__, details);
}

void gst_nnc_error_post_caps(GstElement *element, const gchar *reason)
{
    gst_element_message_full(element, GST_MESSAGE_ERROR, GST_STREAM_ERROR,
                             GST_STREAM_ERROR_FORMAT, g_strdup(reason), NULL, FILE_NAME,
                             G_STRFUNC, __LINE__);
}

void gst_nnc_error_post_resource(GstElement *element, GstMessageType type, gint code,
                                 const gchar *text)
{
    gst_element_message_full(element, type, GST_RESOURCE_ERROR, code, g_strdup(text), NULL,
                             FILE_NAME, G_STRFUNC, __LINE__);
}

void gst_nnc_error_set(struct nnc_error *error, enum nnc_status status,
                       const gchar *format, ...)
{
    va_list arguments;

    *error = (struct nnc_error){.status = status};
    va_start(arguments, format);
    g_vsnprintf(error->message, sizeof error->message, format, arguments);
    va_end(arguments);
}

gboolean gst_nnc_limiter_allows(struct gst_nnc_limiter *limiter, guint per_second)
{
    const gint64 now = g_get_monotonic_time();

    if (!limiter->since_us || now - limiter->since_us >= G_USEC_PER_SEC)
        *limiter = (struct gst_nnc_limiter){.since_us = now};
    return limiter->n++ < per_second;
}

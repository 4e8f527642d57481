/* SPDX-License-Identifier: MIT */

/* Tasks as structures, and the meta that puts one on a buffer. What the texts mean is not
 * known here: the element that reads them has the model. */

#include <gstnnc/gstnnctask.h>

/**
 * gst_nnc_task_new:
 * @cutout: (nullable): which categories are active; "" for all; %NULL to leave that as it
 *   is
 * @attention: (nullable): gains of categories; "" for 1 everywhere; %NULL to leave that
 * as it is
 *
 * Returns: (transfer full): a task for the property `task` or for
 *   gst_buffer_add_nnc_task_meta()
 *
 * Since: 0.1
 */
GstStructure *gst_nnc_task_new(const gchar *cutout, const gchar *attention)
{
    GstStructure *const task = gst_structure_new_empty(GST_NNC_TASK_NAME);

    if (cutout)
        gst_structure_set(task, "cutout", G_TYPE_STRING, cutout, NULL);
    if (attention)
        gst_structure_set(task, "attention", G_TYPE_STRING, attention, NULL);
    return task;
}

static gboolean get_text(const GstStructure *task, const gchar *field, const gchar **text)
{
    const GValue *const value = gst_structure_get_value(task, field);

    if (value && !G_VALUE_HOLDS_STRING(value))
        return FALSE;
    *text = value ? g_value_get_string(value) : NULL;
    return TRUE;
}

/**
 * gst_nnc_task_get:
 * @task: (nullable): a structure
 * @cutout: (out) (nullable) (transfer none): its cutout text, %NULL if it has none
 * @attention: (out) (nullable) (transfer none): its attention text, %NULL if it has none
 *
 * Returns: whether @task is a task: %GST_NNC_TASK_NAME is its name, and the two fields,
 * as far as they are there, hold strings
 *
 * Since: 0.1
 */
gboolean gst_nnc_task_get(const GstStructure *task, const gchar **cutout,
                          const gchar **attention)
{
    return task && gst_structure_has_name(task, GST_NNC_TASK_NAME) &&
           get_text(task, "cutout", cutout) && get_text(task, "attention", attention);
}

/**
 * gst_nnc_task_meta_api_get_type: (skip)
 *
 * Returns: the type that buffers find the meta by
 *
 * Since: 0.1
 */
GType gst_nnc_task_meta_api_get_type(void)
{
    static gsize type = 0;
    static const gchar *tags[] = {NULL};

    if (g_once_init_enter(&type))
        g_once_init_leave(&type, gst_meta_api_type_register("GstNncTaskMetaAPI", tags));
    return type;
}

static gboolean init_meta(GstMeta *meta, gpointer params, GstBuffer *buffer)
{
    ((GstNncTaskMeta *)meta)->task = NULL;
    return TRUE;
}

static void free_meta(GstMeta *meta, GstBuffer *buffer)
{
    gst_clear_structure(&((GstNncTaskMeta *)meta)->task);
}

/* It survives whatever a prediction survives: the task belongs to the picture. */
static gboolean transform_meta(GstBuffer *to, GstMeta *meta, GstBuffer *from, GQuark type,
                               gpointer data)
{
    const GstStructure *const task = ((GstNncTaskMeta *)meta)->task;

    return gst_buffer_add_nnc_task_meta(to, task) != NULL;
}

/**
 * gst_nnc_task_meta_get_info: (skip)
 *
 * Returns: (nullable): the meta's description, or %NULL if another library in the process
 *   took its name
 *
 * Since: 0.1
 */
const GstMetaInfo *gst_nnc_task_meta_get_info(void)
{
    static const GstMetaInfo *info = NULL;
    static gsize once = 0;

    if (g_once_init_enter(&once)) {
        info = gst_meta_register(GST_NNC_TASK_META_API_TYPE, "GstNncTaskMeta",
                                 sizeof(GstNncTaskMeta), init_meta, free_meta,
                                 transform_meta);
        g_once_init_leave(&once, 1);
    }
    return info;
}

/**
 * gst_buffer_add_nnc_task_meta:
 * @buffer: a writable buffer
 * @task: (transfer none): a structure as gst_nnc_task_new() makes it; it is copied
 *
 * Returns: (nullable) (transfer none): the new meta, owned by @buffer
 *
 * Since: 0.1
 */
GstNncTaskMeta *gst_buffer_add_nnc_task_meta(GstBuffer *buffer, const GstStructure *task)
{
    g_return_val_if_fail(GST_IS_BUFFER(buffer) && task, NULL);

    const GstMetaInfo *const info = gst_nnc_task_meta_get_info();
    GstNncTaskMeta *const meta =
        info ? (GstNncTaskMeta *)gst_buffer_add_meta(buffer, info, NULL) : NULL;
    if (meta)
        meta->task = gst_structure_copy(task);
    return meta;
}

/**
 * gst_buffer_get_nnc_task_meta:
 * @buffer: a buffer
 *
 * Returns: (nullable) (transfer none): its first task meta, which is the one that counts
 *
 * Since: 0.1
 */
GstNncTaskMeta *gst_buffer_get_nnc_task_meta(GstBuffer *buffer)
{
    GstMeta *meta;
    gpointer state = NULL;

    g_return_val_if_fail(GST_IS_BUFFER(buffer), NULL);
    while ((meta = gst_buffer_iterate_meta_filtered(buffer, &state,
                                                    GST_NNC_TASK_META_API_TYPE)))
        if (meta->info == gst_nnc_task_meta_get_info())
            return (GstNncTaskMeta *)meta;
    return NULL;
}

/* SPDX-License-Identifier: MIT */
#ifndef GST_NNC_TASK_H
#define GST_NNC_TASK_H

#include <gstnnc/gstnncprelude.h>

G_BEGIN_DECLS

/**
 * GST_NNC_TASK_NAME:
 *
 * The name of a structure that describes a task. Its string fields are `cutout` and
 * `attention`; a field that is missing leaves that half of the task as it is.
 *
 * Since: 0.1
 */
#define GST_NNC_TASK_NAME "nnc/task"

/**
 * GstNncTaskMeta:
 * @meta: parent
 * @task: a structure of the name %GST_NNC_TASK_NAME; owned by the meta
 *
 * The task of one frame, put on its buffer upstream of the element. It wins over the
 * element's properties for this frame alone.
 *
 * Since: 0.1
 */
typedef struct _GstNncTaskMeta {
    GstMeta meta;
    GstStructure *task;
} GstNncTaskMeta;

#define GST_NNC_TASK_META_API_TYPE (gst_nnc_task_meta_api_get_type())

GST_NNC_API GstStructure *gst_nnc_task_new(const gchar *cutout, const gchar *attention);
GST_NNC_API gboolean gst_nnc_task_get(const GstStructure *task, const gchar **cutout,
                                      const gchar **attention);

GST_NNC_API GType gst_nnc_task_meta_api_get_type(void);
GST_NNC_API const GstMetaInfo *gst_nnc_task_meta_get_info(void);
GST_NNC_API GstNncTaskMeta *gst_buffer_add_nnc_task_meta(GstBuffer *buffer,
                                                         const GstStructure *task);
GST_NNC_API GstNncTaskMeta *gst_buffer_get_nnc_task_meta(GstBuffer *buffer);

G_END_DECLS

#endif

/* SPDX-License-Identifier: MIT */

/* The counters' names, as the property `stats` of nnctask answers them. */

#include "gstnnctaskstats.h"

#include <stddef.h>

static const struct {
    const gchar *name;
    size_t offset;
} counters[] = {
    {"frames", offsetof(struct gst_nnc_task_stats, frames)},
    {"gaps", offsetof(struct gst_nnc_task_stats, gaps)},
    {"tasks", offsetof(struct gst_nnc_task_stats, tasks)},
    {"metas-added", offsetof(struct gst_nnc_task_stats, metas_added)},
    {"metas-kept", offsetof(struct gst_nnc_task_stats, metas_kept)},
    {"events-sent", offsetof(struct gst_nnc_task_stats, events_sent)},
    {"labels-matched", offsetof(struct gst_nnc_task_stats, labels_matched)},
    {"texts-refused", offsetof(struct gst_nnc_task_stats, texts_refused)},
    {"script-line", offsetof(struct gst_nnc_task_stats, script_line)},
};

void gst_nnc_task_stats_reset(struct gst_nnc_task_stats *stats)
{
    for (guint i = 0; i < G_N_ELEMENTS(counters); i++)
        atomic_store((_Atomic guint64 *)((char *)stats + counters[i].offset), 0);
}

GstStructure *gst_nnc_task_stats_to_structure(const struct gst_nnc_task_stats *stats)
{
    GstStructure *const structure = gst_structure_new_empty("nnc/task-stats");

    for (guint i = 0; i < G_N_ELEMENTS(counters); i++)
        gst_structure_set(
            structure, counters[i].name, G_TYPE_UINT64,
            (guint64)atomic_load(
                (const _Atomic guint64 *)((const char *)stats + counters[i].offset)),
            NULL);
    return structure;
}

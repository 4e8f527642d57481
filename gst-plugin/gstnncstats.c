/* SPDX-License-Identifier: MIT */

/* The counters as the structure that the property `stats` answers. A table gives them
 * their names. */

#include "gstnncstats.h"

#include <stddef.h>

#define COUNTER(name, field)                                                             \
    {                                                                                    \
        name, offsetof(struct gst_nnc_stats, field)                                      \
    }

static const struct {
    const gchar *name;
    size_t offset;
} counters[] = {
    COUNTER("frames-in", frames_in),
    COUNTER("frames-classified", frames_classified),
    COUNTER("frames-refused", frames_refused),
    COUNTER("frames-late", frames_late),
    COUNTER("frames-skipped", frames_skipped),
    COUNTER("frames-gap", frames_gap),
    COUNTER("frames-corrupted", frames_corrupted),
    COUNTER("frames-left-out", frames_left_out),
    COUNTER("frames-held", frames_held),
    COUNTER("frames-replaced", frames_replaced),
    COUNTER("rois-classified", rois_classified),
    COUNTER("rois-refused", rois_refused),
    COUNTER("rois-outside", rois_outside),
    COUNTER("rois-unwanted", rois_unwanted),
    COUNTER("rois-small", rois_small),
    COUNTER("rois-over-budget", rois_over_budget),
    COUNTER("tasks-accepted", tasks_accepted),
    COUNTER("tasks-refused", tasks_refused),
    COUNTER("task-event-ignored", task_event_ignored),
    COUNTER("task-meta-ignored", task_meta_ignored),
    COUNTER("task-meta-conflict", task_meta_conflict),
    COUNTER("task-switches", task_switches),
    COUNTER("plan-switches", plan_switches),
    COUNTER("inference-ns-last", inference_ns_last),
};

#undef COUNTER

static void set_number(GstStructure *structure, const gchar *name, guint64 number)
{
    gst_structure_set(structure, name, G_TYPE_UINT64, number, NULL);
}

static void set_kernels(GstStructure *structure, const struct nnc_model *model)
{
    gst_structure_set(structure, "backend", G_TYPE_STRING,
                      model ? nnc_backend_name(nnc_model_backend(model)) : "", "isa",
                      G_TYPE_STRING, model ? nnc_isa_name(nnc_model_isa(model)) : "",
                      "precision", G_TYPE_STRING,
                      model ? nnc_precision_name(nnc_model_precision(model)) : "", NULL);
}

static void set_percentiles(GstStructure *structure, const gchar *name,
                            const struct gst_nnc_histogram *times)
{
    static const guint percents[] = {50, 90, 99};

    for (guint i = 0; i < G_N_ELEMENTS(percents); i++) {
        g_autofree gchar *field = g_strdup_printf("%s-p%u", name, percents[i]);
        set_number(structure, field, gst_nnc_histogram_percentile(times, percents[i]));
    }
}

static void set_times(GstStructure *structure, const struct gst_nnc_stats *stats)
{
    const guint64 inferences = atomic_load(&stats->inferences);
    const guint64 now = gst_util_get_timestamp();

    set_number(structure, "inference-ns-average",
               inferences ? atomic_load(&stats->inference_ns_total) / inferences : 0);
    set_percentiles(structure, "inference-ns", &stats->inference_ns);
    set_percentiles(structure, "frame-ns", &stats->frame_ns);
    gst_structure_set(structure, "fps-in", G_TYPE_DOUBLE, gst_nnc_rate_get(&stats->in, now),
                      "fps", G_TYPE_DOUBLE, gst_nnc_rate_get(&stats->classified, now), NULL);
}

/* Of all elements that share the model, since it was loaded. */
static void set_plans(GstStructure *structure, struct nnc_model *model)
{
    const struct nnc_plan_counts plans =
        model ? nnc_model_plan_counts(model) : (struct nnc_plan_counts){0, 0};

    set_number(structure, "plan-cache-hits", plans.found);
    set_number(structure, "plan-cache-misses", plans.made);
}

void gst_nnc_stats_reset(struct gst_nnc_stats *stats)
{
    for (guint i = 0; i < G_N_ELEMENTS(counters); i++)
        atomic_store((_Atomic guint64 *)((char *)stats + counters[i].offset), 0);
    atomic_store(&stats->inference_ns_total, 0);
    atomic_store(&stats->inferences, 0);
    gst_nnc_histogram_reset(&stats->inference_ns);
    gst_nnc_histogram_reset(&stats->frame_ns);
    gst_nnc_rate_reset(&stats->in);
    gst_nnc_rate_reset(&stats->classified);
}

GstStructure *gst_nnc_stats_to_structure(const struct gst_nnc_stats *stats,
                                         const struct gst_nnc_live_task *live,
                                         guint64 task_id)
{
    GstStructure *const structure = gst_structure_new_empty("nnc/stats");

    for (guint i = 0; i < G_N_ELEMENTS(counters); i++)
        set_number(structure, counters[i].name,
                   atomic_load((const _Atomic guint64 *)((const char *)stats +
                                                         counters[i].offset)));
    set_times(structure, stats);
    set_number(structure, "task-id", live ? live->id : 0);
    set_number(structure, "last-task-id", task_id);
    set_number(structure, "arena-bytes", live ? nnc_task_arena_bytes(live->task) : 0);
    set_number(structure, "weight-bytes",
               live ? nnc_model_resident_weight_bytes(nnc_task_model(live->task)) : 0);
    gst_structure_set(structure, "cutout", G_TYPE_STRING, live ? live->cutout : "",
                      "attention", G_TYPE_STRING, live ? live->attention : "", NULL);
    set_plans(structure, live ? nnc_task_model(live->task) : NULL);
    set_kernels(structure, live ? nnc_task_model(live->task) : NULL);
    return structure;
}

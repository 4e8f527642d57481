/* SPDX-License-Identifier: MIT */
#ifndef GST_NNC_PREDICTION_H
#define GST_NNC_PREDICTION_H

#include <gstnnc/gstnnctaxonomy.h>

G_BEGIN_DECLS

/**
 * GstNncPredictionStatus:
 * @GST_NNC_PREDICTION_STATUS_CLASSIFIED: the frame was classified
 * @GST_NNC_PREDICTION_STATUS_NONFINITE: the network's numbers overflowed on this frame;
 *   logits are what came out, probabilities are 0, nothing is ranked by meaning
 * @GST_NNC_PREDICTION_STATUS_REFUSED: the frame is not what its caps say; it was not read
 * @GST_NNC_PREDICTION_STATUS_LATE: the frame was late already; it was not classified
 *
 * What became of a frame. Only the first two have classes, the other two have a reason. A
 * prediction of an older frame (see gst_nnc_prediction_get_age()) has classes, and a reason
 * if this frame was left out.
 *
 * Since: 0.1
 */
typedef enum {
    GST_NNC_PREDICTION_STATUS_CLASSIFIED,
    GST_NNC_PREDICTION_STATUS_NONFINITE,
    GST_NNC_PREDICTION_STATUS_REFUSED,
    GST_NNC_PREDICTION_STATUS_LATE
} GstNncPredictionStatus;

#define GST_TYPE_NNC_PREDICTION_STATUS (gst_nnc_prediction_status_get_type())
#define GST_TYPE_NNC_PREDICTION (gst_nnc_prediction_get_type())

/**
 * GstNncPrediction:
 *
 * The result for one frame: ranked classes with probabilities and paths, the task that
 * made it, what it cost. Immutable and reference counted: it may be kept, and read from
 * any thread.
 *
 * Since: 0.1
 */
typedef struct _GstNncPrediction GstNncPrediction;

typedef struct _GstNncScore GstNncScore;
typedef struct _GstNncPredictionInfo GstNncPredictionInfo;

/**
 * GstNncScore: (skip)
 * @category: the class's number in the taxonomy
 * @probability: among the active classes
 * @logit: the network's own number
 *
 * Since: 0.1
 */
struct _GstNncScore {
    guint category;
    gfloat probability;
    gfloat logit;
};

/**
 * GstNncRegion: (skip)
 * @x: left edge, in pixels of the frame
 * @y: upper edge
 * @width: in pixels
 * @height: in pixels
 * @id: of the region of interest or detection; -1 if there is none
 * @label: (nullable): what the detector called it
 *
 * The part of a frame that a prediction is about.
 *
 * Since: 0.1
 */
typedef struct _GstNncRegion {
    guint x, y, width, height;
    gint id;
    const gchar *label;
} GstNncRegion;

/**
 * GstNncPredictionInfo: (skip)
 * @status: what became of the frame
 * @reason: (nullable): why it was not classified
 * @element: (nullable): name of the element that made the prediction
 * @task_id: number of the task
 * @cutout: (nullable): its cutout text
 * @attention: (nullable): its attention text
 * @taxonomy: (nullable): what the categories below are numbers of
 * @classes: (array length=n_classes): best first
 * @n_classes: how many of them
 * @category_probabilities: (nullable): one for every category of the taxonomy; negative
 *   for a category that is not active
 * @has_presence: whether the network says if it knows the thing at all
 * @presence: 0..1, if @has_presence
 * @unknown: presence is below the model's threshold
 * @params: parameters that took part
 * @macs: multiply-adds that were done
 * @total_params: parameters of the whole network; 0 if not known
 * @total_macs: multiply-adds of the whole network; 0 if not known
 * @preprocess_time: nanoseconds
 * @inference_time: nanoseconds, without @preprocess_time
 * @age: frames since the one that was classified; 0 for this one
 * @corrupted: the frame was marked as corrupted before it was classified
 * @has_region: whether it is about a part of the frame, @region
 * @region: that part
 * @source_pts: timestamp of the frame that was classified
 *
 * All of a prediction, to make one from. Everything pointed to is borrowed and copied.
 *
 * Since: 0.1
 */
struct _GstNncPredictionInfo {
    GstNncPredictionStatus status;
    const gchar *reason;
    const gchar *element;
    guint64 task_id;
    const gchar *cutout;
    const gchar *attention;
    GstNncTaxonomy *taxonomy;
    const GstNncScore *classes;
    guint n_classes;
    const gfloat *category_probabilities;
    gboolean has_presence;
    gfloat presence;
    gboolean unknown;
    guint64 params;
    guint64 macs;
    guint64 total_params;
    guint64 total_macs;
    GstClockTime preprocess_time;
    GstClockTime inference_time;
    guint age;
    gboolean corrupted;
    gboolean has_region;
    GstNncRegion region;
    GstClockTime source_pts;
};

/**
 * GstNncFrame: (skip)
 * @number: of the frame in its stream, from 0
 * @pts: its timestamp
 * @running_time: the same on the pipeline's clock, from 0 when it began to play
 * @width: in pixels; 0 if not known
 * @height: in pixels; 0 if not known
 * @unix_us: wall-clock time, in microseconds since 1970 UTC; 0 to say nothing of it
 *
 * The frame that a prediction lies on, as a line of JSON names it.
 *
 * Since: 0.1
 */
typedef struct _GstNncFrame {
    guint64 number;
    GstClockTime pts;
    GstClockTime running_time;
    guint width, height;
    gint64 unix_us;
} GstNncFrame;

GST_NNC_API GType gst_nnc_prediction_status_get_type(void);
GST_NNC_API const gchar *
gst_nnc_prediction_status_to_string(GstNncPredictionStatus status);

GST_NNC_API GType gst_nnc_prediction_get_type(void);
GST_NNC_API GstNncPrediction *gst_nnc_prediction_new(const GstNncPredictionInfo *info);
GST_NNC_API GstNncPrediction *
gst_nnc_prediction_new_held(const GstNncPrediction *self, guint age, const gchar *reason);
GST_NNC_API GstNncPrediction *gst_nnc_prediction_ref(GstNncPrediction *self);
GST_NNC_API void gst_nnc_prediction_unref(GstNncPrediction *self);

GST_NNC_API GstNncPredictionStatus
gst_nnc_prediction_get_status(const GstNncPrediction *self);
GST_NNC_API const gchar *gst_nnc_prediction_get_reason(const GstNncPrediction *self);
GST_NNC_API const gchar *gst_nnc_prediction_get_element(const GstNncPrediction *self);
GST_NNC_API GstNncTaxonomy *gst_nnc_prediction_get_taxonomy(const GstNncPrediction *self);

GST_NNC_API guint gst_nnc_prediction_get_n_classes(const GstNncPrediction *self);
GST_NNC_API guint gst_nnc_prediction_get_class_category(const GstNncPrediction *self,
                                                        guint rank);
GST_NNC_API const gchar *gst_nnc_prediction_get_class_path(const GstNncPrediction *self,
                                                           guint rank);
GST_NNC_API const gchar *gst_nnc_prediction_get_class_name(const GstNncPrediction *self,
                                                           guint rank);
GST_NNC_API gfloat gst_nnc_prediction_get_class_probability(const GstNncPrediction *self,
                                                            guint rank);
GST_NNC_API gfloat gst_nnc_prediction_get_class_logit(const GstNncPrediction *self,
                                                      guint rank);

GST_NNC_API gboolean gst_nnc_prediction_get_category_probability(
    const GstNncPrediction *self, guint category, gfloat *probability);
GST_NNC_API guint gst_nnc_prediction_get_best_category(const GstNncPrediction *self,
                                                       guint depth);

GST_NNC_API gboolean gst_nnc_prediction_get_presence(const GstNncPrediction *self,
                                                     gfloat *presence);
GST_NNC_API gboolean gst_nnc_prediction_is_unknown(const GstNncPrediction *self);

GST_NNC_API guint64 gst_nnc_prediction_get_task_id(const GstNncPrediction *self);
GST_NNC_API const gchar *gst_nnc_prediction_get_cutout(const GstNncPrediction *self);
GST_NNC_API const gchar *gst_nnc_prediction_get_attention(const GstNncPrediction *self);
GST_NNC_API guint64 gst_nnc_prediction_get_params(const GstNncPrediction *self);
GST_NNC_API guint64 gst_nnc_prediction_get_macs(const GstNncPrediction *self);
GST_NNC_API guint64 gst_nnc_prediction_get_total_params(const GstNncPrediction *self);
GST_NNC_API guint64 gst_nnc_prediction_get_total_macs(const GstNncPrediction *self);
GST_NNC_API GstClockTime
gst_nnc_prediction_get_preprocess_time(const GstNncPrediction *self);
GST_NNC_API GstClockTime
gst_nnc_prediction_get_inference_time(const GstNncPrediction *self);
GST_NNC_API guint gst_nnc_prediction_get_age(const GstNncPrediction *self);
GST_NNC_API gboolean gst_nnc_prediction_is_corrupted(const GstNncPrediction *self);

GST_NNC_API gboolean gst_nnc_prediction_get_region(const GstNncPrediction *self, guint *x,
                                                   guint *y, guint *width, guint *height);
GST_NNC_API gint gst_nnc_prediction_get_region_id(const GstNncPrediction *self);
GST_NNC_API const gchar *
gst_nnc_prediction_get_region_label(const GstNncPrediction *self);
GST_NNC_API GstClockTime gst_nnc_prediction_get_source_pts(const GstNncPrediction *self);

GST_NNC_API GstStructure *gst_nnc_prediction_to_structure(const GstNncPrediction *self);
GST_NNC_API gchar *gst_nnc_prediction_to_json(const GstNncPrediction *self);
GST_NNC_API gchar *gst_nnc_prediction_to_json_line(const GstNncPrediction *self,
                                                   const GstNncFrame *frame);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(GstNncPrediction, gst_nnc_prediction_unref)

G_END_DECLS

#endif

/* SPDX-License-Identifier: MIT */
#ifndef NNC_PREDICTION_FIXTURE_H
#define NNC_PREDICTION_FIXTURE_H

/* Predictions that no network made: of every kind, for what reads and draws them. */

#include <gst/check/gstcheck.h>
#include <gstnnc/gstnnc.h>

/* A classified prediction to begin with: task 7, cutout "animals,things", half of the
 * cost; no classes yet. Everything it points to is static. */
GstNncPredictionInfo info_of(const char *element);

/* The prediction of `info` with `n` classes of a taxonomy made of `paths`
 * (NULL-terminated, categories before their classes or after), the first with the
 * probability 0.6. */
GstNncPrediction *predict_paths(GstNncPredictionInfo info, const char *const *paths,
                                guint n);

/* One class out of animals/cat, animals/dog, things/lamp; or, with `unknown`, not really.
 */
GstNncPrediction *predict_class(const char *element, guint class, gboolean unknown);

GstNncPrediction *predict_status(const char *element, GstNncPredictionStatus status);

/* `class` as above, in a part of the frame. */
GstNncPrediction *predict_region(const char *element, guint class, GstNncRegion region);

/* The buffer's own; it takes the prediction. */
void give_prediction(GstBuffer *buffer, GstNncPrediction *prediction);

/* A meta of another library under our meta's name. */
void give_foreign_meta(GstBuffer *buffer);

#endif

/* SPDX-License-Identifier: MIT */
#ifndef NNC_OVERLAY_FIXTURE_H
#define NNC_OVERLAY_FIXTURE_H

/* An nncoverlay in a harness, and grey frames, on which whatever is drawn can be seen. */

#include "element_fixture.h"
#include "prediction_fixture.h"

#define OVERLAY_CAPS "video/x-raw,format=BGRx,width=320,height=240,framerate=30/1"
#define OVERLAY_SIZE (320 * 240 * 4)

GstBuffer *grey_frame(GstClockTime pts, gsize size);
gboolean is_grey(GstBuffer *buffer);

/* With `properties` as gst-launch has them, for frames of OVERLAY_CAPS. */
GstHarness *open_overlay(const char *properties);

/* Pushes a frame with `prediction` (or NULL), which it takes; TRUE if something was drawn
 * into it. */
gboolean overlay_draws(GstHarness *harness, GstClockTime pts,
                       GstNncPrediction *prediction);

#endif

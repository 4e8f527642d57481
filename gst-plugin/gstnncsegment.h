/* SPDX-License-Identifier: MIT */
#ifndef GST_NNC_SEGMENT_H
#define GST_NNC_SEGMENT_H

/* Times of frames; GST_CLOCK_TIME_NONE where a segment has none and GStreamer's own functions
 * complain: in streams that are not measured in time, and in those that run backwards from an
 * end that nobody knows. */

#include <gst/gst.h>

G_BEGIN_DECLS

static inline GstClockTime gst_nnc_stream_time(const GstSegment *segment, GstClockTime pts)
{
    return segment->format == GST_FORMAT_TIME
               ? gst_segment_to_stream_time(segment, GST_FORMAT_TIME, pts)
               : GST_CLOCK_TIME_NONE;
}

static inline GstClockTime gst_nnc_running_time(const GstSegment *segment, GstClockTime pts)
{
    const gboolean has_begin = segment->rate > 0 || GST_CLOCK_TIME_IS_VALID(segment->stop) ||
                               GST_CLOCK_TIME_IS_VALID(segment->duration);

    return segment->format == GST_FORMAT_TIME && has_begin
               ? gst_segment_to_running_time(segment, GST_FORMAT_TIME, pts)
               : GST_CLOCK_TIME_NONE;
}

G_END_DECLS

#endif

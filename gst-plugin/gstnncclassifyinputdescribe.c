/* SPDX-License-Identifier: MIT */

/* What nncclassify says of the properties of gstnncclassifyinput.c, as gst-inspect-1.0
 * shows them. */

#include "gstnncclassifyinputproperties.h"

#define GST_TYPE_NNC_REGION_KIND (gst_nnc_region_kind_get_type())

static GType gst_nnc_region_kind_get_type(void)
{
    static gsize type = 0;
    static const GEnumValue values[] = {
        {GST_NNC_REGION_FRAME, "The whole frame, or what the crop leaves of it", "frame"},
        {GST_NNC_REGION_CENTER, "The middle of it, see center-share", "center"},
        {GST_NNC_REGION_ROI,
         "Each region of interest and each object detection on the buffer", "roi"},
        {0, NULL, NULL},
    };

    if (g_once_init_enter(&type))
        g_once_init_leave(&type, g_enum_register_static("GstNncRegionKind", values));
    return type;
}

#define GST_TYPE_NNC_CORRUPTED_FRAMES (gst_nnc_corrupted_frames_get_type())

static GType gst_nnc_corrupted_frames_get_type(void)
{
    static gsize type = 0;
    static const GEnumValue values[] = {
        {GST_NNC_CORRUPTED_FRAMES_CLASSIFY, "Classified, and marked as corrupted",
         "classify"},
        {GST_NNC_CORRUPTED_FRAMES_SKIP, "Not classified", "skip"},
        {0, NULL, NULL},
    };

    if (g_once_init_enter(&type))
        g_once_init_leave(&type,
                          g_enum_register_static("GstNncCorruptedFrames", values));
    return type;
}

#define PLAYING (G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS | GST_PARAM_MUTABLE_PLAYING)
#define ANIMATED (PLAYING | GST_PARAM_CONTROLLABLE)

static void install_share(GObjectClass *object_class, guint id, const gchar *name,
                          const gchar *nick, const gchar *blurb, gdouble value)
{
    g_object_class_install_property(
        object_class, id,
        g_param_spec_double(name, nick, blurb, 0.0, 1.0, value, ANIMATED));
}

static void install_crop(GObjectClass *object_class)
{
    /**
     * GstNncClassify:crop:
     *
     * The part of the frame to look at, x, y, width and height as shares of the frame's
     * sides from 0 to 1, e.g. "<0.25,0.25,0.5,0.5>" for the middle. All four change as
     * one; to animate them, see crop-x and its like. Edges are rounded to whole pixels,
     * at least one pixel stays. Where a GstVideoCropMeta says that only a part of the
     * picture is visible, shares are of that part.
     *
     * Since: 0.1
     */
    g_object_class_install_property(
        object_class, PROP_CROP,
        gst_param_spec_array(
            "crop", "Crop",
            "Part of the frame to look at: <x, y, width, height> as shares of its sides "
            "(0..1)",
            NULL, PLAYING)); /* no type of the members: whole numbers are welcome */
    install_share(object_class, PROP_CROP_X, "crop-x", "Crop x",
                  "Left edge of the part to look at, as a share of the frame's width",
                  0.0);
    install_share(object_class, PROP_CROP_Y, "crop-y", "Crop y",
                  "Upper edge of the part to look at, as a share of the frame's height",
                  0.0);
    install_share(object_class, PROP_CROP_WIDTH, "crop-width", "Crop width",
                  "Width of the part to look at, as a share of the frame's width", 1.0);
    install_share(object_class, PROP_CROP_HEIGHT, "crop-height", "Crop height",
                  "Height of the part to look at, as a share of the frame's height", 1.0);
}

static void install_rois(GObjectClass *object_class)
{
    /**
     * GstNncClassify:roi-labels:
     *
     * With region=roi: which regions of interest are classified, by what their detector
     * called them. A list like "person,car*" takes these, one like "-face" all but these;
     * it is read from left to right, `*` and `?` match any text and any character.
     *
     * Since: 0.1
     */
    g_object_class_install_property(
        object_class, PROP_ROI_LABELS,
        g_param_spec_string("roi-labels", "Labels of regions",
                            "Labels of the regions of interest to classify, e.g. "
                            "\"person,car*\" or \"-face\"; empty = all",
                            "", PLAYING));
    /**
     * GstNncClassify:max-rois:
     *
     * With region=roi: how many regions of interest are classified in one frame. If there
     * are more, they take turns from frame to frame; those left out are counted in
     * #GstNncClassify:stats as rois-over-budget.
     *
     * Since: 0.1
     */
    g_object_class_install_property(
        object_class, PROP_MAX_ROIS,
        g_param_spec_uint("max-rois", "Most regions",
                          "Regions of interest to classify in one frame, at most; if "
                          "there are more, they take turns",
                          1, GST_NNC_MAX_ROIS, GST_NNC_INPUT_DEFAULT_MAX_ROIS, PLAYING));
    g_object_class_install_property(
        object_class, PROP_MIN_ROI_SIZE,
        g_param_spec_uint("min-roi-size", "Least size of regions",
                          "Least width and height of a region of interest that is "
                          "classified, in pixels",
                          1, NNC_IMAGE_MAX_SIDE, GST_NNC_INPUT_DEFAULT_MIN_ROI_SIZE, PLAYING));
}

static void install_corrupted(GObjectClass *object_class)
{
    /**
     * GstNncClassify:corrupted-frames:
     *
     * What becomes of frames that a camera or a decoder marked as damaged
     * (GST_BUFFER_FLAG_CORRUPTED). Classified ones have a prediction that says so
     * (corrupted). Those that are skipped pass like frames that #GstNncClassify:interval
     * leaves out, and are counted in #GstNncClassify:stats as frames-corrupted.
     *
     * Since: 0.1
     */
    g_object_class_install_property(
        object_class, PROP_CORRUPTED_FRAMES,
        g_param_spec_enum("corrupted-frames", "Corrupted frames",
                          "What becomes of frames that are marked as corrupted",
                          GST_TYPE_NNC_CORRUPTED_FRAMES,
                          GST_NNC_CORRUPTED_FRAMES_CLASSIFY, PLAYING));
}

static void install_times(GObjectClass *object_class)
{
    /**
     * GstNncClassify:hold:
     *
     * Whether frames that are not classified themselves (because of
     * #GstNncClassify:interval, late, or corrupted) carry the last result once more. Such a
     * prediction says how many frames old it is (age), of which frame (source_pts), and
     * why it is not this frame's (reason).
     *
     * Since: 0.1
     */
    g_object_class_install_property(
        object_class, PROP_HOLD,
        g_param_spec_boolean(
            "hold", "Hold",
            "Frames that are left out carry the last result, with its age "
            "in frames",
            FALSE, PLAYING));
    /**
     * GstNncClassify:async:
     *
     * Whether the stream goes on while the network runs. Frames do not wait then: a
     * worker thread classifies the newest one, and its result goes on the first frame
     * that comes after it is there, with its age in frames and the timestamp of the frame
     * that it was made of (source_pts). While the worker is busy the newest frame waits
     * for it, older ones are left out (frames-replaced in #GstNncClassify:stats). The
     * frame's memory is not held: the network's input is made of it before it goes on.
     * Results do not go back to regions of interest, which are other ones then. The
     * element adds no latency. At the end of the stream the last result comes as a message
     * alone, see #GstNncClassify:post-messages. A task that comes with a buffer or an
     * event for the first time is compiled while its frame waits, here, too.
     *
     * Since: 0.1
     */
    g_object_class_install_property(
        object_class, PROP_ASYNC,
        g_param_spec_boolean(
            "async", "Asynchronous",
            "Frames do not wait for the network: results go on later "
            "frames, with their age",
            FALSE, G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS | GST_PARAM_MUTABLE_READY));
    /**
     * GstNncClassify:processing-latency:
     *
     * How long frames take in the element, in nanoseconds, as live pipelines are told
     * when they ask for the latency. The default is to say what was measured: the time
     * that 99 % of the frames since the start took no longer than; nothing before the
     * first frame. If that grows by a quarter, the pipeline is told (as a LATENCY
     * message, which applications answer by gst_bin_recalculate_latency()). A value of
     * one's own is never corrected. With #GstNncClassify:async nothing is added.
     *
     * Since: 0.1
     */
    g_object_class_install_property(
        object_class, PROP_PROCESSING_LATENCY,
        g_param_spec_uint64(
            "processing-latency", "Processing latency",
            "What frames take in the element, in ns, for latency queries; "
            "18446744073709551615 = as measured",
            0, G_MAXUINT64, GST_CLOCK_TIME_NONE, PLAYING));
}

void gst_nnc_input_install_properties(GObjectClass *object_class)
{
    /**
     * GstNncClassify:region:
     *
     * What gets a prediction: the frame (what #GstNncClassify:crop leaves of it), the
     * middle of that, or each region of interest (GstVideoRegionOfInterestMeta) and each
     * object detection (GstAnalytics, from GStreamer 1.24 on) that the buffer carries.
     * Then predictions have the region's place, id and label; regions of interest get the
     * prediction as their parameter "nnc/prediction", too, and detections a
     * classification that is related to them. Regions are cut off at the edges of the
     * crop; those that are empty or outside of the frame are refused with a warning.
     *
     * Since: 0.1
     */
    g_object_class_install_property(
        object_class, PROP_REGION,
        g_param_spec_enum("region", "Region", "What of a frame gets a prediction",
                          GST_TYPE_NNC_REGION_KIND, GST_NNC_REGION_FRAME, PLAYING));
    install_crop(object_class);
    install_share(object_class, PROP_CENTER_SHARE, "center-share", "Share of the middle",
                  "With region=center: width and height of the middle that is looked at, "
                  "as a share of the frame's (or crop's)",
                  GST_NNC_INPUT_DEFAULT_CENTER_SHARE);
    install_rois(object_class);
    install_corrupted(object_class);
    install_times(object_class);
    gst_type_mark_as_plugin_api(GST_TYPE_NNC_REGION_KIND, 0);
    gst_type_mark_as_plugin_api(GST_TYPE_NNC_CORRUPTED_FRAMES, 0);
}

/* SPDX-License-Identifier: MIT */

/* Writes lines of every kind to standard output, for test_json_schema.py to read: those
 * of real models, and those of predictions that are hard to come by. */

#include "element_fixture.h"
#include "prediction_fixture.h"

#include <math.h>

static void play_models(void)
{
    g_autoptr(GError) error = NULL;
    GstElement *const pipeline = gst_parse_launch(
        "videotestsrc num-buffers=3 ! video/x-raw,width=64,height=48 ! nncclassify "
        "name=first model=" MODEL_PRESENCE " threads=1 ! nncclassify name=second "
        "model=" MODEL_TWO
        " threads=1 cutout=b attention=b=2 top-k=1 ! jpegenc ! nncjson "
        "location=- ! fakesink",
        &error);
    g_autoptr(GstBus) bus = gst_element_get_bus(pipeline);

    g_assert_no_error(error);
    gst_element_set_state(pipeline, GST_STATE_PLAYING);
    g_autoptr(GstMessage) message = gst_bus_timed_pop_filtered(
        bus, GST_CLOCK_TIME_NONE, GST_MESSAGE_EOS | GST_MESSAGE_ERROR);
    g_assert_cmpint(GST_MESSAGE_TYPE(message), ==, GST_MESSAGE_EOS);
    gst_element_set_state(pipeline, GST_STATE_NULL);
    gst_object_unref(pipeline);
}

static GstNncPrediction *predict_overflow(void)
{
    static const char *const paths[] = {"a/\"quoted\" \\ \t \xff", "b", "a", NULL};
    static const gfloat categories[] = {0.0f, NAN, -1.0f};
    static const GstNncScore scores[] = {{0, 0.0f, INFINITY}, {1, 0.0f, NAN}};
    g_autoptr(GstNncTaxonomy) taxonomy = gst_nnc_taxonomy_new(paths);
    GstNncPredictionInfo info = info_of("made");

    info.status = GST_NNC_PREDICTION_STATUS_NONFINITE;
    info.taxonomy = taxonomy;
    info.classes = scores;
    info.n_classes = G_N_ELEMENTS(scores);
    info.category_probabilities = categories;
    info.has_presence = TRUE;
    info.presence = NAN;
    info.corrupted = TRUE;
    info.age = 3;
    info.source_pts = 5;
    info.task_id = G_MAXUINT64;
    return gst_nnc_prediction_new(&info);
}

static void push_made(void)
{
    GstHarness *const harness =
        gst_harness_new_parse("nncjson location=- wall-clock=true");
    GstBuffer *const buffer = gst_buffer_new();

    gst_harness_set_src_caps_str(harness, "application/x-anything");
    for (gint status = 0; status <= GST_NNC_PREDICTION_STATUS_LATE; status++)
        give_prediction(buffer, predict_status(status ? "made" : NULL,
                                               (GstNncPredictionStatus)status));
    give_prediction(buffer, predict_overflow());
    give_prediction(buffer, predict_class("made", 0, TRUE));
    give_prediction(buffer, predict_region("made", 1, (GstNncRegion){.id = -1}));
    give_prediction(
        buffer, predict_region("made", 2, (GstNncRegion){1, 2, 3, 4, 5, "a \"label\""}));
    gst_buffer_unref(gst_harness_push_and_pull(harness, buffer));
    gst_harness_teardown(harness);
}

int main(int argc, char **argv)
{
    load_plugin(&argc, &argv);
    play_models();
    push_made();
    return 0;
}

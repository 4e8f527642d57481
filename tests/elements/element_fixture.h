/* SPDX-License-Identifier: MIT */
#ifndef NNC_ELEMENT_FIXTURE_H
#define NNC_ELEMENT_FIXTURE_H

/* What the tests of the element share: an element in a harness with a bus of its own, and
 * the core beside it, which says what the element's predictions must be to the bit. */

#include <gst/check/gstcheck.h>
#include <gst/check/gstharness.h>
#include <gst/video/video.h>
#include <gstnnc/gstnnc.h>
#include <nnc/nnc.h>

/* The small models of the golden tests: a{a1,a2} b{b1,b2}; a{aa{aa1,aa2} ab{ab1}} b{b1}
 * with presence. */
#define MODEL_TWO NNC_GOLDEN_DIR "/nested_depth_2.onnx"
#define MODEL_PRESENCE NNC_GOLDEN_DIR "/nested_depth_3.onnx"

#define RGB_CAPS "video/x-raw,format=RGB,width=32,height=24,framerate=30/1"
#define RGB_WIDTH 32
#define RGB_HEIGHT 24

struct fixture {
    GstElement *element;
    GstBus *bus;
    GstHarness *harness;
    struct nnc_model *model; /* the core's own */
    struct nnc_session *session;
};

/* gst_init, and the plugin of this build. First call of every main. A number on the command
 * line is how many times as often things are done that are done very often (`--long`). */
void load_plugin(int *argc, char ***argv);
guint often(guint n);

/* An element with the named model, `properties` as gst-launch would set them ("top-k=0
 * cutout=a") or NULL, playing; and the core's session on the same model. */
void fixture_open(struct fixture *fixture, const char *model, const char *properties);
void fixture_set_caps(struct fixture *fixture, const char *caps);
void fixture_close(struct fixture *fixture);

/* A buffer of `size` bytes that depend on `seed` alone. */
GstBuffer *noise_buffer(gsize size, guint32 seed);

/* Pushes one frame and pulls it; the frame must come out. */
GstBuffer *classify_buffer(struct fixture *fixture, GstBuffer *buffer);

/* All predictions on a buffer, in order; they live as long as it keeps them. */
GPtrArray *predictions_of(GstBuffer *buffer);

/* The same task and picture through the core: every class, rank, logit and probability
 * must be the same bits. */
void check_against_core(struct fixture *fixture, const GstNncPrediction *prediction,
                        const struct nnc_image *image);

/* The packed RGB picture of 32x24 in `bytes`. */
struct nnc_image rgb_image(const guint8 *bytes);

/* Takes every message off the bus; answers how many of `type` (one or several) there were
 * and, if asked, the text of the first one (to be freed). */
guint count_messages(struct fixture *fixture, GstMessageType type, gchar **text);

guint64 read_stat(struct fixture *fixture, const char *name);

/* Waits until frames run the newest accepted task. */
void wait_for_task(struct fixture *fixture);

/* Of a folder, as /proc/self/fd. */
guint count_entries(const gchar *folder);

#endif

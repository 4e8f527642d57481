/* SPDX-License-Identifier: MIT */
/* nncclassify where the system refuses memory, files and threads, call by call: a start that
 * fails says why, once, and the next one succeeds; a task or model that fails to come leaves
 * the one before; every frame passes. */

#include "injected.h"

#include "../elements/element_fixture.h"
#include "plugin_elements.h"

#include <errno.h>
#include <string.h>

#define EXTERNAL NNC_GOLDEN_DIR "/conv_weights_external.onnx"

enum { FRAME_BYTES = 2304 };

/* --- starts --- */

static const struct {
    const char *name, *properties;
    enum fault_kind kind;
    int number;
    gboolean always;
} starts[] = {
    {"memory, once", "model=" MODEL_PRESENCE, FAULT_MEMORY, ENOMEM, FALSE},
    {"memory, from there on", "model=" MODEL_PRESENCE, FAULT_MEMORY, ENOMEM, TRUE},
    {"memory beside the stream", "async=true model=" MODEL_TWO, FAULT_MEMORY, ENOMEM, TRUE},
    {"EIO", "model=" EXTERNAL, FAULT_FILE, EIO, FALSE},
    {"EMFILE", "model=" EXTERNAL, FAULT_FILE, EMFILE, FALSE},
    {"EINTR", "model=" EXTERNAL, FAULT_FILE, EINTR, FALSE},
    {"short reads", "model=" EXTERNAL, FAULT_FILE, FAULT_SHORT, TRUE},
    {"threads, once", "threads=3 async=true model=" MODEL_TWO, FAULT_THREAD, EAGAIN, FALSE},
    {"threads", "threads=3 async=true model=" MODEL_TWO, FAULT_THREAD, EAGAIN, TRUE},
};

/* Up as far as it goes, and down; answers whether it came up. */
static gboolean go_up_and_down(struct fixture *f)
{
    const gboolean up = gst_element_set_state(f->element, GST_STATE_PAUSED) !=
                        GST_STATE_CHANGE_FAILURE;
    fault_end();
    g_autofree gchar *text = NULL;
    const guint n = count_messages(f, GST_MESSAGE_ERROR, &text);

    fail_unless_equals_int(n, up ? 0 : 1);
    fail_unless(up || (text && strlen(text) > 20), "no reason");
    fail_unless_equals_int(gst_element_set_state(f->element, GST_STATE_NULL),
                           GST_STATE_CHANGE_SUCCESS);
    gst_bus_set_flushing(f->bus, TRUE);
    gst_bus_set_flushing(f->bus, FALSE);
    return up;
}

static void element_open(struct fixture *f, const gchar *properties)
{
    g_autofree gchar *launch = g_strdup_printf("nncclassify name=nnc %s", properties);
    g_autoptr(GError) error = NULL;

    *f = (struct fixture){.bus = gst_bus_new()};
    f->element = gst_object_ref_sink(gst_parse_launch(launch, &error));
    g_assert_no_error(error);
    gst_element_set_bus(f->element, f->bus);
}

static void element_close(struct fixture *f)
{
    gst_element_set_bus(f->element, NULL);
    gst_object_unref(f->bus);
    gst_object_unref(f->element);
}

/* How many calls of the kind a start makes. */
static unsigned long count_calls(struct fixture *f, enum fault_kind kind)
{
    fail_unless(go_up_and_down(f)); /* libraries keep what they allocate once */
    fault_begin(kind, G_MAXULONG, FALSE, ENOMEM);
    gst_element_set_state(f->element, GST_STATE_PAUSED);
    const unsigned long n = fault_end();
    gst_element_set_state(f->element, GST_STATE_NULL);
    count_messages(f, GST_MESSAGE_ERROR, NULL);
    return n;
}

GST_START_TEST(starts_fail)
{
    struct fixture f;
    guint n_failed = 0;

    element_open(&f, starts[__i__].properties);
    const unsigned long n = count_calls(&f, starts[__i__].kind);
    const guint descriptors = count_entries("/proc/self/fd");
    const long blocks = fault_live_blocks();
    fail_unless(n > 0);
    for (unsigned long at = 0; at < n; at++) {
        fault_begin(starts[__i__].kind, at, starts[__i__].always, starts[__i__].number);
        n_failed += !go_up_and_down(&f);
        fail_unless_equals_int(fault_live_blocks() - blocks, 0);
        fail_unless_equals_int(count_entries("/proc/self/fd"), descriptors);
        fail_unless(go_up_and_down(&f), "the next start failed, too");
    }
    g_print("start, %s: %lu calls refused, %u starts failed\n", starts[__i__].name, n,
            n_failed);
    fail_unless(n_failed || starts[__i__].number == EINTR || starts[__i__].number < 0);
    element_close(&f);
}
GST_END_TEST

/* --- while it plays --- */

static void check_frame(struct fixture *f, guint32 seed)
{
    GstBuffer *const in = noise_buffer(FRAME_BYTES, seed);
    g_autoptr(GstBuffer) copy = gst_buffer_copy_deep(in);
    GstMapInfo map;

    gst_buffer_map(copy, &map, GST_MAP_READ);
    const struct nnc_image image = rgb_image(map.data);
    GstBuffer *const out = classify_buffer(f, in);
    check_against_core(f, gst_buffer_get_nnc_prediction(out, NULL), &image);
    gst_buffer_unref(out);
    gst_buffer_unmap(copy, &map);
}

static gboolean property_is(struct fixture *f, const gchar *property, const gchar *text)
{
    g_autofree gchar *now = NULL;

    g_object_get(f->element, property, &now, NULL);
    return !g_strcmp0(now, text);
}

/* Of the model that runs: it tells which one that is. */
static guint64 read_params(struct fixture *f)
{
    guint64 params;

    g_object_get(f->element, "total-params", &params, NULL);
    return params;
}

/* Sets a property that a worker carries out; answers whether it could. Frames flow. */
static gboolean change(struct fixture *f, const gchar *property, const gchar *text)
{
    const gint64 end = g_get_monotonic_time() + 60 * G_USEC_PER_SEC;
    const guint64 before = read_params(f);
    const gboolean model = !strcmp(property, "model");

    g_object_set(f->element, property, text, NULL);
    while (property_is(f, property, text)) {
        if (model ? read_params(f) != before
                  : read_stat(f, "task-id") == read_stat(f, "last-task-id"))
            return TRUE;
        fail_unless(g_get_monotonic_time() < end, "neither changed nor refused");
        gst_buffer_unref(classify_buffer(f, noise_buffer(FRAME_BYTES, 1)));
    }
    return FALSE;
}

static const struct {
    const char *name, *property, *text, *back;
    enum fault_kind kind;
    int number;
    gboolean always;
} changes[] = {
    {"memory, once", "cutout", "a1,b", "b1", FAULT_MEMORY, ENOMEM, FALSE},
    {"memory, from there on", "cutout", "a1,b", "b1", FAULT_MEMORY, ENOMEM, TRUE},
    {"memory, gains", "attention", "a=2", "a=0.5", FAULT_MEMORY, ENOMEM, TRUE},
    {"EIO", "model", EXTERNAL, MODEL_TWO, FAULT_FILE, EIO, FALSE},
    {"memory, once", "model", EXTERNAL, MODEL_TWO, FAULT_MEMORY, ENOMEM, FALSE},
};

/* The task or model before goes on where another one does not come, with its bits. */
GST_START_TEST(changes_fail)
{
    struct fixture f;
    unsigned long at = 0, calls;
    guint n_failed = 0;

    fixture_open(&f, MODEL_TWO, "top-k=0");
    fixture_set_caps(&f, RGB_CAPS);
    fail_unless(property_is(&f, changes[__i__].property, changes[__i__].back) ||
                change(&f, changes[__i__].property, changes[__i__].back));
    do {
        fault_begin(changes[__i__].kind, at, changes[__i__].always, changes[__i__].number);
        const gboolean changed = change(&f, changes[__i__].property, changes[__i__].text);
        calls = fault_end();
        n_failed += !changed;
        fail_unless(property_is(&f, changes[__i__].property,
                                changed ? changes[__i__].text : changes[__i__].back));
        if (!changed || strcmp(changes[__i__].property, "model"))
            check_frame(&f, (guint32)at);
        if (changed)
            fail_unless(change(&f, changes[__i__].property, changes[__i__].back));
        nnc_model_drop_unused_plans(f.model);
    } while (calls > at++);
    g_print("%s, %s: %lu calls refused, %u changes failed\n", changes[__i__].property,
            changes[__i__].name, at - 1, n_failed);
    fail_unless_equals_int(count_messages(&f, GST_MESSAGE_ERROR, NULL), 0);
    fixture_close(&f);
}
GST_END_TEST

/* The core asks for nothing while frames are classified. */
GST_START_TEST(frames_need_nothing)
{
    struct fixture f;

    fixture_open(&f, MODEL_PRESENCE, "top-k=0");
    fixture_set_caps(&f, RGB_CAPS);
    check_frame(&f, 0);
    for (enum fault_kind kind = FAULT_MEMORY; kind <= FAULT_THREAD; kind++) {
        fault_begin(kind, 0, TRUE, ENOMEM);
        for (guint i = 0; i < 100; i++)
            gst_buffer_unref(classify_buffer(&f, noise_buffer(FRAME_BYTES, i)));
        fail_unless_equals_int(fault_end(), 0);
    }
    fail_unless_equals_uint64(read_stat(&f, "frames-refused"), 0);
    fail_unless_equals_uint64(read_stat(&f, "frames-classified"), 301);
    fixture_close(&f);
}
GST_END_TEST

static Suite *classify_faults(void)
{
    Suite *const suite = suite_create("classify_faults");
    TCase *const all = tcase_create("faults");

    suite_add_tcase(suite, all);
    tcase_add_loop_test(all, starts_fail, 0, G_N_ELEMENTS(starts));
    tcase_add_loop_test(all, changes_fail, 0, G_N_ELEMENTS(changes));
    tcase_add_test(all, frames_need_nothing);
    return suite;
}

int main(int argc, char **argv)
{
    register_elements(&argc, &argv);
    return gst_check_run_suite(classify_faults(), "classify_faults", __FILE__);
}

/* SPDX-License-Identifier: MIT */

/* Three times as many frames as can be classified. Frames in are frames out and frames
 * dropped, to the last one, each with its reason in a counter; times and pictures stay
 * what they were; results are of the frames that they name; and three frames after the
 * load has fallen everything is as before. No test looks at the clock: the load is so many
 * frames for each one that gets through, whatever that takes, or time is a number that the
 * test counts itself. */

#include "element_fixture.h"

enum { OVERLOAD = 3, RECOVERY = 3, FRAME_BYTES = 2304 };

/* Slow enough that frames wait for it. */
#define MODEL_TINY NNC_GOLDEN_DIR "/../../../models/shipped/nest-tiny.onnx"

#define FRAME_TIME (33 * GST_MSECOND)

/* --- frames that can be made again from their numbers --- */

static GstBuffer *make_frame(guint number)
{
    GstBuffer *const frame = noise_buffer(FRAME_BYTES, number);

    GST_BUFFER_PTS(frame) = number * FRAME_TIME;
    GST_BUFFER_DTS(frame) = number * FRAME_TIME + 1;
    GST_BUFFER_DURATION(frame) = FRAME_TIME;
    GST_BUFFER_OFFSET(frame) = number;
    return frame;
}

/* All that was said of the frame, and its bytes, came through; answers its number. */
static guint check_frame(GstBuffer *frame)
{
    const guint number = (guint)GST_BUFFER_OFFSET(frame);
    g_autoptr(GstBuffer) same = make_frame(number);
    GstMapInfo map;

    fail_unless_equals_uint64(GST_BUFFER_PTS(frame), GST_BUFFER_PTS(same));
    fail_unless_equals_uint64(GST_BUFFER_DTS(frame), GST_BUFFER_DTS(same));
    fail_unless_equals_uint64(GST_BUFFER_DURATION(frame), FRAME_TIME);
    gst_buffer_map(same, &map, GST_MAP_READ);
    fail_if(gst_buffer_memcmp(frame, 0, map.data, map.size));
    gst_buffer_unmap(same, &map);
    return number;
}

/* The prediction is the core's of the frame with this number, to the bit. */
static void check_result(struct fixture *fixture, const GstNncPrediction *made, guint number)
{
    g_autoptr(GstBuffer) same = make_frame(number);
    GstMapInfo map;

    gst_buffer_map(same, &map, GST_MAP_READ);
    const struct nnc_image image = rgb_image(map.data);
    check_against_core(fixture, made, &image);
    gst_buffer_unmap(same, &map);
}

/* --- in step, with a sink that says how late it is --- */

/* A clock of our own: a frame that is classified takes `cost`, one that is late nothing. */
struct simulated {
    struct fixture fixture;
    GstClockTime now;
    guint number, n_classified, n_late;
};

/* As GstBaseSink says it. */
static void tell_lateness(struct simulated *s, GstClockTime pts)
{
    const GstClockTimeDiff late_by = GST_CLOCK_DIFF(pts, s->now);

    gst_harness_push_upstream_event(
        s->fixture.harness,
        gst_event_new_qos(late_by > 0 ? GST_QOS_TYPE_UNDERFLOW : GST_QOS_TYPE_OVERFLOW, 1.0,
                          late_by, pts));
}

/* Answers whether the frame was classified; it goes out in any case. */
static gboolean push_at_its_time(struct simulated *s, GstClockTime cost)
{
    const guint number = ++s->number;
    g_autoptr(GstBuffer) out = NULL;

    s->now = MAX(s->now, number * FRAME_TIME);
    out = classify_buffer(&s->fixture, make_frame(number));
    fail_unless_equals_int(check_frame(out), number);
    const GstNncPrediction *const made = gst_buffer_get_nnc_prediction(out, NULL);
    const gboolean late =
        gst_nnc_prediction_get_status(made) == GST_NNC_PREDICTION_STATUS_LATE;
    if (!late)
        check_result(&s->fixture, made, number);
    s->now += late ? 0 : cost;
    s->n_late += late;
    s->n_classified += !late;
    tell_lateness(s, GST_BUFFER_PTS(out));
    return !late;
}

/* A network that takes as long as three frames: all go out, every fourth is classified (one
 * that comes just as another is done counts as late, as in GstBaseTransform), the others
 * say that they were late. */
GST_START_TEST(late_in_step)
{
    enum { N = 300 };
    struct simulated s = {.now = 0};

    fixture_open(&s.fixture, MODEL_TWO, "top-k=0 qos=true");
    fixture_set_caps(&s.fixture, RGB_CAPS);
    for (guint i = 0; i < N; i++)
        push_at_its_time(&s, OVERLOAD * FRAME_TIME);
    g_print("in step: %u frames, %u classified, %u late\n", N, s.n_classified, s.n_late);
    fail_unless_equals_int(s.n_classified, N / (OVERLOAD + 1));
    for (guint i = 0; i < RECOVERY; i++)
        push_at_its_time(&s, FRAME_TIME / 2);
    for (guint i = 0; i < 50; i++)
        fail_unless(push_at_its_time(&s, FRAME_TIME / 2), "late, frame %u behind", i);
    fail_unless_equals_uint64(read_stat(&s.fixture, "frames-in"), s.number);
    fail_unless_equals_uint64(read_stat(&s.fixture, "frames-classified"), s.n_classified);
    fail_unless_equals_uint64(read_stat(&s.fixture, "frames-late"), s.n_late);
    fail_unless_equals_uint64(s.n_classified + s.n_late, s.number);
    fixture_close(&s.fixture);
}
GST_END_TEST

/* --- beside the stream --- */

/* Frames that had a result, or were put aside for a newer one. */
static guint64 read_done(struct fixture *fixture)
{
    return read_stat(fixture, "frames-classified") + read_stat(fixture, "frames-replaced");
}

static void wait_for(struct fixture *fixture, guint64 (*count)(struct fixture *), guint64 n)
{
    const gint64 end = g_get_monotonic_time() + 120 * G_USEC_PER_SEC;

    while (count(fixture) < n) {
        fail_unless(g_get_monotonic_time() < end, "nothing came");
        g_usleep(50);
    }
}

static guint64 read_classified(struct fixture *fixture)
{
    return read_stat(fixture, "frames-classified");
}

/* Pushes one frame; a result on it is of an earlier one, newer than any before. */
static void push_beside(struct fixture *fixture, guint number, guint *newest)
{
    g_autoptr(GstBuffer) out = classify_buffer(fixture, make_frame(number));

    fail_unless_equals_int(check_frame(out), number);
    const GstNncPrediction *const made = gst_buffer_get_nnc_prediction(out, NULL);
    if (!made)
        return;
    const guint source =
        (guint)(gst_nnc_prediction_get_source_pts(made) / FRAME_TIME);
    fail_unless(source > *newest && source < number);
    check_result(fixture, made, source);
    *newest = source;
}

/* Three frames for each result, until fifty were put aside: no frame waits, each is either
 * classified or counted as replaced. Then one at a time: none is replaced any more. */
GST_START_TEST(replaced_beside_the_stream)
{
    struct fixture fixture;
    guint number = 0, newest = 0, n_results = 0;

    fixture_open(&fixture, MODEL_TINY, "async=true top-k=0");
    fixture_set_caps(&fixture, RGB_CAPS);
    while (read_stat(&fixture, "frames-replaced") < 50) {
        for (guint i = 0; i < OVERLOAD; i++)
            push_beside(&fixture, ++number, &newest);
        wait_for(&fixture, read_classified, ++n_results);
    }
    wait_for(&fixture, read_done, number);
    const guint64 replaced = read_stat(&fixture, "frames-replaced");
    g_print("beside the stream: %u frames, %u classified, %u replaced\n", number,
            (guint)read_classified(&fixture), (guint)replaced);
    for (guint i = 0; i < 50; i++) {
        push_beside(&fixture, ++number, &newest);
        wait_for(&fixture, read_done, number);
    }
    fail_unless_equals_uint64(read_stat(&fixture, "frames-replaced"), replaced);
    fail_unless_equals_uint64(read_stat(&fixture, "frames-in"), number);
    fail_unless_equals_uint64(read_classified(&fixture) + replaced, number);
    fixture_close(&fixture);
}
GST_END_TEST

/* --- behind a queue that leaks --- */

struct leaky {
    struct fixture fixture; /* the harness is that of queue and element */
    guint n_in, n_out, last;
    gint n_dropped;
};

static void count_overrun(GstElement *queue, gint *n)
{
    g_atomic_int_inc(n);
}

static void leaky_open(struct leaky *s)
{
    g_autofree gchar *launch = g_strdup_printf(
        "queue name=queue leaky=downstream max-size-buffers=2 max-size-bytes=0 "
        "max-size-time=0 ! nncclassify name=nnc threads=1 top-k=0 model=%s",
        MODEL_TWO);

    *s = (struct leaky){.n_in = 0};
    fixture_open(&s->fixture, MODEL_TWO, NULL); /* for the core's half */
    gst_harness_teardown(s->fixture.harness);
    s->fixture.harness = gst_harness_new_parse(launch);
    g_autoptr(GstElement) queue = gst_harness_find_element(s->fixture.harness, "queue");
    g_signal_connect(queue, "overrun", G_CALLBACK(count_overrun), &s->n_dropped);
    gst_harness_set_blocking_push_mode(s->fixture.harness); /* a slow sink: see leaky_pull */
    fixture_set_caps(&s->fixture, RGB_CAPS);
}

static void leaky_push(struct leaky *s)
{
    fail_unless_equals_int(gst_harness_push(s->fixture.harness, make_frame(++s->n_in)),
                           GST_FLOW_OK);
}

static guint leaky_inside(struct leaky *s)
{
    return s->n_in - s->n_out - (guint)g_atomic_int_get(&s->n_dropped);
}

/* What a sink does: takes one frame, and only then lets the next one come. */
static void leaky_pull(struct leaky *s)
{
    g_autoptr(GstBuffer) out = gst_harness_pull(s->fixture.harness);

    fail_unless(out, "%u of %u frames are missing", leaky_inside(s), s->n_in);
    const guint number = check_frame(out);
    fail_unless(number > s->last, "%u behind %u", number, s->last);
    check_result(&s->fixture, gst_buffer_get_nnc_prediction(out, NULL), number);
    s->last = number;
    s->n_out++;
}

static guint64 leaky_stat(struct leaky *s, const char *name)
{
    struct fixture inner = {.element = gst_harness_find_element(s->fixture.harness, "nncclassify")};
    const guint64 value = read_stat(&inner, name);

    gst_object_unref(inner.element);
    return value;
}

/* Three frames come for each that the sink takes. Then it takes two for each: from the
 * third on nothing is dropped. */
GST_START_TEST(dropped_by_a_queue)
{
    struct leaky s;

    leaky_open(&s);
    for (guint i = 0; i < 200; i++) {
        for (guint k = 0; k < OVERLOAD; k++)
            leaky_push(&s);
        leaky_pull(&s);
    }
    g_print("behind a queue: %u frames in, %u out, %d dropped, %u inside\n", s.n_in, s.n_out,
            s.n_dropped, leaky_inside(&s));
    gint dropped = 0;
    for (guint i = 0; i < 50; i++) {
        leaky_push(&s);
        if (i == RECOVERY)
            dropped = g_atomic_int_get(&s.n_dropped);
        for (guint k = 0; k < 2 && leaky_inside(&s); k++)
            leaky_pull(&s);
    }
    fail_unless_equals_int(g_atomic_int_get(&s.n_dropped), dropped);
    fail_unless_equals_int(leaky_inside(&s), 0);
    fail_unless_equals_int(s.n_in, s.n_out + (guint)dropped);
    fail_unless_equals_uint64(leaky_stat(&s, "frames-in"), s.n_out);
    fail_unless_equals_uint64(leaky_stat(&s, "frames-classified"), s.n_out);
    fixture_close(&s.fixture);
}
GST_END_TEST

static Suite *classify_overload(void)
{
    Suite *const suite = suite_create("classify_overload");
    TCase *const all = tcase_create("overload");

    suite_add_tcase(suite, all);
    tcase_add_test(all, late_in_step);
    tcase_add_test(all, replaced_beside_the_stream);
    tcase_add_test(all, dropped_by_a_queue);
    return suite;
}

int main(int argc, char **argv)
{
    load_plugin(&argc, &argv);
    return gst_check_run_suite(classify_overload(), "classify_overload", __FILE__);
}

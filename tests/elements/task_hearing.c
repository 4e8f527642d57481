/* SPDX-License-Identifier: MIT */

/* nnctask and the bus: what it hears, how long it listens, and that nobody else notices;
 * and setters, messages and frames all at once. */

#include "task_fixture.h"

#include <string.h>

static void say(GstBus *bus, const char *text)
{
    gst_bus_post(bus,
                 gst_message_new_element(NULL, gst_structure_from_string(text, NULL)));
}

/* --- what it hears --- */

struct moment {
    const char *message; /* on the bus before the frame, or NULL */
    guint ms;
};

static const struct {
    const char *properties;
    struct moment moments[8]; /* the first without a time ends them, but for number 0 */
    const char *record;
} heard[] = {
    {"hear=bell=q:2",
     {{NULL, 0}, {"bell", 33}, {NULL, 66}},
     "|<gain/q=2 seq=2><gain/q=2 seq=2>"},
    {"hear=bell=q:2", {{"knell", 0}, {"bell, more=(int)1", 33}}, "|<gain/q=2 seq=2>"},
    {"hear=level:peak>-20=q:1.5",
     {{"level, peak=(double)-30", 0}, {"level, peak=(double)-10", 33}},
     "|<gain/q=1.5 seq=2>"},
    /* A message counts from the frame that it meets on. */
    {"hear=bell=q:2 hold=0 decay=100",
     {{"bell", 1000}, {NULL, 1050}, {NULL, 1100}, {"bell", 1200}, {"bell", 1225}},
     "<gain/q=2 seq=1><gain/q=1.5 seq=2>|<gain/q=2 seq=4><gain/q=2 seq=4>"},
    {"mode=event hear=bell=q:2,knell=q:0,fire=r:3",
     {{"knell", 1000}, {"bell", 1001}, {"fire", 1002}, {NULL, 5000}},
     /* 0 and 2 are equally far from 1: the first rule counts */
     "(gain/q=0 seq=1)|(gain/q=2 seq=2)|(gain/q=2 gain/r=3 seq=3)|(seq=4)|"},
    /* Seen and heard: the one that is furthest from 1. */
    {"map=p=q:1.25 hear=bell=q:0.5", {{"bell", 1000}}, "<gain/q=0.5 seq=1>"},
};

GST_START_TEST(hears)
{
    const struct moment *const moments = heard[__i__].moments;
    struct task_fixture fixture;

    task_open(&fixture, heard[__i__].properties);
    for (guint i = 0; i == 0 || (i < 8 && moments[i].ms); i++) {
        if (moments[i].message)
            say(fixture.element.bus, moments[i].message);
        pass_frame(&fixture, moments[i].ms, NULL);
    }
    check_record(&fixture, heard[__i__].record);
    task_close(&fixture);
}
GST_END_TEST

/* --- how long it listens --- */

static void count_call(GstBus *bus, GstMessage *message, gpointer n)
{
    g_atomic_int_inc((gint *)n);
}

/* Whether the bus emits its signal for others than us: then it was left enabled. */
static gboolean emits(GstBus *bus)
{
    gint n = 0;
    const gulong handler =
        g_signal_connect(bus, "sync-message::element", G_CALLBACK(count_call), &n);

    say(bus, "anything");
    g_signal_handler_disconnect(bus, handler);
    return n > 0;
}

static gboolean has_handler(GstBus *bus)
{
    return g_signal_handler_find(bus, G_SIGNAL_MATCH_ID,
                                 g_signal_lookup("sync-message", GST_TYPE_BUS), 0, NULL,
                                 NULL, NULL) != 0;
}

static void check_listens(struct fixture *fixture, gboolean listens)
{
    g_autoptr(GstStructure) stats = NULL;
    gboolean hearing;

    g_object_get(fixture->element, "stats", &stats, NULL);
    fail_unless(gst_structure_get_boolean(stats, "hearing", &hearing));
    fail_unless_equals_int(hearing, listens);
    fail_unless_equals_int(has_handler(fixture->bus), listens);
    const guint64 before = read_stat(fixture, "messages-matched");
    say(fixture->bus, "bell");
    fail_unless_equals_uint64(read_stat(fixture, "messages-matched"), before + listens);
    fail_unless_equals_int(emits(fixture->bus), listens);
}

static void open_bare(struct fixture *fixture, const char *hear)
{
    *fixture = (struct fixture){.element = gst_element_factory_make("nnctask", NULL),
                                .bus = gst_bus_new()};
    gst_element_set_bus(fixture->element, fixture->bus);
    g_object_set(fixture->element, "hear", hear, NULL);
}

static void close_bare(struct fixture *fixture)
{
    gst_element_set_state(fixture->element, GST_STATE_NULL);
    gst_element_set_bus(fixture->element, NULL);
    gst_bus_set_flushing(fixture->bus, TRUE);
    ASSERT_OBJECT_REFCOUNT(fixture->bus, "bus", 1);
    gst_object_unref(fixture->bus);
    ASSERT_OBJECT_REFCOUNT(fixture->element, "nnctask", 1);
    gst_object_unref(fixture->element);
}

GST_START_TEST(listens_from_paused_to_ready)
{
    struct fixture fixture;

    open_bare(&fixture, "bell=q:2");
    check_listens(&fixture, FALSE);
    gst_element_set_state(fixture.element, GST_STATE_READY);
    check_listens(&fixture, FALSE);
    gst_element_set_state(fixture.element, GST_STATE_PAUSED);
    check_listens(&fixture, TRUE);
    gst_element_set_state(fixture.element, GST_STATE_PLAYING);
    check_listens(&fixture, TRUE);
    gst_element_set_state(fixture.element, GST_STATE_READY);
    check_listens(&fixture, FALSE);
    gst_element_set_state(fixture.element, GST_STATE_PLAYING);
    check_listens(&fixture, TRUE);
    gst_element_set_state(fixture.element, GST_STATE_NULL);
    check_listens(&fixture, FALSE);
    close_bare(&fixture);
}
GST_END_TEST

/* Nobody pays for hearing that nobody asked for. */
GST_START_TEST(listens_while_there_is_a_reason)
{
    struct fixture fixture;

    open_bare(&fixture, "");
    gst_element_set_state(fixture.element, GST_STATE_PLAYING);
    check_listens(&fixture, FALSE);
    g_object_set(fixture.element, "hear", "bell=q:2", NULL);
    check_listens(&fixture, TRUE);
    g_object_set(fixture.element, "hear", "bell=q:3,more=r:1", NULL);
    check_listens(&fixture, TRUE);
    g_object_set(fixture.element, "hear", "nonsense", NULL);
    check_listens(&fixture, TRUE);
    g_object_set(fixture.element, "hear", "", NULL);
    check_listens(&fixture, FALSE);
    close_bare(&fixture);
}
GST_END_TEST

/* A start that fails for another reason leaves nothing behind. */
GST_START_TEST(failed_start_does_not_listen)
{
    struct fixture fixture;

    open_bare(&fixture, "bell=q:2");
    g_object_set(fixture.element, "map", "nonsense", NULL);
    fail_unless_equals_int(gst_element_set_state(fixture.element, GST_STATE_PAUSED),
                           GST_STATE_CHANGE_FAILURE);
    check_listens(&fixture, FALSE);
    close_bare(&fixture);
}
GST_END_TEST

GST_START_TEST(thousand_starts)
{
    struct fixture fixture;

    open_bare(&fixture, "bell=q:2");
    for (guint i = 0; i < 1000; i++) {
        gst_element_set_state(fixture.element, GST_STATE_PLAYING);
        say(fixture.bus, "bell");
        fail_unless_equals_uint64(read_stat(&fixture, "messages-matched"), 1);
        gst_element_set_state(fixture.element, GST_STATE_NULL);
        gst_bus_set_flushing(fixture.bus, TRUE);
        gst_bus_set_flushing(fixture.bus, FALSE);
    }
    check_listens(&fixture, FALSE);
    close_bare(&fixture);
}
GST_END_TEST

/* Whoever asked the bus for the same keeps it, before, while and after we do. */
GST_START_TEST(others_keep_listening)
{
    struct fixture fixture;
    gint n = 0;

    open_bare(&fixture, "bell=q:2");
    gst_bus_enable_sync_message_emission(fixture.bus);
    const gulong handler = g_signal_connect(fixture.bus, "sync-message::element",
                                            G_CALLBACK(count_call), &n);
    for (gint i = 1; i <= 30; i++) {
        gst_element_set_state(fixture.element,
                              i % 3 ? GST_STATE_PLAYING : GST_STATE_NULL);
        say(fixture.bus, "bell");
        fail_unless_equals_int(n, i);
    }
    g_signal_handler_disconnect(fixture.bus, handler);
    gst_bus_disable_sync_message_emission(fixture.bus);
    gst_element_set_state(fixture.element, GST_STATE_NULL);
    check_listens(&fixture, FALSE);
    close_bare(&fixture);
}
GST_END_TEST

GST_START_TEST(without_a_bus)
{
    GstElement *const element = gst_element_factory_make("nnctask", NULL);
    struct fixture fixture = {.element = element};
    g_autoptr(GstStructure) stats = NULL;
    gboolean hearing = TRUE;

    g_object_set(element, "hear", "bell=q:2", NULL);
    fail_unless_equals_int(gst_element_set_state(element, GST_STATE_PLAYING),
                           GST_STATE_CHANGE_SUCCESS);
    g_object_get(element, "stats", &stats, NULL);
    fail_unless(gst_structure_get_boolean(stats, "hearing", &hearing) && !hearing);
    fail_unless_equals_uint64(read_stat(&fixture, "messages-matched"), 0);
    gst_element_set_state(element, GST_STATE_NULL);
    gst_object_unref(element);
}
GST_END_TEST

/* The application gives the element another bus meanwhile: the end still finds the one
 * that it listened to. */
GST_START_TEST(another_bus)
{
    struct fixture fixture;
    GstBus *const other = gst_bus_new();

    open_bare(&fixture, "bell=q:2");
    gst_element_set_state(fixture.element, GST_STATE_PLAYING);
    gst_element_set_bus(fixture.element, other);
    gst_element_set_state(fixture.element, GST_STATE_NULL);
    check_listens(&fixture, FALSE);
    gst_element_set_state(fixture.element, GST_STATE_PLAYING);
    fail_unless(has_handler(other) && !has_handler(fixture.bus));
    gst_element_set_state(fixture.element, GST_STATE_NULL);
    fail_unless(!has_handler(other));
    gst_element_set_bus(fixture.element, NULL);
    ASSERT_OBJECT_REFCOUNT(other, "bus", 1);
    gst_object_unref(other);
    close_bare(&fixture);
}
GST_END_TEST

/* Bins have buses of their own; what counts is the pipeline's, where all messages end. */
GST_START_TEST(inside_bins)
{
    GstElement *const pipeline = gst_pipeline_new(NULL);
    GstElement *const bins[] = {gst_bin_new(NULL), gst_bin_new(NULL), gst_bin_new(NULL)};
    GstElement *const speaker = gst_bin_new(NULL); /* as good as any other element */
    struct fixture fixture = {.element = gst_element_factory_make("nnctask", NULL),
                              .bus = gst_element_get_bus(pipeline)};

    g_object_set(fixture.element, "hear", "bell=q:2", NULL);
    gst_bin_add(GST_BIN(pipeline), bins[0]);
    gst_bin_add(GST_BIN(bins[0]), bins[1]);
    gst_bin_add(GST_BIN(bins[1]), fixture.element);
    gst_bin_add(GST_BIN(pipeline), bins[2]);
    gst_bin_add(GST_BIN(bins[2]), speaker);
    gst_element_set_state(pipeline, GST_STATE_PLAYING);
    fail_unless(has_handler(fixture.bus));
    gst_element_post_message(
        speaker,
        gst_message_new_element(GST_OBJECT(speaker), gst_structure_new_empty("bell")));
    fail_unless_equals_uint64(read_stat(&fixture, "messages-matched"), 1);
    gst_element_set_state(pipeline, GST_STATE_NULL);
    fail_unless(!has_handler(fixture.bus));
    gst_object_unref(fixture.bus);
    gst_object_unref(pipeline);
}
GST_END_TEST

static GstBusSyncReply drop(GstBus *bus, GstMessage *message, gpointer data)
{
    gst_message_unref(message);
    return GST_BUS_DROP;
}

/* What the application's own handler takes away, the bus tells nobody. */
GST_START_TEST(dropped_messages_are_not_heard)
{
    struct fixture fixture;

    open_bare(&fixture, "bell=q:2");
    gst_element_set_state(fixture.element, GST_STATE_PLAYING);
    gst_bus_set_sync_handler(fixture.bus, drop, NULL, NULL);
    say(fixture.bus, "bell");
    fail_unless_equals_uint64(read_stat(&fixture, "messages-matched"), 0);
    gst_bus_set_sync_handler(fixture.bus, NULL, NULL, NULL);
    close_bare(&fixture);
}
GST_END_TEST

/* --- all at once --- */

struct storm {
    struct fixture *fixture;
    guint32 seed;
    gint *stop;
};

static const char *const settings[] = {
    "cutout=a",
    "cutout=b",
    "attention=a=2",
    "attention=nonsense",
    "mode=event",
    "mode=meta",
    "mode=sticky-event",
    "map=p=q:2,r=s:3",
    "map=",
    "map=nonsense",
    "hear=bell=q:2",
    "hear=",
    "hear=bell=q:2,level:peak>-20=r:0.5",
    "hear=nonsense",
    "hold=0",
    "hold=20",
    "decay=100",
    "decay=0",
    "loop=1",
    "script-clock=stream-time",
    "script=/nonexistent",
    "task=nnc/task,cutout=(string)c,gain/d=(double)2",
};

static guint32 roll(guint32 *state)
{
    *state = *state * 1664525u + 1013904223u;
    return *state >> 8;
}

static gpointer set_for_a_while(gpointer data)
{
    const struct storm *const storm = data;
    guint32 state = storm->seed;

    while (!g_atomic_int_get(storm->stop)) {
        g_autoptr(GstStructure) stats = NULL, task = NULL;
        g_autofree gchar *hear = NULL;
        set_from_text(storm->fixture->element,
                      settings[roll(&state) % G_N_ELEMENTS(settings)]);
        g_object_get(storm->fixture->element, "stats", &stats, "task", &task, "hear",
                     &hear, NULL);
        fail_unless(stats && task && hear);
    }
    return NULL;
}

static gpointer speak_for_a_while(gpointer data)
{
    const struct storm *const storm = data;
    guint32 state = storm->seed;

    while (!g_atomic_int_get(storm->stop)) {
        say(storm->fixture->bus,
            roll(&state) % 2 ? "bell" : "level, peak=(double)<-30,-10>");
        if (roll(&state) % 64 == 0)
            gst_bus_set_flushing(storm->fixture->bus, TRUE); /* nobody reads it */
        gst_bus_set_flushing(storm->fixture->bus, FALSE);
    }
    return NULL;
}

#define N_SETTERS 3
#define N_SPEAKERS 2

/* Whatever is set and said: each frame comes out. */
GST_START_TEST(storm)
{
    struct task_fixture fixture;
    GThread *threads[N_SETTERS + N_SPEAKERS];
    struct storm storms[G_N_ELEMENTS(threads)];
    gint stop = 0;

    task_open(&fixture, "hear=bell=q:2 map=p=q:3");
    for (guint i = 0; i < G_N_ELEMENTS(threads); i++) {
        storms[i] = (struct storm){&fixture.element, i + 1, &stop};
        threads[i] = g_thread_new(
            "storm", i < N_SETTERS ? set_for_a_while : speak_for_a_while, &storms[i]);
    }
    for (guint i = 0; i < 2000; i++)
        pass_frame(&fixture, 10 * i, i % 7 ? NULL : "p");
    g_atomic_int_set(&stop, 1);
    for (guint i = 0; i < G_N_ELEMENTS(threads); i++)
        g_thread_join(threads[i]);
    fail_unless_equals_uint64(read_stat(&fixture.element, "frames"), 2000);

    /* And the last settings hold. */
    g_object_set(fixture.element.element, "task", NULL, "attention", "q=0.5", "script",
                 "", "map", "p=q:3", "hear", "bell=r:2", "hold", 100, NULL);
    gst_util_set_object_arg(G_OBJECT(fixture.element.element), "mode", "meta");
    say(fixture.element.bus, "bell");
    g_free(take_record(&fixture));
    pass_frame(&fixture, 20000, "p");
    g_autofree gchar *record = take_record(&fixture);
    fail_unless(strstr(record, "<attention=q=0.5 gain/q=1.5 gain/r=2 seq="), "%s",
                record);
    task_close(&fixture);
}
GST_END_TEST

/* Messages on their way while the element stops and starts. */
GST_START_TEST(storm_over_starts)
{
    struct fixture fixture;
    GThread *threads[2];
    struct storm storms[2];
    gint stop = 0;

    open_bare(&fixture, "bell=q:2");
    for (guint i = 0; i < 2; i++) {
        storms[i] = (struct storm){&fixture, i + 1, &stop};
        threads[i] =
            g_thread_new("storm", i ? set_for_a_while : speak_for_a_while, &storms[i]);
    }
    for (guint i = 0; i < 500; i++) {
        gst_element_set_state(fixture.element, GST_STATE_PLAYING);
        gst_element_set_state(fixture.element, GST_STATE_NULL);
    }
    g_atomic_int_set(&stop, 1);
    for (guint i = 0; i < 2; i++)
        g_thread_join(threads[i]);
    fail_unless(!has_handler(fixture.bus));
    fail_unless(!emits(fixture.bus));
    close_bare(&fixture);
}
GST_END_TEST

static Suite *task_hearing(void)
{
    Suite *const suite = suite_create("task_hearing");
    TCase *const kinds = tcase_create("hearing");

    suite_add_tcase(suite, kinds);
    tcase_add_loop_test(kinds, hears, 0, G_N_ELEMENTS(heard));
    tcase_add_test(kinds, listens_from_paused_to_ready);
    tcase_add_test(kinds, listens_while_there_is_a_reason);
    tcase_add_test(kinds, failed_start_does_not_listen);
    tcase_add_test(kinds, thousand_starts);
    tcase_add_test(kinds, others_keep_listening);
    tcase_add_test(kinds, without_a_bus);
    tcase_add_test(kinds, another_bus);
    tcase_add_test(kinds, inside_bins);
    tcase_add_test(kinds, dropped_messages_are_not_heard);
    tcase_add_test(kinds, storm);
    tcase_add_test(kinds, storm_over_starts);
    return suite;
}

int main(int argc, char **argv)
{
    load_plugin(&argc, &argv);
    return gst_check_run_suite(task_hearing(), "task_hearing", __FILE__);
}
